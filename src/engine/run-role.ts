import { toJson } from '../value/json.ts'
import type { Role, RoleUse } from '../playbook/tree.ts'
import { type Context, withinRole } from './context.ts'
import type { Place } from './gate.ts'
import { type Flow, GO, runEntries } from './run-entries.ts'
import type { HostRun, PlayRun } from './run.ts'

/** A role for one host: what it depends on first, then its tasks; a second use with the same parameters does nothing. */
export async function runRole(playRun: PlayRun, host: HostRun, use: RoleUse, context: Context, place: Place, how: { readonly dynamic: boolean; readonly public: boolean }): Promise<Flow> {
  const { role } = use
  if (how.dynamic) joinPlay(playRun, role, context, how.public)
  else if (alreadyDone(host, use)) return GO
  for (const [index, dependency] of role.dependencies.entries()) {
    const inner = withinRole(context, dependency)
    if (how.dynamic) joinPlay(playRun, dependency.role, inner, how.public)
    const flow = await runRole(playRun, host, dependency, inner, [...place, 0, index], { ...how, dynamic: false })
    if (flow.next !== 'go') return flow
  }
  const flow = await runEntries(playRun, host, role.tasks, context, [...place, 1])
  return flow.next === 'leave-role' ? GO : flow
}

/** A role runs once per play and host with the same parameters, unless it or its use says otherwise. */
export function alreadyDone(host: HostRun, { role, params, when, allowDuplicates }: RoleUse): boolean {
  if (allowDuplicates ?? role.allowDuplicates) return false
  const key = `${role.path} ${JSON.stringify(toJson(params))} ${JSON.stringify(when.map(({ expression }) => expression))}`
  if (host.rolesDone.has(key)) return true
  host.rolesDone.add(key)
  return false
}

/** The handlers of an included role can be notified from now on; its variables too where it is public. */
function joinPlay(playRun: PlayRun, role: Role, context: Context, isPublic: boolean): void {
  for (const entry of role.handlers) if (!playRun.handlers.some((handler) => handler.entry === entry)) playRun.handlers.push({ entry, context })
  if (isPublic) playRun.run.vars.exposeRole(role)
}
