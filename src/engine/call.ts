import type { Task } from '../playbook/tree.ts'
import { evaluateTruth } from './truth.ts'
import { render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import type { Become, Target } from '../transport/connection.ts'
import { type Dict, type Value, isUnknown } from '../value/value.ts'
import { type Context, inherited } from './context.ts'
import type { Cost } from './event.ts'
import type { Round } from './gate.ts'
import type { HostRun, PlayRun } from './run.ts'
import { scopeOf } from './scopes.ts'

/** One task on one host (and, in a loop, one item): everything that its execution needs. */
export interface TaskCall {
  readonly playRun: PlayRun
  readonly host: HostRun
  readonly task: Task
  readonly context: Context
  readonly round: Round
  readonly scope: Scope
  /** How its items get where they work, once that is known to be the same for all. */
  readonly road: { known?: Road }
  /** Names of the loop around this item with their values; none outside of loops. */
  readonly item: Dict | undefined
  /** Variables that people set in the debugger: above all others. */
  readonly edited: Dict | undefined
  readonly runOnce: boolean
  /** Hosts at once; 0 for no limit of its own. */
  readonly throttle: number
  /** Seconds that the task may take (`timeout`); 0 for no limit. */
  readonly timeout: number
  /** `async`: seconds that it may take by itself, 0 for a task like any other; `poll`: seconds between two looks at it, 0 for none. */
  readonly async: number
  readonly poll: number
  readonly anyErrorsFatal: boolean
  readonly noLog: boolean
  /** In a dry run, or under `check_mode: true`. */
  readonly check: boolean
  readonly diff: boolean
  /** With `--profile`: what it has cost so far, all items of a loop together. */
  readonly spent?: Spent
  /** Asks early for what comes next. */
  readonly ahead?: () => void
  /** Hosts that facts go to, where that is not the host itself. */
  readonly facts?: readonly string[]
  readonly ignoreErrors: () => boolean
  readonly ignoreUnreachable: () => boolean
}

export interface Road {
  readonly target: Target
  readonly become: Become | undefined
}

/** Grows while the task is at work. */
export interface Spent {
  cost: Cost
  /** How many wait until the machine is reached, and since when (milliseconds). */
  reaching: number
  since: number
}

export function callOf(playRun: PlayRun, host: HostRun, task: Task, context: Context, round: Round, edited?: Dict): TaskCall {
  const scope = scopeOf(playRun, host.name, task, context, edited)
  const { settings } = playRun.run
  const flag = (keyword: 'runOnce' | 'anyErrorsFatal' | 'noLog' | 'checkMode' | 'diff' | 'ignoreErrors' | 'ignoreUnreachable', otherwise: boolean): boolean => {
    const value = inherited(task, context, keyword, scope)
    return value === undefined ? otherwise : truthOf(value, scope, otherwise)
  }
  return {
    playRun, host, task, context, round, scope, road: {}, item: undefined, edited,
    // add_host speaks of the run's inventory: one host does it for all, as in Ansible.
    runOnce: flag('runOnce', false) || task.action === 'add_host',
    throttle: numberOf(inherited(task, context, 'throttle', scope), scope),
    timeout: numberOf(inherited(task, context, 'timeout', scope) ?? settings.taskTimeout, scope),
    async: numberOf(task.async, scope),
    poll: task.poll === undefined ? (settings.pollInterval ?? 15) : numberOf(task.poll, scope),
    anyErrorsFatal: flag('anyErrorsFatal', settings.anyErrorsFatal),
    noLog: flag('noLog', settings.noLog ?? false),
    check: flag('checkMode', settings.check),
    diff: flag('diff', settings.diff),
    ignoreErrors: () => flag('ignoreErrors', false),
    ignoreUnreachable: () => flag('ignoreUnreachable', false),
  }
}

/** The call of one loop item. */
export function itemCall(call: TaskCall, item: Dict): TaskCall {
  const scope = scopeOf(call.playRun, call.host.name, call.task, call.context, call.edited ? new Map([...call.edited, ...item]) : item)
  // `no_log` may look at the item.
  const noLog = inherited(call.task, call.context, 'noLog', scope)
  const { task } = call
  const itsOwn = { async: task.async === undefined ? 0 : numberOf(task.async, scope), poll: task.poll === undefined ? call.poll : numberOf(task.poll, scope) }
  return { ...call, ...itsOwn, item, scope, noLog: noLog === undefined ? (call.playRun.run.settings.noLog ?? false) : truthOf(noLog, scope, true) }
}

function truthOf(value: Value, scope: Scope, otherwise: boolean): boolean {
  const truth = evaluateTruth(render(value, scope))
  return isUnknown(truth) ? otherwise : truth
}

function numberOf(value: Value | undefined, scope: Scope): number {
  const rendered = value === undefined ? 0 : render(value, scope)
  return isUnknown(rendered) ? 0 : Number(rendered) || 0
}
