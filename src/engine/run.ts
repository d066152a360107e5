import type { Module } from '../contract/define-module.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Block, Entry, Home, Play, Playbook, Role, RoleUse, Task } from '../playbook/tree.ts'
import type { Secrets } from '../text/secrets.ts'
import type { Connect } from '../transport/connection.ts'
import type { Dict, Unknown, Value } from '../value/value.ts'
import type { Vars } from '../vars/vars.ts'
import type { RunEvent, Tally } from './event.ts'
import type { Background } from './background.ts'
import type { Machines } from './machines.ts'
import type { RunSettings } from './settings.ts'
import type { Semaphore } from './semaphore.ts'
import type { Gate } from './gate.ts'

/** Modules by name, and those of a project by the path of their file; loaded when first used. */
export interface ModuleRegistry {
  get(key: string): (() => Promise<Module>) | undefined
}

/** How people are asked: `pause`, `vars_prompt`, `--step`. Answers undefined where nobody is there to ask. */
export type Ask = (question: string, options: { readonly secret?: boolean; readonly seconds?: number }) => Promise<string | undefined>

/** Everything that reads more of the tree while the run goes on: dynamic includes. */
export interface Loader {
  tasks(file: string, home: Home, handlers: boolean): readonly Entry[]
  role(name: string, home: Home, parts: { readonly tasksFrom?: string; readonly varsFrom?: string; readonly defaultsFrom?: string; readonly handlersFrom?: string }): Role
  vars(file: string): Dict
}

/** What the caller gives. */
export interface RunRequest {
  readonly playbooks: readonly Playbook[]
  readonly inventory: Inventory
  readonly settings: RunSettings
  readonly modules: ModuleRegistry
  readonly connect: Connect
  readonly loader: Loader
  readonly emit: (event: RunEvent) => void
  readonly ask: Ask
  readonly signal: AbortSignal
  readonly secrets: Secrets
  /** Opens text in the Vault format, for `copy` of vaulted files and the `unvault` lookup. */
  readonly openVault: (text: string) => string
  readonly vars: Vars
}

/** One run: what its parts share. */
export interface Run extends RunRequest {
  readonly machines: Machines
  readonly background: Background
  readonly tallies: Map<string, Tally>
  readonly workers: Semaphore
  readonly customStats: Map<Value, Value>
  /** Whether any play matched any host. */
  reached: boolean
}

/** One host on its way through a play. */
export interface HostRun {
  readonly name: string
  state: 'running' | 'failed' | 'unreachable' | 'ended'
  /** Handlers owed, in no order: they run in the order of their definition. */
  readonly owed: Set<Task>
  /** Handlers that only an unknown task owes: they may or may not run. */
  readonly doubtful: Map<Task, Unknown>
  /** Roles done in this play, by name and parameters. */
  readonly rolesDone: Set<string>
  /** In a dry run: the first task of which it is unknown what variables it sets. What is undefined after it may be defined in the real run. */
  clouded: string | undefined
  /** Tasks in a row that changed nothing: how far it pays to look ahead. */
  calm: number
}

/** One play on one batch of hosts. */
export interface PlayRun {
  readonly run: Run
  readonly play: Play
  readonly hosts: ReadonlyMap<string, HostRun>
  /** Names of all hosts of the play, and of this batch, in order. */
  readonly allHosts: readonly string[]
  readonly batch: readonly string[]
  gate: Gate
  /** Handlers of the play and its roles, in order; grows with `include_role`. */
  readonly handlers: { readonly entry: Task | Block; readonly context: import('./context.ts').Context }[]
  readonly roleUses: readonly RoleUse[]
  /** `end_play`, `any_errors_fatal`, or too many failures: nobody goes on. */
  over: 'no' | 'ended' | 'failed'
  readonly throttles: Map<Task, Semaphore>
}

export const newTally = (): Tally => ({ ok: 0, changed: 0, unknown: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 })

export function tallyOf(run: Run, host: string): Tally {
  let tally = run.tallies.get(host)
  if (!tally) run.tallies.set(host, (tally = newTally()))
  return tally
}
