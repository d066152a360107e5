import type { AuditDifference, HostResult, RunEvent } from './event.ts'

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
  if (said.status === 'changed' && JSON.stringify(said.diff ?? []) !== JSON.stringify(did.diff ?? []) && ![said, did].some(({ diff }) => JSON.stringify(diff ?? []).includes('(unknown: '))) return { kind: 'wrong-diff', detail: 'the differences are not the ones that were announced' }
  return undefined
}
