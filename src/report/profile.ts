import type { Cost, RunEvent } from '../engine/event.ts'
import { columns } from '../text/columns.ts'
import type { Paint } from './paint.ts'

type ProfileEvent = Extract<RunEvent, { type: 'profile' }>

/** Rows of a table that people still read. */
const MOST = 20

/** What `--profile` found: by host, by task, and the chain of results that the run could not have ended without. */
export function profileLines({ seconds, cpu, hosts, tasks, path }: ProfileEvent, paint: Paint): readonly string[] {
  const title = (text: string): string => paint(text, 'verbose')
  const onPath = path.reduce((sum, leg) => sum + leg.seconds, 0)
  const inOurHands = seconds - onPath
  return [
    title(`PROFILE: ${time(seconds)} in all, ${time(cpu)} of our own processor time`),
    '', title('By host'), columns([['host', 'in tasks', ...COST], ...most([...hosts], ([, host]) => host.seconds).map(([host, one]) => [host, time(one.seconds), ...cells(one, one.seconds)])]), ...rest(hosts.size),
    '', title('By task, all hosts together'), columns([['task', 'in tasks', ...COST, 'processor'], ...most(tasks, (one) => one.seconds).map((one) => [one.name, time(one.seconds), ...cells(one, one.seconds), time(one.cpu)])]), ...rest(tasks.length),
    '', title(`Critical path: ${path.length} results, ${time(onPath)}; before, between and after them ${time(inOurHands)}`), columns([['host', 'task', 'took'], ...most(path, (leg) => leg.seconds).map((leg) => [leg.host, leg.name, time(leg.seconds)])]), ...rest(path.length), '',
  ]
}

const COST = ['connecting', 'waiting', 'ours', 'round trips', 'sent', 'received']

/** `ours` is what is left of the time: templates, planning, and waiting for a turn. */
const cells = ({ connecting, waited, roundTrips, bytesSent, bytesReceived }: Cost, seconds: number): readonly (string | number)[] =>
  [time(connecting), time(waited), time(Math.max(0, seconds - connecting - waited)), roundTrips, bytes(bytesSent), bytes(bytesReceived)]

const most = <T>(all: readonly T[], of: (one: T) => number): readonly T[] => all.toSorted((a, b) => of(b) - of(a)).slice(0, MOST)
const rest = (count: number): readonly string[] => (count > MOST ? [`  … and ${count - MOST} more`] : [])

const time = (seconds: number): string => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(2)} s`)
const bytes = (count: number): string => (count < 10_000 ? `${count} B` : count < 10_000_000 ? `${Math.round(count / 1000)} kB` : `${Math.round(count / 1_000_000)} MB`)
