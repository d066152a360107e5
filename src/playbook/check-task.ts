import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, type Span } from '../problem/problem.ts'
import type { Value } from '../value/value.ts'
import { missingFiles } from './check-files.ts'
import { checkConditions, checkLoop, checkValue } from './check-templates.ts'
import { type Loading, type Place, defer } from './loading.ts'
import { textOf } from './read-value.ts'
import { fullName } from './redirects.ts'
import type { Task } from './tree.ts'

const META = ['flush_handlers', 'refresh_inventory', 'noop', 'clear_facts', 'clear_host_errors', 'end_batch', 'end_host', 'end_play', 'end_role', 'reset_connection']
/** Actions that loading itself replaces: they have no module. */
const STATIC: ReadonlySet<string> = new Set(['import_tasks', 'import_role', 'include', 'import_playbook'])

/** What can be said of a task before any host is asked: the module is there, its arguments fit. */
export function checkTask(loading: Loading, task: Task, span: Span, place: Place): void {
  const here = certainly(loading, task, place)
  const filled = place.defaults || task.moduleDefaults !== undefined
  const problems = problemsOfTask(loading, task, span).filter(({ code }) => !filled || !FILLED.has(code))
  for (const problem of [...problems, ...templateProblems(loading, task, span)]) defer(loading, here, problem)
  for (const problem of missingFiles(loading, task, here)) defer(loading, here, problem)
  // The first condition is looked at whatever it says.
  for (const problem of checkConditions(task.when, loading.options.environment)) defer(loading, place, problem)
}

/** What `module_defaults` may mend. */
const FILLED: ReadonlySet<string> = new Set(['missing-parameter', 'parameter-rule'])

/** Templates and conditions, as far as they can be judged without variables. */
function templateProblems({ options: { environment } }: Loading, task: Task, span: Span): readonly Problem[] {
  const conditions = [...task.until, ...(task.changedWhen ?? []), ...(task.failedWhen ?? [])]
  const values: readonly Value[] = [task.args, task.vars, task.argsTemplate ?? null]
  const loop = task.loop ? checkLoop(task.loop, environment) : []
  return [...values.flatMap((value) => checkValue(value, environment)), ...loop, ...checkConditions(conditions, environment)].map((problem) => problem.at(span))
}

function problemsOfTask(loading: Loading, task: Task, span: Span): readonly Problem[] {
  const { catalog } = loading.options
  if (task.action === 'meta') return checkMeta(task, span)
  if (!catalog || STATIC.has(task.action)) return []
  const module = catalog.find(task.action, task.own)
  if (!module) return [notOffered(task, span, catalog.names())]
  if (task.argsTemplate !== undefined) return []
  return module.problems(task.args, task.argSpans).map((problem) => problem.at(span))
}

function notOffered(task: Task, span: Span, names: Iterable<string>): Problem {
  const full = fullName(task.action)
  if (task.own) return new Problem({ code: 'own-module', summary: 'A module of the project itself needs Ansible on the host', detail: `'${task.actionAsWritten}' (${task.own.file})`, hint: 'write it for tutti (`library/NAME.ts`), or as a program that wants JSON', span })
  const near = didYouMean(task.action, names)
  const hint = near ?? '`tutti doc --list` shows the modules there are'
  return new Problem({ code: 'module-not-offered', summary: 'tutti does not have this module', detail: full && full !== task.actionAsWritten ? `'${task.actionAsWritten}' (${full})` : `'${task.actionAsWritten}'`, hint, span })
}

function checkMeta(task: Task, span: Span): readonly Problem[] {
  const name = textOf(task.args.get('_raw_params') ?? '') ?? ''
  if (META.includes(name) || name.includes('{{')) return []
  const hint = didYouMean(name, META)
  return [new Problem({ code: 'unknown-meta', summary: 'No meta action has this name', detail: `'${name}'`, span, ...(hint ? { hint } : {}) })]
}

/** A condition, a loop that may be empty, an ignored error or tags that were not asked for make a task uncertain. */
function certainly(loading: Loading, task: Task, place: Place): Place {
  const always = task.when.every(({ expression }) => expression === true)
  const ignored = task.ignoreErrors !== undefined && task.ignoreErrors !== false
  const loops = task.loop !== undefined && !(Array.isArray(task.loop.over) && task.loop.over.length > 0)
  const certain = place.certain && always && !ignored && !loops && task.failedWhen === undefined && tagsReached(loading, [...place.tags, ...task.tags])
  return certain === place.certain ? place : { ...place, certain }
}

export function tagsReached(loading: Loading, tags: readonly unknown[]): boolean {
  const { tagsReached: reached } = loading.options
  const texts = tags.filter((tag) => typeof tag === 'string')
  return !reached || texts.length !== tags.length || reached(texts)
}
