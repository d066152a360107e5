import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type TestHost, withLab } from '../lab/with-lab.ts'
import { type Cost, measure, measureIfInstalled } from './measure.ts'

/**
 * What copying costs: a tree of many small files, first and second run, under tutti and, where `ansible-playbook` is on the PATH (or
 * ANSIBLE_PLAYBOOK names it), under Ansible in the same run, and one large file with the most memory that we held.
 * Makes its own lab of nspawn hosts (Linux, root). Usage: node test/bench/tree-copy.ts [FILES] [FILES FOR ANSIBLE] [MEGABYTES]:
 * fewer files for Ansible save an hour; times are compared a file.
 */
const here = dirname(fileURLToPath(import.meta.url))
const tutti = process.env.TUTTI_PROGRAM ?? join(here, '../../bin/tutti')
const files = Number(process.argv[2] ?? 5000)
const theirFiles = Number(process.argv[3] ?? 250)
const megabytes = Number(process.argv[4] ?? 1024)
const folder = mkdtempSync(join(tmpdir(), 'tutti-tree-'))

/** A hundred files a directory, 100 to 2,000 bytes each, none like another. */
function makeTree(name: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const directory = join(folder, name, `part-${Math.floor(i / 100)}`)
    if (i % 100 === 0) mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `file-${i}.conf`), randomBytes(50 + ((i * 37) % 950)).toString('hex'))
  }
}

function makeLarge(): void {
  const file = openSync(join(folder, 'large'), 'w')
  for (let i = 0; i < megabytes; i++) writeSync(file, randomBytes(1 << 20))
  closeSync(file)
}

const play = (src: string, dest: string): string => {
  const file = join(folder, `${src.replace('/', '')}.yml`)
  writeFileSync(file, JSON.stringify([{ hosts: 'all', gather_facts: false, become: true, tasks: [{ copy: { src: join(folder, src), dest, ...(src.endsWith('/') ? {} : { mode: '0644' }) } }] }]))
  return file
}

async function ours(src: string, dest: string): Promise<Cost> {
  const done = await measure([tutti, 'run', play(src, dest), '-i', lab.file, '-l', 'ours', '--output', 'json'])
  const events = done.output.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  const { roundTrips, bytesSent } = Object.values(events.find(({ type }) => type === 'traffic').hosts as Record<string, { roundTrips: number; bytesSent: number }>)[0]!
  const { changed } = Object.values(events.find(({ type }) => type === 'recap').hosts as Record<string, { changed: number }>)[0]!
  return { ...done, output: `${changed ? 'changed' : 'same'} · ${done.seconds.toFixed(2)} s · ${roundTrips} round trips · ${(bytesSent / 1e6).toFixed(1)} MB sent · at most ${done.megabytes.toFixed(0)} MB of memory` }
}

async function theirs(host: TestHost): Promise<void> {
  const program = process.env.ANSIBLE_PLAYBOOK ?? 'ansible-playbook'
  const installed = await host.run('sudo apt-get install -y -qq --no-install-recommends python3 >/dev/null')
  if (installed.code !== 0) return console.log(`not compared: Python could not be installed on the host of Ansible: ${installed.stderr.trim().split('\n').at(-1)}`)
  const inventory = join(folder, 'hosts.ini')
  writeFileSync(inventory, `them ansible_host=${host.address} ansible_user=${host.user} ansible_ssh_private_key_file=${host.privateKeyFile} ansible_ssh_common_args='-o UserKnownHostsFile=${host.knownHostsFile}' ansible_python_interpreter=/usr/bin/python3\n`)
  writeFileSync(join(folder, 'ansible.cfg'), '')
  for (const time of ['first', 'second']) {
    const done = await measureIfInstalled([program, '-i', inventory, play('theirs/', '/opt/tree')], { env: { ANSIBLE_CONFIG: join(folder, 'ansible.cfg'), ANSIBLE_HOME: folder } })
    if (!done) return console.log('not compared: ansible-playbook is not installed')
    const [us, them] = [(times[time]! / files) * 1000, (done.seconds / theirFiles) * 1000]
    console.log(`Ansible, ${theirFiles} files, ${time} run: ${done.seconds.toFixed(1)} s · ${them.toFixed(0)} ms a file, ours ${us.toFixed(2)} ms: ${(them / us).toFixed(0)} times`)
  }
}

makeTree('ours', files)
makeTree('theirs', theirFiles)
makeLarge()
const lab = await withLab('tree', { ours: { cpus: 2 }, theirs: { cpus: 2 } })
const times: Record<string, number> = {}
try {
  for (const time of ['first', 'second', 'third']) {
    const done = await ours('ours/', '/opt/tree')
    times[time] = done.seconds
    console.log(`tutti, ${files} files, ${time} run: ${done.output}`)
  }
  for (const time of ['first', 'second']) console.log(`tutti, a file of ${megabytes} MB, ${time} run: ${(await ours('large', '/opt/large')).output}`)
  if (theirFiles > 0) await theirs(lab.host('theirs'))
} finally {
  await lab.down()
  rmSync(folder, { recursive: true, force: true })
}
