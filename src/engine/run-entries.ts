import type { Block, Entry, Task } from '../playbook/tree.ts'
import { type Value, dict } from '../value/value.ts'
import { type Context, withinBlock } from './context.ts'
import { alreadyDone, leaveRole } from './run-role.ts'
import type { Place } from './gate.ts'
import type { HostRun, PlayRun } from './run.ts'
import { runTask } from './run-task.ts'

/** How a part of a play ended for a host: on with the next, failed (a rescue may catch it; without a `failure` of its own it was another host's), out of this role, or out of the play. */
export type Flow = { readonly next: 'go' } | { readonly next: 'failed'; readonly failure?: { readonly task: Task; readonly result: Value } } | { readonly next: 'leave-role' } | { readonly next: 'stop' }

export const GO: Flow = { next: 'go' }
export const STOP: Flow = { next: 'stop' }

/** One host's way through tasks and blocks in order. */
export async function runEntries(playRun: PlayRun, host: HostRun, entries: readonly Entry[], context: Context, place: Place): Promise<Flow> {
  for (const [index, entry] of entries.entries()) {
    const here = [...place, index]
    const flow = entry.kind === 'block' ? await runBlock(playRun, host, entry, context, here) : await runTask(playRun, host, entry, context, here, { entries, index })
    if (flow.next !== 'go') return flow
  }
  return GO
}

/** `block`, then `rescue` where it failed, then `always` whatever happened. */
async function runBlock(playRun: PlayRun, host: HostRun, block: Block, context: Context, place: Place): Promise<Flow> {
  if (block.importedRole && alreadyDone(host, block.importedRole)) return GO
  const rescues = block.rescue.length > 0
  let flow = await runEntries(playRun, host, block.block, withinBlock(context, block, context.rescuable || rescues), [...place, 0])
  if (flow.next === 'failed' && rescues) {
    if (flow.failure) rememberFailure(playRun, host, flow.failure.task, flow.failure.result)
    flow = await runEntries(playRun, host, block.rescue, withinBlock(context, block), [...place, 1])
  }
  if (block.importedRole) flow = leaveRole(host, block.importedRole, flow)
  if (block.always.length === 0 || flow.next === 'stop') return flow
  const { cleared } = host
  const last = await runEntries(playRun, host, block.always, withinBlock(context, block), [...place, 2])
  if (last.next !== 'go') return last
  return flow.next === 'failed' && host.cleared > cleared ? GO : flow
}

const failedTask = (task: Task): Value => dict({ name: task.name, action: task.actionAsWritten, args: task.args })

function rememberFailure({ run }: PlayRun, host: HostRun, task: Task, result: Value): void {
  const vars = run.vars.host(host.name)
  vars.register('ansible_failed_task', failedTask(task))
  vars.register('ansible_failed_result', result)
}
