import { setTimeout as delay } from 'node:timers/promises'
import { Problem, problemsOf } from '../problem/problem.ts'
import { str as showValue } from '../template/python/text.ts'
import { condition, render, renderCandidates, runLookup } from '../template/template.ts'
import { type Dict, type Unknown, type Value, dict, isDict, isUnknown } from '../value/value.ts'
import { attempt, decideTask, skippedResult, withResult } from './attempt.ts'
import { type TaskCall, itemCall } from './call.ts'
import type { Status } from './event.ts'
import { lookAheadItems } from './look-ahead.ts'
import { type Settled, settled } from './loop-control.ts'
import { type TaskResult, censor, failedResult, plain, toEvent, unknownResult, withFlags } from './task-result.ts'
import type { Loop } from '../playbook/tree.ts'

/** The task once for each item, one after the other; what was read for an item is thrown away once another item took a step. */
export async function runLoop(call: TaskCall): Promise<TaskResult> {
  const loop = settled(call.task.loop!, call.scope)
  const items = itemsUnlessSkipped(call, loop)
  if (items === undefined) return skippedResult()
  if (isUnknown(items)) return unknownResult(`the items of the loop: ${items.reason}`)
  if (items.length === 0) return plain('skipped', { changed: false, results: [], skipped: true, skipped_reason: 'No items in the list' }, 'no items in the list')
  const calls = items.map((_, index) => itemCall(call, loopVars(call, loop, items, index)))
  const results: TaskResult[] = []
  let [asked, calm] = [0, call.host.calm]
  for (const [index, one] of calls.entries()) {
    if (index >= asked) asked = index + lookAheadItems(calls.slice(index), calm)
    const next = calls[index + 1]
    const result = labelled(one, loop, await attempt({ ...one, ...(next ? { ahead: () => void lookAheadItems([next], 0) } : call.ahead ? { ahead: call.ahead } : {}) }))
    results.push(result)
    const isCalm = result.status !== 'changed' && result.status !== 'failed'
    calm = isCalm ? calm + 1 : 0
    if (!isCalm) asked = index + 2
    tellItem(one, result)
    if (broken(one, loop, result)) break
    if (loop.pause !== undefined && index < calls.length - 1) await delay(Number(render(loop.pause, one.scope)) * 1000, undefined, { signal: call.playRun.run.signal })
  }
  return together(call, loop, items, results)
}

/** Items of variables that are not there are no mistake where the task does not happen anyway. */
function itemsUnlessSkipped(call: TaskCall, loop: Loop): readonly Value[] | Unknown | undefined {
  try {
    return itemsOf(call, loop)
  } catch (thrown) {
    if (problemsOf(thrown)?.[0]?.code !== 'undefined-variable') throw thrown
    try {
      if (decideTask(call).go === false) return undefined
    } catch {
      // The conditions ask for the item, too: the missing variable is the mistake to tell.
    }
    throw thrown
  }
}

/** The items; unknown where what they come from is. `undefined` variables are a skip when the condition is false anyway. */
function itemsOf(call: TaskCall, loop: Loop): readonly Value[] | Unknown {
  const over = loop.lookup === 'first_found' ? renderCandidates(loop.over, call.scope) : render(loop.over, call.scope)
  if (isUnknown(over)) return over
  if (loop.lookup === 'loop') {
    if (Array.isArray(over)) return over
    throw new Problem({ code: 'loop-not-a-list', summary: 'loop needs a list', detail: `found ${showValue(over)}`, hint: 'use dict2items for a dict, or query() for a lookup', span: loop.span })
  }
  const terms = Array.isArray(over) ? over : [over]
  if (loop.lookup === 'list' && !Array.isArray(over)) throw new Problem({ code: 'loop-not-a-list', summary: 'with_list expects a list', detail: `found ${showValue(over)}`, span: loop.span })
  if (isDict(over) && loop.lookup === 'indexed_items') throw new Problem({ code: 'template-failed', summary: 'The loop cannot be run', detail: 'with_indexed_items expects a list', span: loop.span })
  return runLookup(loop.lookup, terms, {}, call.scope)
}

function loopVars(_call: TaskCall, loop: Settled, items: readonly Value[], index: number): Dict {
  const vars = new Map<Value, Value>([[loop.loopVar, items[index]!], ['ansible_loop_var', loop.loopVar]])
  if (loop.indexVar) vars.set(loop.indexVar, index).set('ansible_index_var', loop.indexVar)
  if (loop.extended) vars.set('ansible_loop', extended(items, index, loop.extendedAllItems))
  return vars
}

