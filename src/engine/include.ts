import { Problem } from '../problem/problem.ts'
import type { Block, Entry, Role, RoleUse, Task } from '../playbook/tree.ts'
import { render } from '../template/template.ts'
import { type Dict, type Value, isDict, isUnknown } from '../value/value.ts'
import { convertParams } from '../schema/convert-params.ts'
import { type Fields, flag, path, raw, text } from '../schema/field.ts'
import type { TaskCall } from './call.ts'
import { rolesAround, within, withinRole } from './context.ts'
import type { Place } from './gate.ts'
import { moduleArgs } from './module-args.ts'
import { validateArguments } from './validate-arguments.ts'
import { type Flow, GO, runEntries } from './run-entries.ts'
import { runRole } from './run-role.ts'
import { findFile, searchPaths } from './search-paths.ts'
import { type TaskResult, failedResult, plain, unknownResult } from './task-result.ts'

/** What an include brings in for one host: tasks of a file, or a role. */
export type Inclusion = { readonly kind: 'tasks'; readonly file: string; readonly entries: readonly Entry[]; readonly vars: Dict; readonly apply: Dict } | { readonly kind: 'role'; readonly role: Role; readonly vars: Dict; readonly apply: Dict; readonly public: boolean }

const tasksFields = { file: path('The file with tasks, relative to the file that includes it.', { aliases: ['_raw_params'] }), apply: raw('Keywords for the included tasks.') } satisfies Fields
const roleFields = {
  name: text('The role.', { required: true, aliases: ['role', '_raw_params'] }), tasks_from: text('File in tasks/.', { default: 'main' }), vars_from: text('File in vars/.', { default: 'main' }), defaults_from: text('File in defaults/.', { default: 'main' }),
  handlers_from: text('File in handlers/.', { default: 'main' }), allow_duplicates: flag('Run again although it ran.', { default: true }), public: flag("The role's variables stay for the rest of the play.", { default: false }),
  rolespec_validate: flag("Check the role's argument specification.", { default: true }), apply: raw('Keywords for the included tasks.'),
} satisfies Fields

/** The including actions, with how each goes on. */
export const includes: ReadonlyMap<string, (call: TaskCall, inclusions: readonly Inclusion[], place: Place) => Promise<Flow>> = new Map([
  ['include_tasks', enter], ['include', enter], ['include_role', enter],
])

/** Finds and loads what an include names, for one host and item. */
export function includeOf(call: TaskCall): TaskResult {
  const args = moduleArgs(call)
  if (isUnknown(args)) return unknownResult(args.reason)
  return call.task.action === 'include_role' ? includeRole(call, args) : includeTasks(call, args)
}

/** Variables of the include and the loop's own: seen by all that is included. */
function includeVars({ task, item }: TaskCall, args: Dict, known: Fields): Dict {
  const extra = [...args].filter(([key]) => !(String(key) in known) && key !== '_raw_params')
  return new Map<Value, Value>([...(item ?? []), ...extra, ...task.vars])
}

function includeTasks(call: TaskCall, args: Dict): TaskResult {
  const { params, problems, unknown } = convertParams(tasksFields, new Map([...args].filter(([key]) => key === '_raw_params' || String(key) in tasksFields)), { owner: call.task.action, span: call.task.span })
  if (problems[0]) throw problems[0]
  if (unknown) return unknownResult(unknown.reason)
  const name = String(params.file)
  const places = [call.task.home.directory, ...searchPaths(call.playRun.play, call.context, call.task, 'tasks')]
  const { found, looked } = findFile(name, places)
  if (!found) return failedResult(`Could not find or access '${name}': looked at ${looked.join(', ')}`)
  const entries = call.playRun.run.loader.tasks(found, { ...call.task.home, directory: found.slice(0, found.lastIndexOf('/')) }, false)
  const inclusion: Inclusion = { kind: 'tasks', file: found, entries, vars: includeVars(call, args, tasksFields), apply: applied(params.apply, call) }
  return { ...plain('ok', { include: name, include_args: new Map() }), inclusions: [inclusion] }
}

