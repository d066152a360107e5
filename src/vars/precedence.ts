import type { Role } from '../playbook/tree.ts'
import type { Dict } from '../value/value.ts'
import type { HostStore } from './host-store.ts'
import type { ScopeRequest } from './vars.ts'

/** Everything that has variables, before it is put in order. A part that is missing has none. */
export interface Layered {
  readonly request: ScopeRequest
  /** Roles of the play, with their dependencies: seen by all its tasks. */
  readonly exposed: readonly Role[]
  /** Of the host: inventory and files (levels 3 to 10), and the names that the inventory gives it. */
  readonly inventory: readonly Dict[]
  readonly store: HostStore | undefined
  readonly prompted: Dict | undefined
  readonly varsFiles: readonly Dict[]
}

/**
 * Variables in the order of Ansible's documentation ("Variable precedence: where should I put a variable?"), lowest first; the numbers
 * are its. Level 1 is the command line's own options, which are no variables; level 22, extra vars, is above and kept apart.
 */
export function inOrder({ request, exposed, inventory, store, prompted, varsFiles }: Layered): readonly Dict[] {
  const { play, roles, params, blockVars } = request
  const own = roles.toReversed().flatMap(withDependencies)
  return [
    ...exposed.map(({ defaults }) => defaults), ...own.map(({ defaults }) => defaults), // 2
    ...inventory, // 3-10
    ...(store ? [store.injected] : []), // 11
    play.vars, // 12
    ...(prompted ? [prompted] : []), // 13
    ...varsFiles, // 14
    ...exposed.map(({ vars }) => vars), ...own.map(({ vars }) => vars), // 15
    ...blockVars, // 16 and 17
    ...(store ? [store.included, store.set] : []), // 18 and 19
    ...params, // 20 and 21
  ].filter((layer) => layer.size > 0)
}

/** `hostvars` shows a host as it is without a play: no variables of plays, roles and tasks. */
export const outsideOfPlays = ({ inventory, store }: Pick<Layered, 'inventory' | 'store'>): readonly Dict[] =>
  [...inventory, ...(store ? [store.injected, store.included, store.set] : [])].filter((layer) => layer.size > 0)

/** A role's dependencies stand below it, in their order. */
export const withDependencies = (role: Role): readonly Role[] =>
  role.dependencies.length === 0 ? [role] : [...role.dependencies.flatMap((dependency) => withDependencies(dependency.role)), role]
