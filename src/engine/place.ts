import { render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import type { Machine } from '../host/machine.ts'
import type { Become, Target } from '../transport/connection.ts'
import { isUnknown } from '../value/value.ts'
import { Problem } from '../problem/problem.ts'
import type { TaskCall } from './call.ts'
import { inherited } from './context.ts'
import { scopeOf } from './scopes.ts'
import { becomeOf, targetOf } from './target.ts'

/** Where a task's module works: the machine, the user there, and the name of the host if it is delegated. */
export interface Workplace {
  readonly machine: Machine
  readonly become: Become | undefined
  readonly delegatedTo?: string
}

export async function workplaceOf(call: TaskCall): Promise<Workplace> {
  const { playRun: { run }, task, context, scope, host } = call
  const delegatedTo = delegateOf(call)
  const where: Scope = delegatedTo === undefined ? scope : scopeOf(call.playRun, delegatedTo, task, context, call.item)
  const target = targetOf(delegatedTo ?? host.name, where, task, context, run.settings, run.secrets)
  const become = becomeOf(where, task, context, run.settings, run.secrets)
  return { machine: await reach(call, target), become, ...(delegatedTo === undefined ? {} : { delegatedTo }) }
}

async function reach({ playRun: { run }, spent }: TaskCall, target: Target): Promise<Machine> {
  const began = performance.now()
  try {
    return await run.machines.get(target)
  } finally {
    if (spent) spent.cost = { ...spent.cost, connecting: spent.cost.connecting + (performance.now() - began) / 1000 }
  }
}

/** `delegate_to`, where it names another host. */
export function delegateOf({ task, context, scope }: TaskCall): string | undefined {
  const wanted = inherited(task, context, 'delegateTo')
  if (wanted === undefined || wanted === null) return undefined
  const name = render(wanted, scope)
  if (isUnknown(name)) throw new Problem({ code: 'unknown-delegate', summary: 'whom the task is delegated to is not known in a dry run', detail: name.reason, span: task.span })
  return name === null || name === '' || (typeof name === 'object' && 'opaque' in name) ? undefined : String(name)
}
