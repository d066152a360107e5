import { dirname } from 'node:path'
import { Problem, problemsOf } from '../problem/problem.ts'
import { EndOfRun } from './end-of-run.ts'
import { BLOCK } from '../playbook/keywords.ts'
import type { Entry, Inherited, Role, RoleUse, Tagged, Task } from '../playbook/tree.ts'
import { toJson } from '../value/json.ts'
import { type Dict, TemplateString, type Value, isDict, isUnknown } from '../value/value.ts'
import { convertParams } from '../schema/convert-params.ts'
import { type Fields, flag, path, raw, text } from '../schema/field.ts'
import type { TaskCall } from './call.ts'
import { type Context, rolesAround, within, withinRole } from './context.ts'
import type { Place, Report } from './gate.ts'
import { moduleArgs } from './module-args.ts'
import { type Flow, GO, runEntries } from './run-entries.ts'
import { joinImported, joinPlay, runRole } from './run-role.ts'
import { findFile, searchPaths } from './search-paths.ts'
import { type TaskResult, failedResult, plain, unknownResult } from './task-result.ts'

/** What an include brings in for one host and item: tasks of a file, or a role. */
export type Inclusion = Shared & ({ readonly kind: 'tasks'; readonly file: string; readonly entries: readonly Entry[] } | { readonly kind: 'role'; readonly role: Role; readonly public: boolean; readonly again: boolean })

interface Shared {
  readonly vars: Dict
  /** What `apply` says to everything included. */
  readonly apply: Inherited & Tagged
  /** The same for hosts that include the same with the same variables: they go through it together. */
  readonly key: string
  /** The item of a loop, as it is shown. */
  readonly item?: string
}

const tasksFields = { file: path('The file with tasks, relative to the file that includes it.', { aliases: ['_raw_params'] }), apply: raw('Keywords for the included tasks.') } satisfies Fields
const roleFields = {
  name: text('The role.', { required: true, aliases: ['role', '_raw_params'] }), tasks_from: text('File in tasks/.', { default: 'main' }), vars_from: text('File in vars/.', { default: 'main' }), defaults_from: text('File in defaults/.', { default: 'main' }),
  handlers_from: text('File in handlers/.', { default: 'main' }), allow_duplicates: flag('Run again although it ran.', { default: true }), public: flag("The role's variables stay for the rest of the play; where nothing is said, as `private_role_vars` says."),
  rolespec_validate: flag("Check the role's argument specification.", { default: true }), apply: raw('Keywords for the included tasks.'),
} satisfies Fields

/** The including actions. `include` is the old name of `include_tasks`. */
export const includes: ReadonlySet<string> = new Set(['include_tasks', 'include', 'include_role'])

/** Finds and loads what an include names, for one host and item. */
export function includeOf(call: TaskCall): TaskResult {
  const args = moduleArgs(call)
  if (isUnknown(args)) return unknownResult(args.reason)
  return call.task.action === 'include_role' ? includeRole(call, args) : includeTasks(call, args)
}

/** Variables of the include and the loop's own: seen by all that is included. */
function includeVars({ task, item }: TaskCall, args: Dict, known: Fields): Dict {
  const extra = [...args].filter(([key]) => !(String(key) in known) && key !== '_raw_params')
  return new Map<Value, Value>([...task.vars, ...(item ?? []), ...extra])
}

/** Hosts with the same go through it together; with other items or arguments each has its turn. */
const keyOf = (what: string, { item }: TaskCall, args: Dict): string => JSON.stringify([what, toJson(args), toJson(item ?? null)])

function includeTasks(call: TaskCall, args: Dict): TaskResult {
  const { params, problems, unknown } = convertParams(tasksFields, new Map([...args].filter(([key]) => key === '_raw_params' || String(key) in tasksFields)), { owner: call.task.action, span: call.task.span })
  if (problems[0]) throw problems[0]
  if (unknown) return unknownResult(unknown.reason)
  const { task, context, playRun: { play, run } } = call
  const name = String(params.file)
  const kinds = context.handler ? ['handlers', 'tasks'] : ['tasks']
  const places = [task.home.directory, ...kinds.flatMap((kind) => searchPaths(play, context, task, kind))]
  const { found, looked } = findFile(name, places)
  if (!found) return failedResult(`Could not find or access '${name}': looked at ${looked.join(', ')}`)
  const entries = loaded(() => run.loader.tasks(found, { ...task.home, directory: dirname(found) }, context.handler === true))
  const inclusion: Inclusion = { kind: 'tasks', file: found, entries, vars: includeVars(call, args, tasksFields), apply: inheritable(applied(params.apply, call), call.task), key: keyOf(found, call, args) }
  return { ...plain('ok', { include: name, include_args: new Map() }), inclusions: [inclusion] }
}

function includeRole(call: TaskCall, args: Dict): TaskResult {
  const { params, problems, unknown } = convertParams(roleFields, new Map([...args].filter(([key]) => key === '_raw_params' || key === 'role' || String(key) in roleFields)), { owner: call.task.action, span: call.task.span })
  if (problems[0]) throw problems[0]
  if (unknown) return unknownResult(unknown.reason)
  const { name, tasks_from, vars_from, defaults_from, handlers_from } = params as Record<string, string>
  const home = { ...call.task.home, parents: rolesAround(call.context) }
  const role = loaded(() => call.playRun.run.loader.role(name!, home, { tasksFrom: tasks_from!, varsFrom: vars_from!, defaultsFrom: defaults_from!, handlersFrom: handlers_from!, validate: params.rolespec_validate === true }))
  const inclusion: Inclusion = { kind: 'role', role, vars: includeVars(call, args, roleFields), apply: inheritable(applied(params.apply, call), call.task), public: params.public === undefined ? call.playRun.run.settings.privateRoleVars === false : params.public === true, again: params.allow_duplicates !== false, key: keyOf(role.path, call, args) }
  return { ...plain('ok', { include: name!, include_args: new Map() }), inclusions: [inclusion] }
}

