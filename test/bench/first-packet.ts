import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtTutti } from './peers.ts'

/**
 * How long a start takes beside `node -e 0`: `--version`, and a run of the yardstick until its first packet reaches a host (a socket that listens here).
 * Of the package as it is published and of the sources, in alternating order: node test/bench/first-packet.ts [RUNS]
 */
const runs = Number(process.argv[2] ?? 15)
const root = join(import.meta.dirname, '../..')
const scratch = mkdtempSync(join(tmpdir(), 'tutti-start-'))
const programs = { 'published package': builtTutti(), sources: join(root, 'bin/tutti') }
const play = join(root, 'test/bench/plays/converged.yml')
const inventory = join(scratch, 'hosts.json')

let greeted: () => void = () => undefined
const server = createServer((socket) => socket.on('error', () => undefined).once('data', () => (greeted(), socket.destroy())))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
writeFileSync(inventory, JSON.stringify({ all: { hosts: { h: { ansible_host: '127.0.0.1', ansible_port: (server.address() as AddressInfo).port, ansible_user: 'x', ansible_password: 'y', ansible_ssh_common_args: '-o StrictHostKeyChecking=no' } } } }))

const timed = async (work: () => unknown): Promise<number> => {
  const started = performance.now()
  await work()
  return performance.now() - started
}
async function firstPacket(program: string): Promise<void> {
  const child = spawn(program, ['run', play, '-i', inventory], { stdio: 'ignore' })
  await new Promise<void>((resolve) => (greeted = resolve))
  child.kill('SIGKILL')
}
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

try {
  // Whole runs first: what Node keeps of a program it writes when that ends.
  for (const program of Object.values(programs)) for (let i = 0; i < 2; i++) spawnSync(program, ['run', play, '-i', inventory])
  const times: Record<string, number[]> = {}
  const note = async (name: string, work: () => unknown) => void (times[name] ??= []).push(await timed(work))
  for (let i = 0; i < runs; i++) {
    await note('node -e 0', () => spawnSync(process.execPath, ['-e', '0']))
    for (const [name, program] of Object.entries(programs)) {
      await note(`${name}, --version`, () => spawnSync(program, ['--version']))
      await note(`${name}, first packet`, () => firstPacket(program))
    }
  }
  const floor = median(times['node -e 0']!)
  for (const [name, all] of Object.entries(times)) console.log(`${name}: ${median(all).toFixed(0)} ms, ${(median(all) / floor).toFixed(2)} times node -e 0`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
  server.close()
}
process.exit()
