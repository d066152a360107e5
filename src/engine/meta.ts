import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import type { MetaRequest } from '../playbook/language-actions.ts'
import type { Task } from '../playbook/tree.ts'
import { condition } from '../template/template.ts'
import { Unreachable } from '../transport/connection.ts'
import { dict, isUnknown } from '../value/value.ts'
import { announceTask } from './announce.ts'
import { type TaskCall, callOf } from './call.ts'
import { type Context, conditions } from './context.ts'
import { type Place, Round } from './gate.ts'
import { flushHandlers } from './handlers.ts'
import { workplaceOf } from './place.ts'
import { type Flow, GO, STOP } from './run-entries.ts'
import type { HostRun, PlayRun } from './run.ts'
import { targetOf } from './target.ts'

interface Action {
  /** One host, the first, asks the condition and does it for all. */
  readonly once?: true
  /** It happens whatever its condition says, with a warning, as in Ansible. */
  readonly unconditional?: true
  /** What `-vv` says of it. */
  readonly done: string
  /** What is said when the condition is false, before the host's name or at the end. */
  readonly skipped: string
  readonly act: (call: TaskCall, place: Place) => Promise<Flow> | Flow
}

/** What `meta:` can ask for. These speak to the run itself and have no result. */
const actions: Readonly<Record<MetaRequest, Action>> = {
  noop: { unconditional: true, done: 'noop', skipped: 'doing nothing for', act: () => GO },
  flush_handlers: { done: 'triggered running handlers for', skipped: 'not running handlers for', act: ({ playRun, host }, place) => flushHandlers(playRun, host, place) },
  end_play: {
    once: true, done: 'ending play', skipped: 'continuing play',
    act: ({ playRun }) => {
      playRun.over = playRun.over === 'no' ? 'ended' : playRun.over
      return STOP
    },
  },
  end_batch: {
    once: true, done: 'ending batch', skipped: 'continuing current batch',
    act: ({ playRun }) => {
      for (const one of playRun.hosts.values()) if (one.state === 'running') one.state = 'ended'
      return STOP
    },
  },
  end_host: {
    done: 'ending play for', skipped: 'continuing execution for',
    act: ({ playRun, host }) => {
      host.state = 'ended'
      playRun.run.vars.hostLost(host.name)
      return STOP
    },
  },
  end_role: { done: 'ending role for', skipped: 'continuing role', act: () => ({ next: 'leave-role' }) },
  clear_facts: {
    once: true, done: 'facts cleared', skipped: 'not clearing facts and fact cache for',
    act: ({ playRun }) => {
      for (const name of playRun.hosts.keys()) playRun.run.vars.host(name).clearFacts()
      return GO
    },
  },
  clear_host_errors: {
    once: true, done: 'cleared host errors', skipped: 'not clearing host error state for',
    act: ({ playRun }) => {
      for (const one of playRun.hosts.values()) comeBack(playRun, one)
      return GO
    },
  },
  refresh_inventory: {
    once: true, unconditional: true, done: 'inventory successfully refreshed', skipped: 'not refreshing inventory',
    act: async ({ playRun }) => {
      await playRun.run.inventory.refresh()
      return GO
    },
  },
  reset_connection: {
    unconditional: true, done: 'reset connection', skipped: 'not resetting connection for',
    act: async (call) => {
      const { playRun: { run }, host, task, context, scope } = call
      await run.machines.drop(targetOf(host.name, scope, task, context, run.settings, run.secrets))
      // A host that is out of reach says so with the next task.
      await workplaceOf(call).catch((thrown: unknown) => {
        if (!(thrown instanceof Unreachable)) throw thrown
      })
      return GO
    },
  },
}

function comeBack({ run }: PlayRun, host: HostRun): void {
  host.failing = false
  host.cleared++
  if (host.state !== 'failed' && host.state !== 'unreachable') return
  host.state = 'running'
  run.lost.delete(host.name)
  run.vars.hostBack(host.name)
}

export async function metaTask(playRun: PlayRun, host: HostRun, task: Task, context: Context, round: Round, place: Place): Promise<Flow> {
  const name = String(task.args.get('_raw_params') ?? '')
  const action = Object.hasOwn(actions, name) ? actions[name as MetaRequest] : undefined
  if (!action) {
    const hint = didYouMean(name, Object.keys(actions))
    throw new Problem({ code: 'unknown-meta', summary: 'unknown meta action', detail: `'${name}'`, span: task.span, ...(hint ? { hint } : {}) })
  }
  // Each host has a heading of its own, as in Ansible.
  const own = new Round([host.name], action.once ? round.task : `${round.task} ${host.name}`, round.together)
  const call = callOf(playRun, host, task, context, own)
  return action.once ? round.once(() => perform(name, action, call, place)) : perform(name, action, call, place)
}

async function perform(name: string, { skipped, done, act, unconditional }: Action, call: TaskCall, place: Place): Promise<Flow> {
  announceTask(call)
  const { playRun: { run }, host, round, task } = call
  const named = (text: string): string => (text.endsWith(' for') ? `${text} ${host.name}` : text)
  const say = (text: string): void => run.emit({ type: 'meta', host: host.name, task: round.task, text })
  if (unconditional && task.when.length > 0) run.emit({ type: 'warning', text: `${name} task does not support when conditional`, span: task.span })
  if (unconditional || happens(call)) {
    say(named(done))
    return act(call, place)
  }
  const reason = `${name} conditional evaluated to False, ${named(skipped)}`
  say(reason)
  run.emit({ type: 'result', host: host.name, task: round.task, result: { status: 'skipped', outputs: dict({ msg: name, skip_reason: reason }), reason, seconds: 0 } })
  return GO
}

/** An unknown condition does not end a play: the dry run goes on, as the longer of the two ways. */
const happens = ({ task, context, scope }: TaskCall): boolean => conditions(task, context).every(({ expression, span }) => {
  const truth = condition(expression, scope, span)
  return !isUnknown(truth) && truth
})
