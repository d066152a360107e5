import type { AuditDifference, Diff, HostResult, RunEvent } from './event.ts'

/**
 * What a dry run said against what the real run of the same inputs did, result by result. Unknown is no difference, whatever
 * came of it: it was said to be unknown. A change that an opaque command brought about is a class of its own.
 */
export function compareRuns(dry: readonly RunEvent[], real: readonly RunEvent[]): readonly AuditDifference[] {
  const predicted = resultsOf(dry)
  return [...resultsOf(real)].flatMap(([key, { host, task, name, result }]) => {
    const said = predicted.get(key)
    const found = said && differenceOf(said.result, result)
    return found ? [{ host, task, name, ...found }] : []
  })
}

interface Found {
  readonly host: string
  readonly task: string
  readonly name: string
  readonly result: HostResult
}

/** Results by host, place in the playbook, turn (a task may run often) and loop item. */
function resultsOf(events: readonly RunEvent[]): ReadonlyMap<string, Found> {
  const tasks = new Map<string, { name: string; place: string; loops: boolean }>()
  const turns = new Map<string, number>()
  const found = new Map<string, Found>()
  for (const event of events) {
    if (event.type === 'task-start') tasks.set(event.task, { name: event.name, place: `${event.span.file}:${event.span.line}:${event.span.column}`, loops: false })
    if (event.type !== 'item' && event.type !== 'result') continue
    const task = tasks.get(event.task)
    if (!task) continue
    // The items of a loop tell it all; its summary would count every difference twice.
    if (event.type === 'item') task.loops = true
    else if (task.loops && !['failed', 'unreachable'].includes(event.result.status)) continue
    const base = `${event.host} ${task.place} ${event.type === 'item' ? event.result.item : ''}`
    const turn = (turns.get(base) ?? 0) + 1
    turns.set(base, turn)
    found.set(`${base} ${turn}`, { host: event.host, task: event.task, name: task.name, result: event.result })
  }
  return found
}

function differenceOf(said: HostResult, did: HostResult): Pick<AuditDifference, 'kind' | 'detail'> | undefined {
  if (said.status === 'unknown' || did.status === 'unreachable') return undefined
  const quiet = (status: HostResult['status']) => status === 'ok' || status === 'skipped'
  if (said.status === 'failed') return did.status === 'failed' ? undefined : { kind: 'false-failure', detail: `the dry run failed: ${said.reason ?? ''}` }
  if (did.status === 'failed') return { kind: 'missed-failure', detail: did.reason ?? 'it failed' }
  if (quiet(said.status) && did.status === 'changed') return said.assuming ? { kind: 'broken-assumption', detail: `it rested on the assumption that ${said.assuming} leaves it alone` } : { kind: 'missed-change', detail: `the dry run called it ${said.status}` }
  if (said.status === 'changed' && quiet(did.status)) return { kind: 'false-change', detail: `the dry run announced a change, the run found it ${did.status}` }
  const wrong = said.status === 'changed' ? firstWrongLine(said.diff ?? [], did.diff ?? []) : undefined
  return wrong === undefined ? undefined : { kind: 'wrong-diff', detail: wrong }
}

/** Where the announced differences and those that came part; nothing where one of them speaks of something unknown. */
function firstWrongLine(announced: readonly Diff[], came: readonly Diff[]): string | undefined {
  const [said, did] = [announced, came].map((diffs) => diffs.flatMap(({ header, before, after }) => [header.before, header.after, ...before.split('\n').map((line) => `-${line}`), ...after.split('\n').map((line) => `+${line}`)])) as [string[], string[]]
  if ([...said, ...did].some((line) => line.includes('(unknown: '))) return undefined
  const at = Array.from({ length: Math.max(said.length, did.length) }, (_, i) => i).find((i) => said[i] !== did[i])
  return at === undefined ? undefined : `announced '${said[at] ?? 'no more'}', and it was '${did[at] ?? 'no more'}'`
}
