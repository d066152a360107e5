import { condition } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import type { Condition } from '../playbook/tree.ts'
import { Problem, Problems, problemsOf } from '../problem/problem.ts'
import { render } from '../template/template.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { TemplateString, type Unknown, type Value, isUnknown, unknown } from '../value/value.ts'
import { applyFacts, hostsOfFacts } from './apply-facts.ts'
import { ATTENDED, runAsync } from './async-task.ts'
import { callModule } from './call-module.ts'
import type { TaskCall } from './call.ts'
import { conditions } from './context.ts'
import { controls } from './control/controls.ts'
import { includeOf, includes } from './include.ts'
import { overScope, scopeOf } from './scopes.ts'
import { type TaskResult, failedResult, nameOf, plain, toEvent, unknownResult, withFlags } from './task-result.ts'

/** A task, or one item of its loop: its conditions, its action with retries, and what `changed_when` and `failed_when` make of it. */
export async function attempt(call: TaskCall): Promise<TaskResult> {
  if (delegatesToNobody(call)) return failedResult('Empty hostname produced from delegate_to')
  const decision = decideTask(call)
  if (decision.go === false) return skippedResult(decision.because)
  if (includes.has(call.task.action)) return isUnknown(decision.go) ? clouded(call, unknownResult(`whether ${call.task.action} happens: ${decision.go.reason}`)) : includeOf(call)
  const result = await retried(call, isUnknown(decision.go) ? decision.go : undefined)
  if (!result.factsTaken) applyFacts(call, result)
  return result
}

/** A template that gives an empty name is a mistake, also where the task would be skipped. */
function delegatesToNobody({ task, scope }: TaskCall): boolean {
  if (!(task.delegateTo instanceof TemplateString)) return false
  try {
    return render(task.delegateTo, scope) === ''
  } catch {
    return false // What is undefined fails where the task happens.
  }
}

export const skippedResult = (because?: Value): TaskResult => plain('skipped', { changed: false, skipped: true, skip_reason: 'Conditional result was False', false_condition: because })

/** Whether the task happens: its conditions and those around it, and for a handler whether it was surely notified. */
export const decideTask = (call: TaskCall): Decision => decide(conditions(call.task, call.context), call, call.host.doubtful.get(call.task))

interface Decision {
  readonly go: boolean | Unknown
  readonly because?: Value
}

/** Conditions in order; the first that is false ends it, an unknown one leaves it open. What is false in a dry run only is open too. */
function decide(all: readonly Condition[], call: TaskCall, doubt: Unknown | undefined): Decision {
  let open = doubt
  for (const { expression, span } of all) {
    const truth = truthOf(expression, call.scope, span)
    if (isUnknown(truth)) open ??= truth
    else if (!truth) {
      const real = inRealRun(expression, call)
      if (real === false) return { go: false, because: expression }
      open ??= unknown(`it is skipped in a dry run only (${String(expression)})`)
    }
  }
  return { go: open ?? true }
}

/** A condition's failure is told in its own words: it is no option of the task. */
function truthOf(expression: Condition['expression'], scope: Scope, span: Condition['span']): boolean | Unknown {
  try {
    return condition(expression, scope, span)
  } catch (thrown) {
    const [problem] = problemsOf(thrown) ?? []
    throw problem?.detail === undefined ? thrown : new Problem({ ...problem.parts(), said: problem.detail })
  }
}

/** What a false condition would be in the real run: a task that is skipped because this is a dry run says nothing about that. */
function inRealRun(expression: string | boolean, { check, scope, playRun }: TaskCall): boolean | Unknown {
  if (!check || !playRun.run.settings.check || typeof expression !== 'string' || !expression.includes('ansible_check_mode')) return false
  return condition(expression, overScope(scope, (name) => (name === 'ansible_check_mode' ? false : undefined)))
}

