import type { Value } from '../value/value.ts'

/** What the command line and the settings files ask of a run, as the engine needs it. Durations are seconds. */
export interface RunSettings {
  /** Dry run (`-C`), diffs (`-D`). */
  readonly check: boolean
  readonly diff: boolean
  readonly verbosity: number
  readonly forks: number
  /** `--limit` patterns, joined; undefined for all. */
  readonly limit?: string
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly startAtTask?: string
  readonly step: boolean
  readonly forceHandlers: boolean
  readonly anyErrorsFatal: boolean
  /** Whether a notification that no handler answers ends the run; else it is a warning. */
  readonly errorOnMissingHandler: boolean
  readonly gathering: 'implicit' | 'explicit' | 'smart'
  readonly extraVars: ReadonlyMap<Value, Value>
  /** Defaults below the connection variables of hosts and the keywords of plays. */
  readonly remoteUser?: string
  readonly privateKeyFile?: string
  readonly connection: string
  /** Of the first playbook: local commands start there. */
  readonly playbookDirectory?: string
  readonly timeout: number
  readonly hostKeyChecking: boolean
  readonly sshCommonArgs?: string
  readonly sshExtraArgs?: string
  readonly connectionPassword?: string
  readonly port?: number
  readonly become: boolean
  readonly becomeMethod: string
  readonly becomeUser: string
  readonly becomePassword?: string
  readonly becomeProgram?: string
  readonly becomeFlags?: string
  readonly strategy: string
  /** `gather_subset` of plays that say none: what the run can ask for; without it all. */
  readonly factSubset?: readonly string[]
  /** Say where the time went. */
  readonly profile?: boolean
  /** The dry run of the same inputs first, compared with what happened. */
  readonly audit: boolean
  /** The task debugger for what fails, also where that is ignored. */
  readonly taskDebugger?: boolean
  readonly debugIgnored?: boolean
  /** Variables of roles that nothing says `public` of are seen by these roles alone, or by all; not set, `include_role` keeps them and imports show them. */
  readonly privateRoleVars?: boolean
  /** Ask hosts about coming tasks early. Off for tests that compare. */
  readonly lookAhead: boolean
  readonly rolesPath: readonly string[]
  /** Seconds between two looks at a task with `async`, and where hosts keep such tasks. */
  readonly pollInterval?: number
  readonly asyncDirectory?: string
  /** Results are shown of no task that does not say `no_log: false`. */
  readonly noLog?: boolean
  /** For tasks without a `timeout` of their own. */
  readonly taskTimeout?: number
  /** What `ansible_managed` says in templates: `{file}`, `{host}`, `{uid}` and the codes of strftime are filled in. */
  readonly managed?: string
  /** `jinja2_native: false`, said explicitly: `set_fact` takes the words yes, no, true and false for booleans, as it did up to 2.18. */
  readonly factsFromWords?: boolean
  readonly hashBehaviour: 'replace' | 'merge'
}
