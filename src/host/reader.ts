import type { ShellReply } from '../transport/connection.ts'
import type { Unknown } from '../value/value.ts'
import type { Resource } from './resource.ts'

/**
 * What a module sees of a machine while it probes: it can only look. Reads asked for in one turn of the event loop travel
 * together. In a dry run the planned world is seen: what earlier tasks planned, or `Unknown` where that cannot be told.
 */
export interface Reader {
  /** Whether the planned world of a dry run is seen. Only for what a real run must not read because it is about to do it. */
  readonly planned: boolean
  /** Who planned the first change of the planned world ("task 'NAME'"); undefined where the machine still is as it is. */
  readonly changing: string | undefined
  /** The state of one key of one kind. */
  get<State>(resource: Resource<State>, key: string): Promise<State | Unknown>
  /**
   * A script that only reads, for what no resource models. `inputs` are the paths it depends on; in a dry run the answer is
   * unknown once a planned step touched one of them. `'anything'` says that any planned change could reach it. `now`: not from
   * memory, for the answer changes by itself.
   */
  run(script: string, inputs: readonly string[] | 'anything', options?: ReadOptions): Promise<ShellReply | Unknown>
  /** Who the task acts as on this machine. */
  whoami(): Promise<Identity>
}

export interface ReadOptions {
  /** Seconds. */
  readonly timeout?: number
  readonly now?: true
}

/** The user a shell runs as, with what decides the defaults of new files. */
export interface Identity {
  readonly user: string
  readonly uid: number
  readonly group: string
  readonly gid: number
  readonly home: string
  /** All groups of the user: a file may be given to any of them without being root. */
  readonly groups: readonly string[]
  /** Where commands start, and what relative paths are relative to. */
  readonly directory: string
  /** Bits taken away from new files. */
  readonly umask: number
}