async function retried(call: TaskCall, doubt: Unknown | undefined): Promise<TaskResult> {
  const { task, scope, host, round, playRun } = call
  const wanted = task.until.length > 0 || task.retries !== undefined
  let left = wanted ? Number(render(task.retries ?? 3, scope)) : 0
  const tries = left
  for (let tryNumber = 1; ; tryNumber++) {
    const answer = await once(call, doubt)
    // What a dry run did not try has nothing that could be asked.
    const isTried = answer.status !== 'unreachable' && !(answer.status === 'unknown' && answer.outputs.size === 0)
    const result = judged(call, wanted && isTried ? withAttempts(answer, tryNumber) : answer)
    if (!wanted || !isTried || result.status === 'unreachable') return result
    const done = untilDone(call, result)
    if (done || result.status === 'unknown') return withAttempts(result, tryNumber)
    // Where failed_when has decided, that stands.
    if (left <= 0 && result.outputs.get('failed_when_result') === false) return withAttempts(result, tries)
    if (left-- <= 0) return { ...withAttempts(result, tries), status: 'failed', reason: result.reason ?? 'the condition of until was never met', outputs: new Map([...withAttempts(result, tries).outputs, ['failed', true]]) }
    playRun.run.emit({ type: 'retry', host: host.name, task: round.task, left: left + 1, result: toEvent(call, result) })
    await delay(Number(render(task.delay ?? 5, scope)) * 1000, undefined, { signal: playRun.run.signal })
  }
}

const withAttempts = (result: TaskResult, attempts: number): TaskResult => ({ ...result, outputs: new Map([...result.outputs, ['attempts', attempts]]) })

function untilDone(call: TaskCall, result: TaskResult): boolean {
  const { task } = call
  if (task.until.length === 0) return result.status !== 'failed'
  const scope = withResult(call, result)
  return task.until.every(({ expression, span }) => {
    const truth = condition(expression, scope, span)
    return isUnknown(truth) || truth
  })
}

/** The action itself. */
async function once(call: TaskCall, doubt: Unknown | undefined): Promise<TaskResult> {
  const control = controls.get(call.task.action)
  if (call.async > 0) return control || ATTENDED.has(call.task.action) ? failedResult(`This action (${call.task.actionAsWritten}) does not support async.`) : runAsync(call, doubt)
  if (!control) return cloudedByOpen(call, await callModule(call, doubt))
  if (doubt && call.task.action === 'set_fact') cloudFacts(call, doubt)
  const result = doubt ? unknownResult(doubt.reason) : await control(call)
  return result.status === 'unknown' && SETS_VARIABLES.has(call.task.action) ? clouded(call, result) : result
}

const SETS_VARIABLES: ReadonlySet<string> = new Set(['include_vars', 'set_fact', 'add_host', 'group_by'])

/** Facts of a program of the project: nobody but the program knows their names. */
const cloudedByOpen = (call: TaskCall, result: TaskResult): TaskResult => (result.status === 'unknown' && call.task.own?.kind === 'program' ? clouded(call, result) : result)

function clouded({ host, task }: TaskCall, result: TaskResult): TaskResult {
  host.clouded ??= `task '${nameOf({ task })}'`
  return result
}

/** Facts that may or may not be set are unknown from here on. */
function cloudFacts(call: TaskCall, doubt: Unknown): void {
  const names = [...call.task.args.keys()].filter((name) => name !== 'cacheable')
  const unknowns = new Map<Value, Value>(names.map((name) => [name, unknown(`whether task '${nameOf(call)}' sets it: ${doubt.reason}`)]))
  for (const host of hostsOfFacts(call)) call.playRun.run.vars.host(host).setFacts(unknowns)
}

/** The scope in which the result has its registered name, as `until`, `changed_when` and `failed_when` see it. */
export function withResult(call: TaskCall, result: TaskResult): Scope {
  const name = call.task.register
  return name ? scopeOf(call.playRun, call.host.name, call.task, call.context, new Map([...(call.item ?? []), [name, withFlags(result)]])) : call.scope
}

