import type { HostResult, RunEvent, Status, Tally } from '../../src/engine/event.ts'
import type { ReportOptions } from '../../src/report/reporter.ts'
import { Secrets } from '../../src/text/secrets.ts'
import { type Value, dict } from '../../src/value/value.ts'

/** Options that collect what is written. */
export function collector(changes: Partial<ReportOptions> = {}): ReportOptions & { text: () => string; errors: () => string } {
  const [out, err]: [string[], string[]] = [[], []]
  return {
    out: (text) => out.push(text), err: (text) => err.push(text), secrets: new Secrets(), color: false, width: 80, verbosity: 0, diff: false, check: false, ...changes,
    text: () => out.join(''), errors: () => err.join(''),
  }
}

const span = { file: 'site.yml', line: 4, column: 7 }
export const playStart = (name: string, hosts: readonly string[]): RunEvent => ({ type: 'play-start', name, hosts, span })
export const taskStart = (task: string, name: string, action = 'command', rest: { handler?: boolean } = {}): RunEvent =>
  ({ type: 'task-start', task, name, action, span, handler: false, tags: [], noLog: false, ...rest })
export const outcome = (status: Status, outputs: Record<string, Value> = {}, rest: Partial<HostResult> = {}): HostResult => ({ status, outputs: dict(outputs), seconds: 0.1, ...rest })
export const result = (task: string, host: string, status: Status, outputs: Record<string, Value> = {}, rest: Partial<HostResult> = {}): RunEvent =>
  ({ type: 'result', task, host, result: outcome(status, outputs, rest) })
export const item = (task: string, host: string, label: string, status: Status, outputs: Record<string, Value> = {}, rest: Partial<HostResult> = {}): RunEvent =>
  ({ type: 'item', task, host, result: outcome(status, outputs, { item: label, ...rest }) })
export const tally = (changes: Partial<Tally> = {}): Tally => ({ ok: 0, changed: 0, unknown: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0, ...changes })
export const recap = (hosts: Record<string, Partial<Tally>>): RunEvent => ({ type: 'recap', hosts: new Map(Object.entries(hosts).map(([host, changes]) => [host, tally(changes)])), customStats: new Map() })
