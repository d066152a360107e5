import type { Module } from '../contract/define-module.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Entry, Home, Play, Playbook, Role, RoleUse, Task } from '../playbook/tree.ts'
import type { Secrets } from '../text/secrets.ts'
import type { Connect, Unreachable } from '../transport/connection.ts'
import type { Dict, Unknown, Value } from '../value/value.ts'
import type { Vars } from '../vars/vars.ts'
import type { RunEvent, Tally } from './event.ts'
import type { Background } from './background.ts'
import type { Machines } from './machines.ts'
import type { RunSettings } from './settings.ts'
import type { Semaphore } from '../transport/semaphore.ts'
import type { Context } from './context.ts'
import type { Gate } from './gate.ts'

/** Modules by name, and those of a project by the path of their file; loaded when first used. */
export interface ModuleRegistry {
  get(key: string): (() => Promise<Module>) | undefined
}

/** How people are asked: `pause`, `vars_prompt`, `--step`. Answers undefined where nobody is there to ask. */
export type Ask = (question: string, options: { readonly secret?: boolean; readonly seconds?: number; readonly pausing?: boolean }) => Promise<string | undefined>

/** Everything that reads more of the tree while the run goes on: dynamic includes. */
export interface Loader {
  tasks(file: string, home: Home, handlers: boolean): readonly Entry[]
  role(name: string, home: Home, parts: { readonly tasksFrom?: string; readonly varsFrom?: string; readonly defaultsFrom?: string; readonly handlersFrom?: string; readonly validate?: boolean }): Role
  vars(file: string, lists?: boolean): Dict
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
  /** What a dry run has planned for the controller itself, by keys of the modules that keep something there. */
  readonly planned: Map<string, unknown>
  /** Hosts that failed or were lost take part in no later play. */
  readonly lost: Map<string, 'failed' | 'unreachable'>
  /** Whether any play matched any host. */
  reached: boolean
}

/** One host on its way through a play. */
export interface HostRun {
  readonly name: string
  state: 'running' | 'failed' | 'unreachable' | 'ended'
  /** What was notified since the handlers ran, by the words of `notify`. */
  readonly notified: Map<string, Notice>
  /** Handlers owed, in no order: they run in the order of their definition. */
  readonly owed: Set<Handler>
  /** Of these, those that only an unknown task owes: they may or may not run. */
  readonly doubtful: Map<Task, Unknown>
  /** Handlers are running. */
  flushing: boolean
  /** Another host's failure is this one's too; it does not know yet. */
  doomed: boolean
  /** It failed for good: what still runs is `always` and forced handlers. */
  failing: boolean
  /** How often `clear_host_errors` forgave it: a failure from before does not count after. */
  cleared: number
  /** Roles done in this play, with the parameters of each time. */
  readonly rolesDone: Set<string>
  /** Roles of which some task was not skipped: only these count as done. */
  readonly rolesRan: Set<string>
  /** In a dry run: the first task of which it is unknown what variables it sets. What is undefined after it may be defined in the real run. */
  clouded: string | undefined
  /** In a dry run: a task of that name waits for the host, which does not answer. */
  awaited?: { readonly by: string; readonly unreachable: Unreachable }
  /** Tasks in a row that changed nothing: how far it pays to look ahead. */
  calm: number
}

/** A handler, with what surrounds it. */
export interface Handler {
  readonly task: Task
  readonly context: Context
  /** The use of a role that brought it, so that many hosts bring it once. */
  readonly via?: string
}

/** Which task notified; with the doubt where it is unknown whether it changed anything. */
export interface Notice {
  readonly task: string
  readonly doubt?: Unknown
}

/** One play on one batch of hosts. */
export interface PlayRun {
  readonly run: Run
  readonly play: Play
  readonly hosts: ReadonlyMap<string, HostRun>
  /** Names of all hosts of the play, and of this batch, in order. */
  readonly allHosts: readonly string[]
  readonly batch: readonly string[]
  readonly gate: Gate
  /** Handlers of its roles and of the play, in order; grows with `include_role`. */
  readonly handlers: Handler[]
  readonly roleUses: readonly RoleUse[]
  /** `end_play`, or too many failures: no play follows the latter. */
  over: 'no' | 'ended' | 'failed'
  readonly throttles: Map<Task, Semaphore>
}

export const newTally = (): Tally => ({ ok: 0, changed: 0, unknown: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 })

export function tallyOf(run: Run, host: string): Tally {
  let tally = run.tallies.get(host)
  if (!tally) run.tallies.set(host, (tally = newTally()))
  return tally
}
