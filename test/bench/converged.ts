import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The yardstick: the second run of `converged.yml` (17 tasks, 49 operations) on three hosts against `floor.sh`, the same checks
 * written by hand, one ssh a host. Alternating runs, medians, their ratio. Hosts: a lab file as first argument, or
 * `ADDRESS,ADDRESS,…` with the key in TUTTI_BENCH_KEY. Usage: node test/bench/converged.ts inventory/lab.yml [RUNS]
 */
const here = dirname(fileURLToPath(import.meta.url))
const tutti = join(here, '../../bin/tutti')
const inventory = process.argv[2] ?? 'inventory/lab.yml'
const runs = Number(process.argv[3] ?? 5)

function timed(work: () => void): number {
  const started = performance.now()
  work()
  return (performance.now() - started) / 1000
}

const run = (...args: string[]): string => execFileSync(tutti, ['run', join(here, 'converged.yml'), '-i', inventory, '-b', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 })

function hosts(): { addresses: string[]; key: string; user: string } {
  const { _meta } = JSON.parse(execFileSync(tutti, ['inventory', '-i', inventory, '--list'], { encoding: 'utf8' })) as { _meta: { hostvars: Record<string, { ansible_host?: string; ansible_ssh_private_key_file?: string; ansible_user?: string }> } }
  const vars = Object.entries(_meta.hostvars)
  return { addresses: vars.map(([name, { ansible_host }]) => ansible_host ?? name), key: vars[0]![1].ansible_ssh_private_key_file ?? process.env.TUTTI_BENCH_KEY ?? '', user: vars[0]![1].ansible_user ?? 'root' }
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!

const { addresses, key, user } = hosts()
  console.log(`first run: ${timed(() => void run('--output', 'json')).toFixed(2)} s`)
  const events = run('--output', 'json').trim().split('\n').map((line) => JSON.parse(line) as { type: string; hosts?: Record<string, { roundTrips: number; bytesSent: number; bytesReceived: number }> })
const traffic = Object.values(events.find(({ type }) => type === 'traffic')?.hosts ?? {})
console.log(`second run, a host: ${traffic.map(({ roundTrips, bytesSent, bytesReceived }) => `${roundTrips} round trips, ${bytesSent} B out, ${bytesReceived} B in`).join(' · ')}`)
const ours: number[] = []
const floor: number[] = []
for (let i = 0; i < runs; i++) {
  ours.push(timed(() => void run('--output', 'json')))
  floor.push(timed(() => void execFileSync('sh', [join(here, 'floor.sh'), ...addresses], { env: { ...process.env, SSH_KEY: key, SSH_USER: user }, stdio: 'ignore' })))
}
console.log(`tutti ${median(ours).toFixed(2)} s · floor ${median(floor).toFixed(2)} s · ratio ${(median(ours) / median(floor)).toFixed(2)} (medians of ${runs} alternating runs, ${addresses.length} hosts)`)