/** What is there but is no YAML or no playbook ends the run, as in Ansible; what is missing fails the task. */
function loaded<T>(load: () => T): T {
  try {
    return load()
  } catch (thrown) {
    const problems = problemsOf(thrown)
    throw problems && !problems.every(({ code }) => FAILS.has(code)) ? new EndOfRun(problems) : thrown
  }
}

const FAILS: ReadonlySet<string> = new Set(['not-a-task-list', 'file-not-found', 'file-unreadable', 'role-not-found', 'module-not-offered', 'own-module'])

/** `apply` as it stands, for its templates are rendered with the tasks; as rendered where the arguments themselves are a template. */
function applied(apply: unknown, { task }: TaskCall): Dict {
  const written = task.args.get('apply') ?? (apply as Value | undefined)
  if (written === undefined || written === null) return new Map()
  if (isDict(written)) return written
  if (isDict(apply as Value)) return apply as Dict
  throw new Problem({ code: 'wrong-type', summary: 'apply must be a dict of keywords', span: task.argSpans.get('apply') ?? task.span })
}

/** What the hosts of a round go through: the same inclusion of several hosts is one. */
interface Group {
  readonly inclusion: Inclusion
  readonly context: Context
  readonly hosts: string[]
}

const grouped = new WeakMap<ReadonlyMap<string, Report>, readonly Group[]>()

/** In the order of the hosts and of their items. The first host to ask announces all of them, before any is gone through. */
function groupsOf(call: TaskCall, reports: ReadonlyMap<string, Report>): readonly Group[] {
  const known = grouped.get(reports)
  if (known) return known
  const groups = new Map<string, Group>()
  for (const [host, { inclusions }] of reports) {
    for (const inclusion of inclusions) {
      const same = groups.get(inclusion.key)
      if (same) same.hosts.push(host)
      else groups.set(inclusion.key, { inclusion, context: contextOf(call, inclusion), hosts: [host] })
    }
  }
  for (const group of groups.values()) begin(call, group)
  const all = [...groups.values()]
  grouped.set(reports, all)
  return all
}

function begin({ playRun, round }: TaskCall, { inclusion, context, hosts }: Group): void {
  const { item } = inclusion
  if (inclusion.kind === 'role') joinPlay(playRun, inclusion.role, context, inclusion.public, inclusion.key)
  else joinImported(playRun, inclusion.entries, context, inclusion.key)
  playRun.run.emit({ type: 'include', file: inclusion.kind === 'tasks' ? inclusion.file : inclusion.role.name, hosts, task: round.task, ...(item === undefined ? {} : { item }) })
}

function contextOf({ task, context }: TaskCall, inclusion: Inclusion): Context {
  const node = inclusion.apply
  // Variables of an include stand above facts (level 21 of the documentation), those under `apply` do not.
  if (inclusion.kind === 'tasks') return { ...within(context, node), params: inclusion.vars }
  const vars = new Map([...node.vars, ...inclusion.vars])
  return withinRole(context, { ...node, vars, span: task.span, role: inclusion.role, params: inclusion.vars, allowDuplicates: inclusion.again })
}

/** Goes through what was included, file by file, item by item. */
export async function enterIncluded(call: TaskCall, reports: ReadonlyMap<string, Report>, place: Place): Promise<Flow> {
  const { playRun, host } = call
  for (const [index, { inclusion, context, hosts }] of groupsOf(call, reports).entries()) {
    if (!hosts.includes(host.name)) continue
    const here = [...place, index]
    const flow = inclusion.kind === 'tasks'
      ? await runEntries(playRun, host, inclusion.entries, context, here)
      : await runRole(playRun, host, context.node as RoleUse, context, here)
    if (flow.next !== 'go') return flow
  }
  return GO
}

/** `apply` becomes a node of the context; everything inherited goes to the included tasks. */
function inheritable(apply: Dict, task: Task): Inherited & Tagged {
  const node: Record<string, unknown> = { tags: [], when: [], vars: new Map() }
  const span = task.argSpans.get('apply') ?? task.span
  const list = (value: Value): readonly Value[] => (Array.isArray(value) ? value : [value])
  for (const [key, value] of apply) {
    const keyword = Object.hasOwn(BLOCK, String(key)) ? BLOCK[String(key)]! : undefined
    if (!keyword || NOT_APPLIED.has(String(key))) throw new Problem({ code: 'unknown-keyword', summary: 'a keyword that cannot be applied', detail: `'${String(key)}' in apply`, span })
    if (key === 'when') node.when = list(value).map((expression) => ({ expression: expression instanceof TemplateString ? expression.source : expression, span }))
    else if (key !== 'name') node[keyword[0]] = LISTS.has(String(key)) ? list(value) : value
  }
  return node as unknown as Inherited & Tagged
}

const NOT_APPLIED: ReadonlySet<string> = new Set(['block', 'rescue', 'always'])
const LISTS: ReadonlySet<string> = new Set(['tags', 'notify', 'environment', 'module_defaults', 'collections'])
