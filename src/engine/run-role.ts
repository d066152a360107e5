import { toJson } from '../value/json.ts'
import type { Entry, Role, RoleUse } from '../playbook/tree.ts'
import { type Context, withinBlock, withinRole } from './context.ts'
import type { Place } from './gate.ts'
import { handlersIn } from './handlers.ts'
import { type Flow, GO, runEntries } from './run-entries.ts'
import type { Handler, HostRun, PlayRun } from './run.ts'

/** A role for one host: what it depends on first, then its tasks; a second use with the same parameters does nothing. */
export async function runRole(playRun: PlayRun, host: HostRun, use: RoleUse, context: Context, place: Place): Promise<Flow> {
  const { role } = use
  if (alreadyDone(host, use)) return GO
  for (const [index, dependency] of role.dependencies.entries()) {
    const flow = await runRole(playRun, host, dependency, withinRole(context, dependency), [...place, 0, index])
    if (flow.next !== 'go') return flow
  }
  const flow = await runEntries(playRun, host, role.tasks, context, [...place, 1])
  return leaveRole(host, use, flow)
}

/** The end of a role for a host: it is done, unless all of it was skipped. */
export function leaveRole(host: HostRun, use: RoleUse, flow: Flow): Flow {
  if (flow.next !== 'go' && flow.next !== 'leave-role') return flow
  if (host.rolesRan.has(use.role.path)) host.rolesDone.add(keyOf(use))
  return GO
}

/** A role runs once per play and host with the same parameters, unless it or its use says otherwise. */
export const alreadyDone = (host: HostRun, use: RoleUse): boolean => !(use.allowDuplicates ?? use.role.allowDuplicates) && host.rolesDone.has(keyOf(use))

/** A role that a task includes was read anew: it is told by its place, with the file of tasks that it begins with. */
const keyOf = ({ role, params, when }: RoleUse): string => JSON.stringify([role.path, role.tasks[0]?.span.file, toJson(params), when.map(({ expression }) => expression)])

/** A use of a role, with what surrounds it. */
interface Placed {
  readonly use: RoleUse
  readonly context: Context
}

/** Roles that `import_role` put into tasks. */
export function* importedRoles(entries: readonly Entry[], context: Context): Generator<Placed> {
  for (const entry of entries) {
    if (entry.kind === 'task') continue
    const inner = withinBlock(context, entry)
    if (entry.importedRole) yield { use: entry.importedRole, context: inner }
    yield* importedRoles([...entry.block, ...entry.rescue, ...entry.always], inner)
  }
}

/** Roles that the tasks of a role import, or those of what it depends on. */
export function* importedByRole(role: Role, context: Context): Generator<Placed> {
  for (const dependency of role.dependencies) yield* importedByRole(dependency.role, withinRole(context, dependency))
  yield* importedRoles(role.tasks, context)
}

/** The handlers of an included role, and of those that it imports, can be notified from now on; its variables are seen too where it is public. */
export function joinPlay(playRun: PlayRun, role: Role, context: Context, isPublic: boolean, via: string): void {
  for (const dependency of role.dependencies) joinPlay(playRun, dependency.role, withinRole(context, dependency), isPublic, via)
  const there = playRun.handlers.some((handler) => handler.via === via && handler.context.role === role)
  if (!there) playRun.handlers.push(...handlersIn(role.handlers, context, via))
  if (isPublic) playRun.run.vars.exposeRole(role)
  joinImported(playRun, role.tasks, context, via)
}

/** Roles that included tasks import take part in the play as those of the playbook do. */
export function joinImported(playRun: PlayRun, entries: readonly Entry[], context: Context, via: string): void {
  for (const { use, context: inner } of importedRoles(entries, context)) {
    const there = playRun.handlers.some((handler) => handler.via === via && handler.context.role === use.role)
    if (!there) playRun.handlers.push(...handlersOfRole(use, inner).map((handler) => ({ ...handler, via })))
    if (use.public ?? !playRun.run.settings.privateRoleVars) playRun.run.vars.exposeRole(use.role)
  }
}

/** The handlers of a role of the play, those of what it depends on before its own. */
export const handlersOfRole = (use: RoleUse, context: Context): readonly Handler[] =>
  [...use.role.dependencies.flatMap((dependency) => handlersOfRole(dependency, withinRole(context, dependency))), ...handlersIn(use.role.handlers, context)]
