import type { Shell } from '../transport/connection.ts'
import type { Unknown } from '../value/value.ts'

/**
 * A kind of thing on a host that can be asked for by key: a unit, a package, a user, a sysctl.
 * One load answers all keys that were asked for in one turn of the event loop, so many reads are one script.
 */
export interface Resource<State> {
  readonly kind: string
  /** The states of the keys, in their order. Reads only. */
  readonly load: (shell: Shell, keys: readonly string[]) => Promise<readonly State[]>
  /**
   * In a dry run, what a state that was read becomes in the planned world, where no task planned this very key: a unit that
   * is not there is unknown once a package install is planned. Without it, what was read stands.
   */
  readonly foresee?: (key: string, found: State, planned: Planned) => State | Unknown | Promise<State | Unknown>
}

/** What a dry run has planned so far on one machine, as far as it can reach things that no task names. */
export interface Planned {
  /** Packages that planned tasks install, upgrade or remove: sentence for reasons ("installed by task 'web server'"). */
  readonly packages: readonly PlannedPackage[]
  /** Whether some planned step writes, removes or links a file at or below the path; the sentence of the first one. */
  touches(path: string): string | undefined
  /** Everything planned of one kind, by key. */
  of(kind: string): ReadonlyMap<string, unknown>
  /** What the plan makes of exactly this path, where it says something about it. */
  file?(path: string): 'absent' | 'there' | 'unknown' | undefined
  /** Whether some planned file's path ends so. */
  named?(ending: string): boolean
  /** What the packages of the plan bring, read from the packages themselves; missing where nothing of the kind is planned. */
  readonly foresight?: Foresight | undefined
}

/** What packages that are planned will bring: asked of the packages themselves. `undefined`: they leave it alone. */
export interface Foresight {
  unit(name: string): Promise<{ readonly exists: true; readonly by: string; readonly enabled?: boolean } | Unknown | undefined>
  user(name: string): Promise<Unknown | undefined>
  group(name: string): Promise<Unknown | undefined>
  /** A path: what the packages put there. `passing`: only as a directory on the way, whose attributes are no matter. */
  file(path: string, passing?: boolean): Promise<import('./file.ts').FileState | Unknown | undefined>
  /** The bytes of a file that they put there. */
  content(path: string): Promise<Buffer | Unknown | undefined>
}

export interface PlannedPackage {
  readonly name: string
  readonly action: 'install' | 'remove'
  readonly version?: string
  readonly source?: import('./package.ts').PackageSource
  /** The task that plans it may not happen. */
  readonly doubtful?: boolean
  /** The task that plans it, as "task 'NAME'". */
  readonly by: string
}

/** What a step leaves behind: the state of one key of one kind. */
export interface Effect {
  readonly resource: Resource<any>
  readonly key: string
  readonly state: unknown
}

/** "After this step, `key` is `state`." */
export const leaves = <State>(resource: Resource<State>, key: string, state: State | Unknown): Effect => ({ resource, key, state })
