import { render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import { Machine } from '../host/machine.ts'
import { awaitedConnection } from '../transport/awaited-connection.ts'
import { type Become, type Target, Unreachable } from '../transport/connection.ts'
import { type Value, isUnknown } from '../value/value.ts'
import { Problem } from '../problem/problem.ts'
import type { Road, TaskCall } from './call.ts'
import { inherited } from './context.ts'
import { overScope, scopeOf } from './scopes.ts'
import { becomeOf, targetOf } from './target.ts'
import { nameOf } from './task-result.ts'

/** Where a task's module works: the machine, the user there, and the name of the host if it is delegated. */
export interface Workplace {
  readonly machine: Machine
  readonly become: Become | undefined
  readonly delegatedTo?: string
}

/** `awaited`: the task waits for the host, so that one that does not answer is a place, too. */
export async function workplaceOf(call: TaskCall, awaited = false): Promise<Workplace> {
  const { playRun, task, context, scope, host } = call
  const delegatedTo = delegateOf(call)
  const where: Scope = delegatedTo === undefined ? scope : scopeOf(playRun, delegatedTo, task, context, call.item)
  const { target, become } = roadOf(call, delegatedTo ?? host.name, where)
  // In a dry run nobody waited for it: asking again for each task would only take time.
  const lost = delegatedTo === undefined ? host.awaited?.unreachable : undefined
  const machine = lost ? Promise.reject(lost) : reach(call, target)
  return { machine: await machine.catch((thrown: unknown) => (awaited && thrown instanceof Unreachable ? awaitedMachine(call, thrown, target) : Promise.reject(thrown))), become, ...(delegatedTo === undefined ? {} : { delegatedTo }) }
}

/** How a task gets where it works. The items of a loop are asked once, unless a template may answer each of them otherwise. */
function roadOf(call: TaskCall, name: string, where: Scope): Road {
  const { playRun: { run }, task, context, host, item, road } = call
  if (road.known && item && name === host.name) return road.known
  let plain = name === host.name && ![...(item?.keys() ?? [])].some((key) => CONNECTION_NAME.test(String(key)) && !OF_THE_LOOP.has(key))
  const watched = overScope(where, (variable) => {
    const value = where.get(variable)
    plain &&= CONNECTION_NAME.test(variable) && (Array.isArray(value) ? value : [value]).every((one) => one === null || typeof one !== 'object')
    return value
  })
  const found = { target: targetOf(name, watched, task, context, run.settings, run.secrets), become: becomeOf(watched, task, context, run.settings, run.secrets) }
  if (plain) road.known = found
  return found
}

const CONNECTION_NAME = /^(?:ansible|tutti)_/
/** What every item brings says nothing of the way. */
const OF_THE_LOOP: ReadonlySet<Value> = new Set(['ansible_loop_var', 'ansible_index_var', 'ansible_loop'])

async function reach({ playRun: { run }, spent }: TaskCall, target: Target): Promise<Machine> {
  if (!spent || run.machines.isReached(target)) return run.machines.get(target)
  // Items that are looked at early wait together.
  if (spent.reaching++ === 0) spent.since = performance.now()
  try {
    return await run.machines.get(target)
  } finally {
    if (--spent.reaching === 0) spent.cost = { ...spent.cost, connecting: spent.cost.connecting + (performance.now() - spent.since) / 1000 }
  }
}

function awaitedMachine({ playRun: { run }, task, host }: TaskCall, unreachable: Unreachable, target: Target): Machine {
  if (run.settings.check) host.awaited ??= { by: nameOf({ task }), unreachable }
  return new Machine(awaitedConnection(async () => (await run.machines.get(target)).connection, unreachable))
}

/** `delegate_to`, where it names another host. */
export function delegateOf({ task, context, scope }: TaskCall): string | undefined {
  const wanted = inherited(task, context, 'delegateTo')
  if (wanted === undefined || wanted === null) return undefined
  const name = render(wanted, scope)
  if (isUnknown(name)) throw new Problem({ code: 'unknown-delegate', summary: 'whom the task is delegated to is not known in a dry run', detail: name.reason, span: task.span })
  return name === null || name === '' || (typeof name === 'object' && 'opaque' in name) ? undefined : String(name)
}
