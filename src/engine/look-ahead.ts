import type { Entry, Task } from '../playbook/tree.ts'
import { condition, render, runLookup } from '../template/template.ts'
import { type Value, isUnknown } from '../value/value.ts'
import { type TaskCall, callOf, itemCall } from './call.ts'
import { prepare } from './call-module.ts'
import { conditions, withinBlock } from './context.ts'
import { controls } from './control/controls.ts'
import { lookAhead } from './converge.ts'
import { includes } from './include.ts'
import { settled } from './loop-control.ts'
import { overScope } from './scopes.ts'
import { Failure } from '../contract/failure.ts'
import { problemsOf } from '../problem/problem.ts'
import { Unreachable } from '../transport/connection.ts'

/** Never more tasks or items than this are asked for early. */
const FARTHEST = 64
const MOST_ITEMS = 256

/**
 * Asks early for what the coming tasks will look at, so that it travels with the present task. How far it pays is learnt:
 * a step throws all of it away, so after one the look begins near again and doubles with every task that changed nothing.
 */
export function lookAheadFrom(call: TaskCall, entries: readonly Entry[], index: number): void {
  const { playRun, host } = call
  if (!playRun.run.settings.lookAhead || call.runOnce) return
  const reach = host.calm > 6 ? FARTHEST : 2 ** host.calm - 1
  let budget = Math.min(reach, FARTHEST)
  for (const next of upcoming(entries, index + 1, call.context)) {
    if (budget-- <= 0) return
    if (isOfTheRun(next.task)) continue
    void ahead(call, next.task, next.context)
  }
}

/** After a step, which threw away all that was asked early: only what the very next task, or the first item of its loop, will look at. */
export function lookAtNext(call: TaskCall, entries: readonly Entry[], index: number): void {
  const { playRun } = call
  if (!playRun.run.settings.lookAhead || call.runOnce) return
  const [next] = upcoming(entries, index + 1, call.context)
  if (next && !isOfTheRun(next.task)) void ahead(call, next.task, next.context, 1)
}

/** No module that looks at a host. */
const isOfTheRun = ({ action }: Task): boolean => controls.has(action) || includes.has(action) || action === 'meta'

function* upcoming(entries: readonly Entry[], from: number, context: TaskCall['context']): Generator<{ task: Task; context: TaskCall['context'] }> {
  for (const entry of entries.slice(from)) {
    if (entry.kind === 'task') yield { task: entry, context }
    else yield* upcoming(entry.block, 0, withinBlock(context, entry))
  }
}

/** Items of a loop that come next: their reads travel together. How many pays is learnt as for tasks; says how many. */
export function lookAheadItems(calls: readonly TaskCall[], calm: number): number {
  const first = calls[0]
  if (!first || !first.playRun.run.settings.lookAhead || isOfTheRun(first.task)) return calls.length
  const some = calls.slice(0, calm > 6 ? MOST_ITEMS : 2 ** calm)
  for (const call of some) void probeEarly(call)
  return some.length
}

async function ahead(call: TaskCall, task: Task, context: TaskCall['context'], most = MOST_ITEMS): Promise<void> {
  try {
    const next = callOf(call.playRun, call.host, task, context, call.round)
    if (task.delegateTo !== undefined || next.runOnce) return
    if (!task.loop) return await probeEarly(next)
    const over = render(task.loop.over, next.scope)
    if (isUnknown(over)) return
    const terms = Array.isArray(over) ? (over as readonly Value[]) : [over]
    const { loopVar, indexVar } = settled(task.loop, next.scope)
    const items = task.loop.lookup === 'loop' ? terms : runLookup(task.loop.lookup, terms, {}, next.scope)
    if (isUnknown(items)) return
    await Promise.all(items.slice(0, most).map((item) => probeEarly(itemCall(next, new Map<Value, Value>([[loopVar, item], ...(indexVar ? [[indexVar, 0] as const] : [])])))))
  } catch (thrown) {
    leaveForLater(thrown)
  }
}

async function probeEarly(told: TaskCall): Promise<void> {
  const call = { ...told, scope: silent(told.scope) }
  try {
    for (const { expression, span } of conditions(call.task, call.context)) if (condition(expression, call.scope, span) !== true) return
    const prepared = await prepare(call)
    if ('status' in prepared || (prepared.module.opaque && prepared.overlay === undefined)) return
    await lookAhead({ module: prepared.module, params: prepared.params, machine: prepared.place.machine, become: prepared.place.become, overlay: prepared.overlay, around: prepared.around })
  } catch (thrown) {
    leaveForLater(thrown)
  }
}

/** Warnings belong to the real evaluation, which comes later. */
const silent = (scope: TaskCall['scope']): TaskCall['scope'] => overScope(scope, () => undefined, () => undefined)

/** What cannot be known yet (a result not registered, a fact not gathered) is asked for when its time comes. A defect of ours shows in tests. */
function leaveForLater(thrown: unknown): void {
  if (process.env.TUTTI_STRICT && !problemsOf(thrown) && !(thrown instanceof Failure) && !(thrown instanceof Unreachable) && !isUnknown(thrown)) throw thrown
}