function extended(items: readonly Value[], index: number, all: boolean): Dict {
  return dict({
    ...(all ? { allitems: items } : {}), index: index + 1, index0: index, revindex: items.length - index, revindex0: items.length - index - 1,
    first: index === 0, last: index === items.length - 1, length: items.length,
    ...(index > 0 ? { previtem: items[index - 1]! } : {}), ...(index < items.length - 1 ? { nextitem: items[index + 1]! } : {}),
  })
}

function labelled(call: TaskCall, loop: Settled, result: TaskResult): TaskResult {
  const outputs = new Map([...result.outputs, ...call.item!])
  const shown = (label: Value): string => (typeof label === 'string' ? label : isUnknown(label) ? label.reason : showValue(label))
  if (loop.label === undefined) return { ...result, label: shown(call.item!.get(loop.loopVar)!), outputs }
  try {
    const label = shown(render(loop.label, withResult(call, result)))
    return { ...result, label, outputs: outputs.set('_ansible_item_label', label) }
  } catch (thrown) {
    const problems = problemsOf(thrown)
    if (!problems) throw thrown
    const reason = `Failed to template loop_control.label: ${problems.map(({ detail, message }) => detail ?? message).join('; ')}`
    return { ...result, status: 'failed', reason, label: shown(call.item!.get(loop.loopVar)!), outputs: outputs.set('failed', true).set('msg', reason).set('changed', result.status === 'changed') }
  }
}

/** All conditions of `break_when` hold; they see what this item registered. */
function broken(call: TaskCall, loop: Loop, result: TaskResult): boolean {
  if (loop.breakWhen.length === 0) return false
  const scope = withResult(call, result)
  return loop.breakWhen.every(({ expression, span }) => condition(expression, scope, span) === true)
}

function tellItem(call: TaskCall, result: TaskResult): void {
  const shown = toEvent(call, result)
  const ignored = result.status === 'failed' && call.ignoreErrors()
  call.playRun.run.emit({ type: 'item', host: call.host.name, task: call.round.task, result: { ...(call.noLog ? { ...censor(shown), item: '(censored due to no_log)' } : shown), ...(ignored ? { ignored } : {}) } })
}

const ORDER: readonly Status[] = ['unreachable', 'failed', 'unknown', 'changed', 'ok', 'skipped']

function together(call: TaskCall, _loop: Settled, _items: readonly Value[], results: readonly TaskResult[]): TaskResult {
  const worst = ORDER.find((status) => results.some((result) => result.status === status))!
  const all = results.map(withFlags)
  const base = { results: all, changed: results.some(({ status, outputs }) => status === 'changed' || (status === 'failed' && outputs.get('changed') === true)), skipped: worst === 'skipped' }
  const inclusions = results.flatMap((result) => (result.inclusions ?? []).map((inclusion) => (result.label === undefined ? inclusion : { ...inclusion, item: call.noLog ? '(censored due to no_log)' : result.label })))
  const rest = {
    loop: true as const, diff: results.flatMap(({ diff }) => diff), steps: results.flatMap(({ steps }) => steps), ...(inclusions.length || call.task.action.startsWith('include_') ? { inclusions } : {}),
    ...firstOf(results, 'assuming'), ...firstOf(results, 'delegatedTo'),
  }
  if (worst === 'failed') return { ...failedResult('One or more items failed', base), ...rest }
  if (worst === 'skipped') return { ...plain('skipped', { ...base, skipped: true, msg: 'All items skipped' }), ...rest }
  if (worst === 'unknown') return { ...unknownResult(results.find(({ status }) => status === 'unknown')!.reason ?? 'an item is unknown', { results: all, msg: 'All items completed' }), ...rest }
  return { ...plain(worst, { ...base, msg: 'All items completed' }), ...rest, factsTaken: true }
}

function firstOf<K extends 'assuming' | 'delegatedTo'>(results: readonly TaskResult[], key: K): Partial<Pick<TaskResult, K>> {
  const found = results.find((result) => result[key] !== undefined)
  return found ? ({ [key]: found[key] } as Partial<Pick<TaskResult, K>>) : {}
}
