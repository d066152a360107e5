import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSshd } from '../transport/throw-away-sshd.ts'
import { measure } from './measure.ts'
import { builtTutti } from './peers.ts'

/**
 * What many hosts cost: addresses of 127.0.0.0/8 that one sshd of this run answers, each with a directory of its own, and a play of many
 * tasks over all of them, the second time with nothing to change. Prints wall time, our processor time and the most memory of our process.
 * The "hosts" share this machine's processors with us: wall time says little, memory and our own time do. Linux.
 * Usage: node test/bench/fleet.ts [HOSTS,HOSTS,…] [TASKS]
 */
const sizes = (process.argv[2] ?? '100,300,1000').split(',').map(Number)
const tasks = Number(process.argv[3] ?? 100)
const folder = mkdtempSync(join(tmpdir(), 'tutti-fleet-'))
const place = `${folder}/{{ inventory_hostname }}`

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
const sshd = await startSshd(['ListenAddress 0.0.0.0'])
const tutti = builtTutti()
try {
  for (const size of sizes) {
    const vars = { ansible_port: sshd.port, ansible_user: sshd.user, ansible_ssh_private_key_file: sshd.key, ansible_host_key_checking: false, tutti_known_hosts_files: ['/dev/null'] }
    const hosts = Object.fromEntries(Array.from({ length: size }, (_, i) => [`h${i}`, { ansible_host: `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}` }]))
    const inventory = join(folder, `${size}.json`)
    writeFileSync(inventory, JSON.stringify({ all: { hosts, vars } }))
    for (const time of ['first', 'second']) {
      const { seconds, processor, megabytes, output } = await measure([tutti, 'run', play, '-i', inventory])
      const said = `${(output.length / 1e6).toFixed(1)} MB of output`
      console.log(`${size} hosts × ${tasks} tasks, ${time} run: ${seconds.toFixed(1)} s, our processor ${processor.toFixed(1)} s (${((processor * 1e6) / (size * tasks)).toFixed(0)} µs a host and task), at most ${megabytes.toFixed(0)} MB, ${said}`)
      if (!output.includes('unreachable=0') || /(?:unreachable|failed)=[1-9]/.test(output)) throw new Error(output.slice(-2000))
    }
  }
} finally {
  await sshd.stop()
  rmSync(folder, { recursive: true, force: true })
}
