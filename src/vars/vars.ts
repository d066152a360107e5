import type { Home, Play, Role } from '../playbook/tree.ts'
import type { Scope } from '../template/scope.ts'
import type { Dict, Value } from '../value/value.ts'

/**
 * The variables of a run, as the engine asks for them (the engine in src/engine is written against exactly this; `createVars`
 * makes one). Lazy and layered: a scope looks names up through the levels of precedence, it never merges them.
 */
export interface Vars {
  host(name: string): HostVars
  /** A play begins: its `vars`, its `vars_files` (found and loaded for each host when first asked, for their names may hold templates), the answers to `vars_prompt`. */
  beginPlay(play: Play, prompted: Dict, loader: { vars(file: string, lists?: boolean): Dict }): Promise<void> | void
  /** A batch begins: `ansible_play_hosts`, `ansible_play_batch` and the like. */
  beginBatch(play: Play, allHosts: readonly string[], batch: readonly string[]): void
  /** A host left the play: it is no longer in `ansible_play_hosts` and `ansible_play_batch`. */
  hostLost(name: string): void
  /** `meta: clear_host_errors`: it is one of them again. */
  hostBack(name: string): void
  /** `include_role` with `public`, and static roles: defaults and vars are seen by the rest of the play. */
  exposeRole(role: Role): void
  scope(request: ScopeRequest): Scope
}

export interface ScopeRequest {
  /** Undefined: the play itself (its `hosts`, `name`, `serial`): extra vars, play vars, magic variables, no host. */
  readonly host: string | undefined
  readonly play: Play
  /** Roles around the task, innermost first; empty outside of roles. Their defaults and vars are seen. */
  readonly roles: readonly Role[]
  /** Parameters of the roles and variables of the includes around the task, outermost first. */
  readonly params: readonly Dict[]
  /** `vars` of blocks and the task, outermost first. */
  readonly blockVars: readonly Dict[]
  /** Names of the loop, `register` of the task itself while it is judged: above everything but extra vars. */
  readonly item: Dict | undefined
  /** Where the task stands, for lookups' file search. */
  readonly home: Home | undefined
  /** Directories to search for a subdirectory ('files', 'templates', 'vars'), best first. */
  readonly searchPaths: (subdirectory: string) => readonly string[]
  /** The subdirectory where `first_found` looks; 'files' without it. */
  readonly firstFound?: string
  /** What a name of the connection means where no variable says it; `defined` asks for a variable. */
  readonly connection?: (name: string, defined: (name: string) => Value | undefined) => Value | undefined
  readonly warn: (text: string, span?: import('../problem/problem.ts').Span) => void
}

/** What a host gathers on its way: levels 11 to 21 of the documentation's list. */
export interface HostVars {
  /** Facts: `ansible_facts` and, injected, `ansible_NAME`. Keys come without the prefix or with it. */
  addFacts(facts: Dict): void
  clearFacts(): void
  readonly hasFacts: boolean
  readonly gathered: boolean
  /** `set_fact`. */
  setFacts(facts: Dict): void
  register(name: string, value: Value): void
  includeVars(vars: Dict): void
}
