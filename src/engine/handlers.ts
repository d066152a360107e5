import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import type { Block, Task } from '../playbook/tree.ts'
import { render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import { type Value, isUnknown, unknown } from '../value/value.ts'
import { taskName } from './announce.ts'
import type { TaskCall } from './call.ts'
import { type Context, withinBlock } from './context.ts'
import type { Place } from './gate.ts'
import { type Flow, GO, runEntries } from './run-entries.ts'
import type { HostRun, PlayRun } from './run.ts'
import { scopeOf } from './scopes.ts'
import { type TaskResult, nameOf } from './task-result.ts'

type Handler = PlayRun['handlers'][number]

/** A task that changed owes its handlers: by name the one defined last, by topic all that listen. */
export function notifyHandlers(call: TaskCall, { status, reason }: TaskResult): void {
  for (const name of notifications(call)) {
    const handlers = handlersFor(call.playRun, name, call)
    for (const handler of handlers) {
      if (handler.entry.kind !== 'task') continue
      const { owed, doubtful } = call.host
      if (status === 'changed') doubtful.delete(handler.entry)
      else if (!owed.has(handler.entry)) doubtful.set(handler.entry, unknown(`it is notified by task '${nameOf(call)}' (${reason})`))
      if (owed.has(handler.entry)) continue
      owed.add(handler.entry)
      call.playRun.run.emit({ type: 'notified', host: call.host.name, handler: name, task: call.round.task })
    }
  }
}

function notifications({ task, context, scope }: TaskCall): readonly string[] {
  const all = [...task.notify]
  for (let at: Context | undefined = context; at; at = at.parent) if ('notify' in at.node) all.push(...(at.node as Block).notify)
  return all.flatMap((value) => {
    const rendered = render(value, scope)
    return isUnknown(rendered) ? [] : Array.isArray(rendered) ? (rendered as readonly Value[]).map(String) : [String(rendered)]
  })
}

function handlersFor(playRun: PlayRun, wanted: string, call: TaskCall): readonly Handler[] {
  const named = [...tasksOf(playRun.handlers)].filter(({ handler, task }) => namesOf(playRun, call.host, handler, task).includes(wanted))
  const listening = [...tasksOf(playRun.handlers)].filter(({ task }) => task.listen.some((topic) => topicsOf(topic, call.scope).includes(wanted)))
  const found = [...named.slice(-1), ...listening].map(({ handler, task }) => ({ ...handler, entry: task }))
  if (found.length > 0) return found
  const known = [...tasksOf(playRun.handlers)].flatMap(({ task }) => (typeof task.name === 'string' ? [task.name] : []))
  const hint = didYouMean(wanted, known)
  throw new Problem({ code: 'unknown-handler', summary: 'a handler that is notified does not exist', detail: `'${wanted}'`, span: call.task.span, ...(hint ? { hint } : {}) })
}

const topicsOf = (topic: Value, scope: Scope): readonly string[] => {
  const rendered = render(topic, scope)
  return Array.isArray(rendered) ? (rendered as readonly Value[]).map(String) : [String(rendered)]
}

/** Handlers as tasks, those inside blocks too. */
function* tasksOf(handlers: readonly Handler[]): Generator<{ handler: Handler; task: Task }> {
  for (const handler of handlers) {
    if (handler.entry.kind === 'task') yield { handler, task: handler.entry }
    else for (const { task } of tasksOf(handler.entry.block.map((entry) => ({ entry, context: withinBlock(handler.context, handler.entry as Block) })))) yield { handler, task }
  }
}

function namesOf(playRun: PlayRun, host: HostRun, { context }: Handler, task: Task): readonly string[] {
  if (task.name === null) return []
  const name = typeof task.name === 'string' ? task.name : taskName({ task: { ...task, home: { directory: task.home.directory } }, scope: scopeOf(playRun, host.name, task, context, undefined) })
  const role = task.home.role?.name
  return role ? [name, `${role} : ${name}`, `${role.split('.').at(-1)} : ${name}`] : [name]
}

/** Runs the handlers that a host owes, in the order of their definition; what they notify in turn comes after. */
export async function flushHandlers(playRun: PlayRun, host: HostRun, place: Place): Promise<Flow> {
  for (let pass = 0; host.owed.size > 0 && pass < 100; pass++) {
    for (const [index, { entry, context }] of playRun.handlers.entries()) {
      const flow = await flushOne(playRun, host, entry, context, [...place, pass, index])
      if (flow.next !== 'go') return flow
    }
  }
  return GO
}

async function flushOne(playRun: PlayRun, host: HostRun, entry: Task | Block, context: Context, place: Place): Promise<Flow> {
  if (entry.kind === 'block') {
    for (const [index, inner] of entry.block.entries()) {
      const flow = await flushOne(playRun, host, inner, withinBlock(context, entry), [...place, index])
      if (flow.next !== 'go') return flow
    }
    return GO
  }
  if (!host.owed.delete(entry)) return GO
  // A handler runs because it was notified: tags do not choose among handlers.
  const flow = await runEntries(playRun, host, [entry], context, place)
  host.doubtful.delete(entry)
  return flow
}
