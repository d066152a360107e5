import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Measured {
  readonly peer: string
  /** Medians of wall and processor time; the most memory of all runs, in MB. */
  readonly seconds: number
  readonly processor: number
  readonly megabytes: number
  /** Wall times of all runs. */
  readonly all: readonly number[]
  /** Of tutti alone, of the host with most. */
  readonly traffic?: { readonly roundTrips: number; readonly bytes: number; readonly tasks: number }
}
export interface Results {
  readonly hosts: number
  /** Fewer than hosts: each answers at several addresses. */
  readonly machines?: number
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly plays: readonly { readonly play: string; readonly delay: number; readonly runs: number; readonly measured: readonly Measured[] }[]
}

const folder = join(import.meta.dirname, 'results')

/** docs/performance.md from all that was measured; nothing is left out. */
export function writePage(): void {
  const all = readdirSync(folder).filter((name) => name.endsWith('-hosts.json')).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Results).sort((a, b) => a.hosts - b.hosts)
  writeFileSync(join(import.meta.dirname, '../../docs/performance.md'), [
    '# How fast', '',
    'Made by `npm run bench` from `test/bench/results/`; do not edit. The same work by each program on the same hosts, in alternating order in one run, those of less than five seconds each after one that does not count; wall time in seconds (median), in parentheses how many times that of tutti.',
    'The floor is a POSIX script written by hand for that play, one ssh a host (`test/bench/plays/*.sh`): what any runner must at least do. Except for `first-run`, hosts are as the play wants them. A delay is the round-trip time that a TCP relay adds.', '',
    ...all.flatMap(section),
  ].join('\n'))
}

function section({ hosts, machines, machine, versions, plays }: Results): readonly string[] {
  const peers = [...new Set(plays.flatMap(({ measured }) => measured.map(({ peer }) => peer)))]
  const cell = (measured: readonly Measured[], peer: string, of: (one: Measured) => number, digits: number): string => {
    const [one, ours] = [measured.find((any) => any.peer === peer), measured.find((any) => any.peer === 'tutti')]
    return one && ours ? `${of(one).toFixed(digits)}${peer === 'tutti' ? '' : ` (${(of(one) / of(ours)).toFixed(1)})`}` : '–'
  }
  const table = (title: string, of: (one: Measured) => number, digits: number): readonly string[] => [
    `### ${title}`, '', `| play | delay | ${peers.join(' | ')} |`, `| --- | --- |${' --- |'.repeat(peers.length)}`,
    ...plays.map(({ play, delay, measured }) => `| ${play} | ${delay} ms | ${peers.map((peer) => cell(measured, peer, of, digits)).join(' | ')} |`), '',
  ]
  return [
    `## ${hosts} hosts`, '', `On ${machine}. ${machines === undefined ? '' : `${machines} lab hosts answer at all addresses. `}${peers.map((peer) => `${peer}: ${versions[peer]}`).join('; ')}.`, '',
    ...table('Wall time, s', ({ seconds }) => seconds, 2), ...table('Processor time of the controller, s', ({ processor }) => processor, 2), ...table('Memory of the controller, MB', ({ megabytes }) => megabytes, 0),
    '### What tutti sent and asked, of the host with most', '', '| play | delay | round trips | bytes both ways | bytes a task |', '| --- | --- | --- | --- | --- |',
    ...plays.flatMap(({ play, delay, measured }) => measured.flatMap(({ traffic }) => (traffic ? [`| ${play} | ${delay} ms | ${traffic.roundTrips} | ${traffic.bytes} | ${Math.round(traffic.bytes / traffic.tasks)} |`] : []))), '',
  ]
}

if (import.meta.main) writePage()
