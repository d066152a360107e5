import { render } from '../template/template.ts'
import { isDict, isUnknown } from '../value/value.ts'
import type { TaskCall } from './call.ts'
import { evaluateTruth } from './truth.ts'
import { inherited } from './context.ts'
import type { TaskResult } from './task-result.ts'

/** Facts in a result go to the host, to the delegated host with `delegate_facts`, or to all hosts of a `run_once`. */
export function applyFacts(call: TaskCall, { outputs }: TaskResult): void {
  const found = outputs.get('ansible_facts')
  if (!isDict(found)) return
  for (const host of hostsOfFacts(call)) call.playRun.run.vars.host(host).addFacts(found)
}

/** Whom facts and variables of a task belong to. */
export function hostsOfFacts({ task, context, scope, runOnce, round, host }: TaskCall): readonly string[] {
  const delegated = inherited(task, context, 'delegateTo')
  const wanted = inherited(task, context, 'delegateFacts')
  if (delegated !== undefined && wanted !== undefined && evaluateTruth(render(wanted, scope)) === true) {
    const name = render(delegated, scope)
    return isUnknown(name) ? [] : [String(name)]
  }
  return runOnce ? round.hosts : [host.name]
}
