import type { Span } from '../problem/problem.ts'
import type { ReadAs } from '../template/references.ts'
import { provenBy, variableUses } from '../template/template.ts'
import type { Value } from '../value/value.ts'
import { templateText } from './check-rendered.ts'
import { type Loading, type Place, defer } from './loading.ts'
import { textOf } from './read-value.ts'
import type { Condition, Task } from './tree.ts'
import { PendingUse } from './variable-names.ts'

/** Notes every variable that a task reads. `place` is where the task stands, `here` what is certain of the task itself. */
export function noteUses(loading: Loading, task: Task, place: Place, here: Place): void {
  if (!loading.known) return
  const proven = noteConditions(loading, task.when, place)
  const [sure, lazy] = [{ ...here, proven }, { ...maybe(here), proven }]
  const note = (value: Value | undefined, where: Place, how?: ReadAs): void => void (value !== undefined && noteValue(loading, value, where, task.span, how))
  note(task.loop?.over, { ...lazy, certain: place.certain && task.when.length === 0 && task.ignoreErrors === undefined })
  for (const conditions of [task.until, task.changedWhen ?? [], task.failedWhen ?? [], task.loop?.breakWhen ?? []]) noteConditions(loading, conditions, lazy)
  for (const [key, value] of task.args) noteArgument(loading, task, String(key), value, sure, lazy)
  for (const value of [task.argsTemplate, task.delegateTo, task.becomeUser]) note(value, sure)
  for (const value of [...(task.environment ?? []), task.vars, task.name, task.loop?.label, ...keywordsOf(task)]) note(value, lazy)
  for (const file of loading.rendered.get(task) ?? []) note(templateText(loading, file), sure, { as: 'file', file })
}

/** The plain keywords of a task, which may be templates. */
export const keywordsOf = ({ become, becomeFlags, becomeMethod, connection, remoteUser, port, checkMode, diff, noLog, runOnce, throttle, timeout, anyErrorsFatal, ignoreErrors, ignoreUnreachable, retries, delay, async: seconds, poll }: Task): readonly Value[] =>
  [become, becomeFlags, becomeMethod, connection, remoteUser, port, checkMode, diff, noLog, runOnce, throttle, timeout, anyErrorsFatal, ignoreErrors, ignoreUnreachable, retries, delay, seconds, poll].filter((value) => value !== undefined)

const maybe = (place: Place): Place => ({ ...place, certain: false })

/** Some arguments are expressions without braces, and some are looked at only when things go wrong. */
function noteArgument(loading: Loading, task: Task, key: string, value: Value, sure: Place, lazy: Place): void {
  const span = task.argSpans.get(key) ?? task.span
  if (task.action === 'debug' && key === 'var') noteValue(loading, value, lazy, span, { as: 'expression', span })
  else if (task.action === 'assert' && key === 'that') noteConditions(loading, conditionsIn(value, span), sure)
  else noteValue(loading, value, ['assert', 'set_fact'].includes(task.action) ? lazy : sure, span)
}

const conditionsIn = (value: Value, span: Span): readonly Condition[] =>
  (Array.isArray(value) ? value : [value]).flatMap((item: Value) => (typeof item === 'string' ? [{ expression: item, span }] : []))

/** Notes what conditions read, one after the other: what has been found to be defined is so for those below. */
export function noteConditions(loading: Loading, conditions: readonly Condition[], place: Place): ReadonlySet<string> {
  let proven = place.proven
  for (const [index, { expression, span }] of conditions.entries()) {
    if (typeof expression !== 'string') continue
    noteValue(loading, expression, { ...place, proven, certain: place.certain && index === 0 }, span, { as: 'expression', span })
    proven = new Set([...proven, ...provenBy(expression)])
  }
  return proven
}

/** Notes the variables of a value, of an expression or of a template file. */
export function noteValue(loading: Loading, value: Value, place: Place, span: Span, how?: ReadAs): void {
  const { names, known } = loading
  if (!known) return
  for (const use of variableUses(value, how)) {
    const { name, member, own } = use
    names.read.add(name)
    const guarded = use.guarded || place.proven.has(name)
    if (guarded) names.guarded.add(name)
    if (name === 'ansible_facts' ? member === undefined || known.facts.has(member) : names.defined.has(name) || known.names.has(name)) continue
    const lasting = { name, member, own, guarded, sure: use.sure, get span() { return use.span } }
    defer(loading, use.sure && !guarded ? place : maybe(place), new PendingUse(lasting, span))
  }
}

/** Notes the names that a task defines, beside those of its `vars`. */
export function noteDefinitions(loading: Loading, task: Task): void {
  const { names } = loading
  const { action, args, argSpans, argsTemplate, loop } = task
  for (const name of [loop?.loopVar, loop?.indexVar]) names.define(name, loop?.span)
  if (action === 'set_fact' || action === 'add_host') {
    for (const key of args.keys()) if (typeof key === 'string') names.define(key, argSpans.get(key))
    if (argsTemplate !== undefined || [...args.keys()].some((key) => typeof key !== 'string')) names.open = true
  }
  if (action === 'getent') names.define(`getent_${textOf(args.get('database') ?? '') ?? ''}`)
  if (action === 'add_host' || action === 'group_by') names.open = true
  // A module of the project itself may return any facts.
  if (task.own) names.open = true
  const apply = args.get('apply')
  const applied = apply instanceof Map ? apply.get('vars') : undefined
  if (applied instanceof Map) for (const key of applied.keys()) names.define(key)
}
