import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import type { Task } from '../playbook/tree.ts'
import { condition } from '../template/template.ts'
import { isUnknown } from '../value/value.ts'
import { type Context, conditions } from './context.ts'
import type { Place } from './gate.ts'
import { flushHandlers } from './handlers.ts'
import { workplaceOf } from './place.ts'
import { type Flow, GO, STOP } from './run-entries.ts'
import { type HostRun, type PlayRun, tallyOf } from './run.ts'
import { scopeOf } from './scopes.ts'
import { callOf } from './call.ts'
import { Round } from './gate.ts'
import { targetOf } from './target.ts'

type Act = (playRun: PlayRun, host: HostRun, task: Task, context: Context, place: Place) => Promise<Flow> | Flow

/** What `meta:` can ask for. These speak to the run itself and have no result. */
const actions: Readonly<Record<string, Act>> = {
  noop: () => GO,
  flush_handlers: (playRun, host, _task, _context, place) => flushHandlers(playRun, host, place),
  end_play: (playRun) => {
    playRun.over = playRun.over === 'no' ? 'ended' : playRun.over
    return STOP
  },
  end_batch: (playRun) => {
    for (const one of playRun.hosts.values()) if (one.state === 'running') one.state = 'ended'
    return STOP
  },
  end_host: (_playRun, host) => {
    host.state = 'ended'
    return STOP
  },
  end_role: () => ({ next: 'leave-role' }),
  clear_facts: (playRun, host) => {
    playRun.run.vars.host(host.name).clearFacts()
    return GO
  },
  clear_host_errors: (playRun) => {
    for (const one of playRun.hosts.values()) if (one.state === 'failed' || one.state === 'unreachable') one.state = 'running'
    return GO
  },
  refresh_inventory: async (playRun) => {
    await playRun.run.inventory.refresh()
    return GO
  },
  reset_connection: async (playRun, host, task, context) => {
    const scope = scopeOf(playRun, host.name, task, context, undefined)
    await playRun.run.machines.drop(targetOf(host.name, scope, task, context, playRun.run.settings, playRun.run.secrets))
    await workplaceOf(callOf(playRun, host, task, context, new Round([host.name], 'reset')))
    return GO
  },
}

export async function metaTask(playRun: PlayRun, host: HostRun, task: Task, context: Context, place: Place): Promise<Flow> {
  const name = String(task.args.get('_raw_params') ?? '')
  const perform = actions[name]
  if (!perform) {
    const hint = didYouMean(name, Object.keys(actions))
    throw new Problem({ code: 'unknown-meta', summary: 'unknown meta action', detail: `'${name}'`, span: task.span, ...(hint ? { hint } : {}) })
  }
  if (!happens(playRun, host, task, context)) {
    tallyOf(playRun.run, host.name).skipped++
    return GO
  }
  return perform(playRun, host, task, context, place)
}

/** An unknown condition does not end a play: the dry run goes on, as the longer of the two ways. */
function happens(playRun: PlayRun, host: HostRun, task: Task, context: Context): boolean {
  const scope = scopeOf(playRun, host.name, task, context, undefined)
  return conditions(task, context).every(({ expression, span }) => {
    const truth = condition(expression, scope, span)
    return !isUnknown(truth) && truth
  })
}
