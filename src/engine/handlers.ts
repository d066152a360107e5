import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import type { Entry, Task } from '../playbook/tree.ts'
import { render } from '../template/template.ts'
import { str as showValue } from '../template/python/text.ts'
import { TemplateString, type Value, isUnknown, unknown } from '../value/value.ts'
import type { TaskCall } from './call.ts'
import { type Context, withinBlock } from './context.ts'
import type { Place } from './gate.ts'
import { type Flow, GO, runEntries } from './run-entries.ts'
import type { Handler, HostRun, Notice, PlayRun } from './run.ts'
import { scopeWithoutHost } from './scopes.ts'
import { type TaskResult, nameOf } from './task-result.ts'

/** The handlers of a `handlers` section. What a static import put there stands for itself: there are no blocks of handlers. */
export function handlersIn(entries: readonly Entry[], context: Context, via?: string): readonly Handler[] {
  return entries.flatMap((entry) => entry.kind === 'task'
    ? [{ task: entry, context: { ...context, handler: true as const }, ...(via === undefined ? {} : { via }) }]
    : handlersIn(entry.block, withinBlock(context, entry), via))
}

/** A task that changed notifies: its words are kept until handlers run, so that those defined last answer. Handlers notify at once. */
export function notifyHandlers(call: TaskCall, { status, reason }: TaskResult): void {
  const { playRun, host } = call
  for (const name of notifications(call)) {
    const found = handlersFor(playRun, name)
    if (found.length === 0) refuse(call, name)
    const doubt = status === 'changed' ? undefined : unknown(`it is notified by task '${nameOf(call)}' (${reason})`)
    const notice = { task: call.round.task, ...(doubt ? { doubt } : {}) }
    if (host.flushing) for (const handler of found) owe(playRun, host, handler, name, notice)
    else if (found.length > 0 && (doubt === undefined || !host.notified.has(name))) host.notified.set(name, notice)
  }
}

function notifications({ task, context, scope }: TaskCall): readonly string[] {
  const all = [...task.notify]
  for (let at: Context | undefined = context; at; at = at.parent) if ('notify' in at.node) all.push(...(at.node.notify as readonly Value[]))
  return all.flatMap((value) => {
    const rendered = render(value, scope)
    return isUnknown(rendered) ? [] : Array.isArray(rendered) ? (rendered as readonly Value[]).map(String) : [String(rendered)]
  })
}

function refuse({ playRun, task }: TaskCall, name: string): void {
  const summary = `The requested handler '${name}' was not found in either the main handlers list nor in the listening handlers list`
  if (!playRun.run.settings.errorOnMissingHandler) return playRun.run.emit({ type: 'warning', text: summary, span: task.span })
  const hint = didYouMean(name, playRun.handlers.flatMap((handler) => (typeof handler.task.name === 'string' ? [handler.task.name] : [])))
  throw new Problem({ code: 'unknown-handler', summary, span: task.span, ...(hint ? { hint } : {}) })
}

function owe({ run }: PlayRun, { name: host, owed, doubtful }: HostRun, handler: Handler, name: string, { doubt, task }: Notice): void {
  if (doubt === undefined) doubtful.delete(handler.task)
  else if (!owed.has(handler)) doubtful.set(handler.task, doubt)
  if (owed.has(handler)) return
  owed.add(handler)
  run.emit({ type: 'notified', host, handler: name, task })
}

/** By name the one that was defined last, the play's before those of roles; by topic all that listen, each name once. */
function handlersFor(playRun: PlayRun, wanted: string): readonly Handler[] {
  const found = new Set<Handler>()
  const sections = sectionsOf(playRun)
  for (const section of sections) {
    const named = section.find((handler) => namesOf(playRun, handler).includes(wanted))
    if (named) {
      found.add(named)
      break
    }
  }
  const names = new Set<Value>()
  for (const handler of sections.flat()) {
    const { task, task: { name } } = handler
    if (!topicsOf(task).includes(wanted) || (name !== '' && name !== null && names.has(name))) continue
    names.add(name)
    found.add(handler)
  }
  return [...found]
}

const sections = new WeakMap<readonly Handler[], { readonly length: number; readonly sections: readonly (readonly Handler[])[] }>()

/** Handlers by the file they stand in, the last one first; inside of one the first of a name counts. */
function sectionsOf({ handlers }: PlayRun): readonly (readonly Handler[])[] {
  const known = sections.get(handlers)
  if (known?.length === handlers.length) return known.sections
  const split: Handler[][] = []
  for (const handler of handlers) {
    const before = split[0]?.[0]
    if (before && before.context.role === handler.context.role && before.via === handler.via) split[0]!.push(handler)
    else split.unshift([handler])
  }
  sections.set(handlers, { length: handlers.length, sections: split })
  return split
}

const topicsOf = ({ listen, home: { role } }: Task): readonly string[] =>
  listen.map((topic) => (topic instanceof TemplateString ? topic.source : String(topic))).flatMap((topic) => [topic, ...(role ? inRole(role.name, topic) : [])])

/** `role : name` answers too, for a role of a collection with its whole name or its last word. */
const inRole = (role: string, name: string): readonly string[] => [`${role} : ${name}`, `${role.split('.').at(-1)} : ${name}`]

function namesOf(playRun: PlayRun, handler: Handler): readonly string[] {
  const { task } = handler
  const name = task.name === null || typeof task.name === 'string' ? task.name : renderedName(playRun, handler)
  if (!name) return []
  return task.home.role ? [name, ...inRole(task.home.role.name, name)] : [name]
}

const unusable = new WeakSet<Task>()

/** A name with templates is rendered for the play, not for a host. One that cannot be rendered answers to nothing. */
function renderedName(playRun: PlayRun, { task, context }: Handler): string | undefined {
  try {
    const name = render(task.name, scopeWithoutHost(playRun.run, playRun.play, task, context))
    return isUnknown(name) ? undefined : typeof name === 'string' ? name : showValue(name)
  } catch {
    const source = task.name instanceof TemplateString ? task.name.source : ''
    if (!unusable.has(task)) playRun.run.emit({ type: 'warning', text: `Handler '${source}' is unusable because its name has undefined variables: name it without them, or let it \`listen\` to a topic`, span: task.span })
    unusable.add(task)
    return undefined
  }
}

/** Runs the handlers that a host owes, in the order of their definition. What notifies one that had its turn is for the next time. */
export async function flushHandlers(playRun: PlayRun, host: HostRun, place: Place): Promise<Flow> {
  for (const [name, notice] of host.notified) for (const handler of handlersFor(playRun, name)) owe(playRun, host, handler, name, notice)
  host.notified.clear()
  host.flushing = true
  try {
    return await runOwed(playRun, host, place)
  } finally {
    host.flushing = false
  }
}

async function runOwed(playRun: PlayRun, host: HostRun, place: Place): Promise<Flow> {
  for (let index = 0; index < playRun.handlers.length && host.owed.size > 0; index++) {
    const handler = playRun.handlers[index]!
    if (!host.owed.delete(handler)) continue
    const flow = await runEntries(playRun, host, [handler.task], handler.context, [...place, index])
    host.doubtful.delete(handler.task)
    if (flow.next !== 'go') return flow
  }
  return GO
}
