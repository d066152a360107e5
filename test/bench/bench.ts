import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type TestHost, withLab } from '../lab/with-lab.ts'
import { measure } from './measure.ts'
import { type Peer, type Reach, allPeers } from './peers.ts'
import { delayingRelay } from './relay.ts'
import { type Measured, type Results, writePage } from './report.ts'

/**
 * The same work under tutti, its peers and a floor written by hand, on the same hosts, in alternating order: medians and ratios of one run.
 *   npm run bench -- [--plays converged,loops] [--hosts 3] [--machines 3] [--delays 0,20,100] [--runs 5] [--peers tutti,floor]
 * Makes its own lab of nspawn hosts (Linux, root), and installs the peers below ~/.cache/tutti/bench. Writes test/bench/results/HOSTS.json, one entry a
 * play and delay, newer ones in place of older, and docs/performance.md from all results.
 * Fewer machines than hosts: each lab host answers at several addresses, each of which is a host. What those would fight over is named after the
 * machine instead, and pyinfra, whose plays cannot be turned so, has no part in it.
 */
const { values: asked } = parseArgs({ options: { plays: { type: 'string', default: 'converged,first-run,loops,templates,facts,commands' }, hosts: { type: 'string', default: '3' }, machines: { type: 'string' }, delays: { type: 'string', default: '0,20,100' }, runs: { type: 'string', default: '5' }, peers: { type: 'string' } } })
/** Seconds: whoever is quicker than that is measured right after a run of its own that does not count. */
const WARMED = 5
const here = import.meta.dirname
const runs = Number(asked.runs)
const size = Number(asked.hosts)
const machines = Number(asked.machines ?? size)
const plays = machines === size ? join(here, 'plays') : playsByMachine()
const peers = allPeers(plays).filter(({ name }) => (!asked.peers || asked.peers.split(',').includes(name) || name === 'tutti' || name === 'floor') && (machines === size || name !== 'pyinfra'))
const lab = await withLab('bench', machines, { rest: { defaults: { memory: '1G', cpus: 2 } } })

