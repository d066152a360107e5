import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, type Span } from '../problem/problem.ts'
import type { Value } from '../value/value.ts'
import { checkLookedUp } from './check-rendered.ts'
import { checkFiles } from './check-files.ts'
import { checkConditions, checkLoop, checkValue, deadConditions } from './check-templates.ts'
import { checkIncludeVars } from './check-include-vars.ts'
import { keywordsOf, noteConditions, noteUses, noteValue } from './check-variables.ts'
import { type Loading, type Place, defer } from './loading.ts'
import { textOf } from './read-value.ts'
import { fullName, isNobodys, knownNames } from './redirects.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import type { Task } from './tree.ts'

const META = ['flush_handlers', 'refresh_inventory', 'noop', 'clear_facts', 'clear_host_errors', 'end_batch', 'end_host', 'end_play', 'end_role', 'reset_connection']
/** Actions that loading itself replaces: they have no module. */
const STATIC: ReadonlySet<string> = new Set(['import_tasks', 'import_role', 'include', 'import_playbook'])

/** What can be said of a task before any host is asked: the module is there, its arguments fit. */
export function checkTask(loading: Loading, task: Task, span: Span, place: Place, argNodes?: ReadonlyMap<string, YamlNode>): void {
  const here = certainly(loading, task, place)
  const filled = place.defaults || task.moduleDefaults !== undefined
  const problems = problemsOfTask(loading, task, span, argNodes).filter(({ code }) => !filled || !FILLED.has(code))
  // Below an include that depends on the host stands what other systems need: it fails where it is reached.
  const quiet = place.ahead && !here.certain
  for (const problem of [...problems.filter(({ code }) => !quiet || !ELSEWHERE.has(code)), ...templateProblems(loading, task, span)]) defer(loading, here, problem)
  checkFiles(loading, task, here)
  checkLookedUp(loading, task, valuesOf(task), here)
  if (task.action === 'include_vars') checkIncludeVars(loading, task, here)
  noteUses(loading, task, place, here)
  // The first condition is looked at whatever it says.
  for (const problem of checkConditions(task.when, loading.options.environment)) defer(loading, place, problem)
  for (const problem of deadConditions([...task.when, ...task.until, ...(task.changedWhen ?? []), ...(task.failedWhen ?? [])])) loading.options.warn?.(problem)
}

const ELSEWHERE: ReadonlySet<string> = new Set(['module-not-offered', 'own-module'])
/** Conditions and variables of what stands around tasks: they are looked at only where something asks for them. */
export function checkTagged(loading: Loading, { when, vars }: Pick<Task, 'when' | 'vars'>, outer: Place, span: Span): void {
  const place = { ...outer, certain: false }
  for (const problem of [...checkConditions(when, loading.options.environment), ...checkValue(vars, loading.options.environment).map((one) => one.at(span))]) defer(loading, place, problem)
  for (const problem of deadConditions(when)) loading.options.warn?.(problem)
  noteConditions(loading, when, place)
  noteValue(loading, vars, place, span)
}

/** What `module_defaults` may mend. */
const FILLED: ReadonlySet<string> = new Set(['missing-parameter', 'parameter-rule'])

/** Templates and conditions, as far as they can be judged without variables. */
function templateProblems({ options: { environment } }: Loading, task: Task, span: Span): readonly Problem[] {
  const conditions = [...task.until, ...(task.changedWhen ?? []), ...(task.failedWhen ?? [])]
  const values = valuesOf(task)
  const loop = task.loop ? checkLoop(task.loop, environment) : []
  return [...values.flatMap((value) => checkValue(value, environment)), ...loop, ...checkConditions(conditions, environment)].map((problem) => problem.at(span))
}

/** Everything of a task that may hold templates, but for its loop and its conditions. */
export const valuesOf = (task: Task): readonly Value[] =>
  [task.args, task.vars, task.argsTemplate ?? null, task.name, task.delegateTo ?? null, task.becomeUser ?? null, ...(task.environment ?? []), task.loop?.label ?? null, ...keywordsOf(task)]

function problemsOfTask(loading: Loading, task: Task, span: Span, argNodes?: ReadonlyMap<string, YamlNode>): readonly Problem[] {
  const { catalog } = loading.options
  if (task.action === 'meta') return checkMeta(task, span)
  if (!catalog || STATIC.has(task.action)) return []
  const module = catalog.find(task.action, task.own)
  if (!module) return [notOffered(task, span, catalog.names())]
  if (task.argsTemplate !== undefined) return []
  return module.problems(task.args, task.argSpans, argNodes).map((problem) => problem.at(span))
}

function notOffered(task: Task, span: Span, names: Iterable<string>): Problem {
  const full = fullName(task.action)
  if (task.own) return new Problem({ code: 'own-module', summary: 'A module of the project itself needs Ansible on the host', detail: `'${task.actionAsWritten}' (${task.own.file})`, hint: 'write it for tutti (`library/NAME.ts`), or as a program that wants JSON', span })
  const near = didYouMean(task.action, names)
  // What no collection of that name has is a slip; what Ansible has and tutti lacks is not.
  if (isNobodys(task.actionAsWritten)) {
    const likely = near ?? didYouMean(task.action.split('.').at(-1)!, [...names, ...knownNames()])
    return new Problem({ code: 'unknown-module', summary: 'No module or action has this name', detail: `'${task.actionAsWritten}'`, span, ...(likely ? { hint: likely } : {}) })
  }
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
export function certainly(loading: Loading, task: Task, place: Place): Place {
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