function includeRole(call: TaskCall, args: Dict): TaskResult {
  const { params, problems, unknown } = convertParams(roleFields, new Map([...args].filter(([key]) => key === '_raw_params' || key === 'role' || String(key) in roleFields)), { owner: call.task.action, span: call.task.span })
  if (problems[0]) throw problems[0]
  if (unknown) return unknownResult(unknown.reason)
  const { name, tasks_from, vars_from, defaults_from, handlers_from } = params as Record<string, string>
  const role = call.playRun.run.loader.role(name!, { ...call.task.home, parents: rolesAround(call.context) }, { tasksFrom: tasks_from!, varsFrom: vars_from!, defaultsFrom: defaults_from!, handlersFrom: handlers_from! })
  const invalid = params.rolespec_validate ? validateArguments(role, tasks_from!, call) : undefined
  if (invalid) return failedResult(invalid)
  return { ...plain('ok', { include: name!, include_args: new Map() }), inclusions: [{ kind: 'role', role, vars: includeVars(call, args, roleFields), apply: applied(params.apply, call), public: params.public === true }] }
}

function applied(apply: unknown, call: TaskCall): Dict {
  if (apply === undefined) return new Map()
  const rendered = render(apply as Value, call.scope)
  if (isDict(rendered)) return rendered
  throw new Problem({ code: 'wrong-type', summary: 'apply must be a dict of keywords', span: call.task.span })
}

/** Goes through what was included, file by file, item by item. */
async function enter(call: TaskCall, inclusions: readonly Inclusion[], place: Place): Promise<Flow> {
  for (const [index, inclusion] of inclusions.entries()) {
    const flow = await enterOne(call, inclusion, [...place, index])
    if (flow.next !== 'go') return flow
  }
  return GO
}

async function enterOne({ playRun, host, task, context, round }: TaskCall, inclusion: Inclusion, place: Place): Promise<Flow> {
  const node = { ...inheritable(inclusion.apply, task), vars: inclusion.vars }
  if (inclusion.kind === 'tasks') {
    playRun.run.emit({ type: 'include', file: inclusion.file, hosts: [host.name], task: round.task })
    return runEntries(playRun, host, inclusion.entries, within(context, node), place)
  }
  playRun.run.emit({ type: 'include', file: inclusion.role.name, hosts: [host.name], task: round.task })
  const use: RoleUse = { ...node, span: task.span, role: inclusion.role, params: inclusion.vars }
  const flow = await runRole(playRun, host, use, withinRole(context, use), place, { dynamic: true, public: inclusion.public })
  return flow
}

/** `apply` becomes a node of the context; `tags`, `when` and everything inherited go to the included tasks. */
function inheritable(apply: Dict, task: Task): Pick<Block, 'tags' | 'when' | 'vars'> & Partial<Block> {
  const names: Readonly<Record<string, string>> = { become: 'become', become_user: 'becomeUser', become_method: 'becomeMethod', become_flags: 'becomeFlags', ignore_errors: 'ignoreErrors', delegate_to: 'delegateTo', no_log: 'noLog', check_mode: 'checkMode', diff: 'diff', run_once: 'runOnce', connection: 'connection', remote_user: 'remoteUser' }
  const node: Record<string, unknown> = { tags: [], when: [], vars: new Map() }
  for (const [key, value] of apply) {
    if (key === 'tags') node.tags = Array.isArray(value) ? value : [value]
    else if (key === 'when') node.when = (Array.isArray(value) ? value : [value]).map((expression) => ({ expression, span: task.span }))
    else if (key === 'environment') node.environment = Array.isArray(value) ? value : [value]
    else if (key === 'module_defaults') node.moduleDefaults = Array.isArray(value) ? value : [value]
    else if (names[String(key)]) node[names[String(key)]!] = value
    else throw new Problem({ code: 'unknown-keyword', summary: 'a keyword that cannot be applied', detail: `'${String(key)}' in apply`, span: task.span })
  }
  return node as never
}