/** The plays for several addresses of one machine: what is written does not depend on by which it was reached. */
function playsByMachine(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-bench-plays-'))
  for (const name of readdirSync(join(here, 'plays'))) writeFileSync(join(folder, name), readFileSync(join(here, 'plays', name), 'utf8').replaceAll('inventory_hostname', 'ansible_hostname'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  return folder
}

/** A network for each machine; all that come at once are let in. */
function moreAddresses({ address, run }: TestHost, index: number): Promise<unknown> {
  const network = `10.234.${index}.0/24`
  execFileSync('ip', ['route', 'add', network, 'via', address])
  return run(`sudo sh -c 'ip route add local ${network} dev lo; echo MaxStartups ${2 * size} > /etc/ssh/sshd_config.d/bench.conf; systemctl reload ssh'`)
}
const addressOf = (index: number): string => (machines === size ? lab.hosts[index]!.address : `10.234.${index % machines}.${Math.floor(index / machines) + 1}`)

/** What the plays take for granted, and what peers need: Python for Ansible's. */
async function prepare(host: TestHost): Promise<void> {
  const { code, stderr } = await host.run("sudo sh -c 'export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-apt cron curl rsync git >/dev/null'")
  if (code !== 0) throw new Error(`cannot prepare ${host.name}: ${stderr}`)
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!

async function reach(delay: number): Promise<{ hosts: readonly Reach[]; close(): void }> {
  const found = await Promise.all(Array.from({ length: size }, async (_, index) => {
    const { user, privateKeyFile } = lab.hosts[index % machines]!
    const [name, address] = [`n${index + 1}`, addressOf(index)]
    const relay = delay === 0 ? undefined : await delayingRelay(address, 22, delay)
    return { relay, host: { name, address: relay ? '127.0.0.1' : address, port: relay?.port ?? 22, user, key: privateKeyFile } }
  }))
  return { hosts: found.map(({ host }) => host), close: () => found.forEach(({ relay }) => relay?.close()) }
}

async function once(peer: Peer, play: string, hosts: readonly Reach[]) {
  const reset = join(plays, `${play}.reset.sh`)
  if (existsSync(reset)) await Promise.all(lab.hosts.map((host) => host.run(`sudo sh -c '${readFileSync(reset, 'utf8').replaceAll("'", "'\\''")}'`)))
  const scratch = mkdtempSync(join(tmpdir(), 'tutti-bench-'))
  try {
    const { command, env } = peer.command(play, hosts, scratch)
    return await measure(command, env ? { env } : {})
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** What tutti counts itself, a host: exact, so that it can be compared with committed numbers. */
function traffic(output: string): NonNullable<Measured['traffic']> {
  const events = output.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { type: string; hosts?: Record<string, { roundTrips: number; bytesSent: number; bytesReceived: number }> })
  const counted = Object.values(events.find(({ type }) => type === 'traffic')?.hosts ?? {})
  return { roundTrips: Math.max(...counted.map(({ roundTrips }) => roundTrips)), bytes: Math.max(...counted.map(({ bytesSent, bytesReceived }) => bytesSent + bytesReceived)), tasks: events.filter(({ type }) => type === 'result').length / size }
}

async function compare(play: string, delay: number): Promise<readonly Measured[]> {
  const { hosts, close } = await reach(delay)
  const costs = new Map(peers.map((peer) => [peer, [] as Awaited<ReturnType<typeof once>>[]]))
  try {
    // Converged by each in its own way, so that none finds something to do.
    if (play !== 'first-run') for (const peer of peers) await once(peer, play, hosts.slice(0, machines))
    for (let i = 0; i < runs; i++) {
      for (const peer of i % 2 === 0 ? peers : peers.toReversed()) {
        const before = costs.get(peer)!
        // Minutes of others lie between two runs, in which a machine may put away the pages of a program: to a short run that matters, so it goes twice.
        if ((before.at(-1)?.seconds ?? 0) < WARMED) await once(peer, play, hosts)
        before.push(await once(peer, play, hosts))
      }
    }
  } finally {
    close()
  }
  return peers.map((peer) => {
    const all = costs.get(peer)!
    const one = { peer: peer.name, seconds: median(all.map(({ seconds }) => seconds)), processor: median(all.map(({ processor }) => processor)), megabytes: Math.max(...all.map(({ megabytes }) => megabytes)), all: all.map(({ seconds }) => seconds) }
    return peer.name === 'tutti' ? { ...one, traffic: traffic(all.at(-1)!.output) } : one
  })
}

const file = join(here, 'results', `${asked.hosts}-hosts.json`)
mkdirSync(join(here, 'results'), { recursive: true })
try {
  await Promise.all(lab.hosts.map(prepare))
  if (machines < size) await Promise.all(lab.hosts.map(moreAddresses))
  for (const play of asked.plays.split(',')) {
    for (const delay of asked.delays.split(',').map(Number)) {
      const measured = await compare(play, delay)
      const ours = measured.find(({ peer }) => peer === 'tutti')!
      console.log(`${play}, ${asked.hosts} hosts, ${delay} ms: ${measured.map(({ peer, seconds }) => `${peer} ${seconds.toFixed(2)} s (${(seconds / ours.seconds).toFixed(1)})`).join(' · ')} · tutti: ${JSON.stringify(ours.traffic)}`)
      const old: Results = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : { hosts: size, machine: '', versions: {}, plays: [] }
      const all = [...old.plays.filter((one) => one.play !== play || one.delay !== delay), { play, delay, runs, measured }].sort((a, b) => a.play.localeCompare(b.play) || a.delay - b.delay)
      const machine = `${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release().split('-')[0]}, Node ${process.versions.node}`
      writeFileSync(file, `${JSON.stringify({ hosts: size, ...(machines < size ? { machines } : {}), machine, versions: { ...old.versions, ...Object.fromEntries(peers.map(({ name, version }) => [name, version])) }, plays: all }, null, 1)}\n`)
      writePage()
    }
  }
} finally {
  await lab.down()
}