/** What `changed_when` and `failed_when` make of a result, one after the other: the second sees what the first decided. */
function judged(call: TaskCall, result: TaskResult): TaskResult {
  const { changedWhen, failedWhen } = call.task
  if ((!changedWhen && !failedWhen) || result.status === 'unreachable' || result.status === 'skipped') return result
  if (result.status === 'failed' && !failedWhen && [...result.outputs.keys()].every((name) => name === 'msg' || name === 'attempts')) return result
  const changed = changedWhen ? afterChangedWhen(call, result, changedWhen) : result
  return failedWhen && !(changed.status === 'failed' && result.status !== 'failed') ? afterFailedWhen(call, changed, failedWhen) : changed
}

function afterChangedWhen(call: TaskCall, result: TaskResult, conditions: readonly Condition[]): TaskResult {
  const changed = judgement(conditions, withResult(call, result))
  if (changed instanceof Problems) return brokenBy(result, changed, 'changed_when_result')
  if (isUnknown(changed)) return result.status === 'failed' ? result : { ...result, status: 'unknown', reason: `changed_when: ${changed.reason}` }
  const outputs = new Map<Value, Value>([...result.outputs, ['changed', changed]])
  if (result.status === 'failed') return { ...result, outputs }
  const open = result.status === 'unknown' && result.outputs.size === 0 ? { open: result.reason ?? 'it is unknown' } : {}
  return { ...result, ...open, status: changed ? 'changed' : 'ok', outputs }
}

function afterFailedWhen(call: TaskCall, result: TaskResult, conditions: readonly Condition[]): TaskResult {
  const failed = judgement(conditions, withResult(call, result))
  if (failed instanceof Problems) return brokenBy(result, failed, 'failed_when_result')
  if (failed === true) return withDecision(failedBy(result, conditions), failed)
  if (failed === false && result.status === 'failed') return withDecision({ ...result, status: result.outputs.get('changed') === true ? 'changed' : 'ok', outputs: new Map([...result.outputs, ['failed', false]]) }, failed)
  return withDecision(result, failed)
}

const withDecision = (result: TaskResult, decision: boolean | Unknown): TaskResult => ({ ...result, outputs: new Map<Value, Value>([...result.outputs, ['failed_when_result', decision]]) })

const failedBy = (result: TaskResult, by: readonly Condition[]): TaskResult => ({
  ...result, status: 'failed', reason: String(result.outputs.get('msg') ?? `failed_when: ${by.map(({ expression }) => expression).join(' and ')}`), outputs: new Map([...result.outputs, ['failed', true]]),
})

/** A condition that cannot be evaluated fails the task, whose result stays for people to look at. */
function judgement(all: readonly Condition[], scope: Scope): boolean | Unknown | Problems {
  try {
    return anyOrAll(all, scope)
  } catch (thrown) {
    const problems = problemsOf(thrown)
    if (!problems) throw thrown
    return new Problems(problems)
  }
}

function brokenBy(result: TaskResult, { problems }: Problems, name: string): TaskResult {
  const why = problems.map(({ message }) => message).join('; ')
  const said = `Error while evaluating conditional: ${problems.map(({ detail, message }) => detail ?? message).join('; ')}`
  const outputs = new Map<Value, Value>([...result.outputs, ['changed', result.status === 'changed'], ['failed', true], [name, said]])
  return { ...result, status: 'failed', reason: why, outputs }
}

/** A list of conditions is joined with `and`. */
function anyOrAll(all: readonly Condition[], scope: Scope): boolean | Unknown {
  let open: Unknown | undefined
  for (const { expression, span } of all) {
    const truth = condition(expression, scope, span)
    if (isUnknown(truth)) open ??= truth
    else if (!truth) return false
  }
  return open ?? true
}

