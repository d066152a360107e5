import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withLab } from '../lab/with-lab.ts'
import { measure } from './measure.ts'
import { builtTutti } from './peers.ts'

/**
 * What many hosts cost: one lab host answers for all addresses of a network, each of which is a host with a directory of its own, and a play of
 * many tasks over all of them, the second time with nothing to change. Prints wall time, our processor time and the most memory of our process.
 * The "hosts" share this machine's processors with us: wall time says little, memory and our own time do. Linux, root.
 * Usage: node test/bench/fleet.ts [HOSTS,HOSTS,…] [TASKS]
 */
const sizes = (process.argv[2] ?? '100,300,1000').split(',').map(Number)
const tasks = Number(process.argv[3] ?? 100)
const folder = mkdtempSync(join(tmpdir(), 'tutti-fleet-'))
const place = `/opt/fleet/{{ inventory_hostname }}`

const kinds: readonly ((i: number) => object)[] = [
  () => ({ file: { path: place, state: 'directory', mode: '0755' } }),
  (i) => ({ copy: { content: `${i} {{ inventory_hostname }}\n`, dest: `${place}/copy${i}`, mode: '0644' } }),
  (i) => ({ lineinfile: { path: `${place}/lines`, line: `key${i}=1`, create: true, mode: '0644' } }),
  (i) => ({ set_fact: { [`fact${i}`]: '{{ inventory_hostname }}' } }),
  (i) => ({ stat: { path: `${place}/copy${i - 3}` }, register: `stat${i}` }),
  (i) => ({ file: { path: `${place}/link${i}`, src: '/etc/hostname', state: 'link', force: true } }),
  (i) => ({ assert: { that: [`stat${i - 2}.stat is defined`] } }),
  (i) => ({ debug: { msg: `{{ fact${i - 4} }}` } }),
  () => ({ file: { path: '/etc/hostname', state: 'file' } }),
  (i) => ({ command: 'true', changed_when: false, when: `fact${i - 6} is undefined` }),
]

const play = join(folder, 'play.yml')
writeFileSync(play, JSON.stringify([{ hosts: 'all', gather_facts: false, tasks: Array.from({ length: tasks }, (_, i) => ({ name: `task ${i}`, ...kinds[i % kinds.length]!(i) })) }]))
const NETWORK = '10.233.0.0/16'
const lab = await withLab('fleet', { one: { memory: '12G', cpus: 2 } })
const { address, user, privateKeyFile } = lab.host('one')
try {
  const tutti = builtTutti()
  const asked = await lab.host('one').run(`sudo sh -c 'ip route add local ${NETWORK} dev lo && mkdir -p -m 777 /opt/fleet'`)
  if (asked.code !== 0) throw new Error(asked.stderr)
  execFileSync('ip', ['route', 'add', NETWORK, 'via', address])
  for (const size of sizes) {
    const vars = { ansible_user: user, ansible_ssh_private_key_file: privateKeyFile, ansible_host_key_checking: false, tutti_known_hosts_files: ['/dev/null'] }
    const hosts = Object.fromEntries(Array.from({ length: size }, (_, i) => [`h${i}`, { ansible_host: `10.233.${Math.floor(i / 250)}.${(i % 250) + 1}` }]))
    const inventory = join(folder, `${size}.json`)
    writeFileSync(inventory, JSON.stringify({ all: { hosts, vars } }))
    for (const time of ['first', 'second']) {
      const { seconds, processor, megabytes, output } = await measure([tutti, 'run', play, '-i', inventory])
      console.log(`${size} hosts × ${tasks} tasks, ${time} run: ${seconds.toFixed(1)} s, our processor ${processor.toFixed(1)} s (${((processor * 1e6) / (size * tasks)).toFixed(0)} µs a host and task), at most ${megabytes.toFixed(0)} MB, ${(output.length / 1e6).toFixed(1)} MB of output`)
    }
  }
} finally {
  await lab.down() // And with its bridge the route.
  rmSync(folder, { recursive: true, force: true })
}
