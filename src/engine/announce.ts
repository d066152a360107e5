import { render } from '../template/template.ts'
import { str as showValue } from '../template/python/text.ts'
import { isUnknown } from '../value/value.ts'
import type { TaskCall } from './call.ts'
import { tagNames } from './selection.ts'

/** Tells that a task begins: once for all hosts of the round. */
export function announceTask(call: TaskCall): void {
  const { playRun, round, task, noLog, host, context } = call
  playRun.run.emit({
    type: 'task-start', task: round.task, name: taskName(call), literal: typeof (task.name ?? '') === 'string', action: task.actionAsWritten, span: task.span,
    handler: context.handler === true, tags: tagNames(playRun, host.name, task, context), noLog, check: call.check,
  })
}

/** "role : name", rendered for the first host; a name that cannot be rendered stays as written. */
export function taskName({ task, scope }: Pick<TaskCall, 'task' | 'scope'>): string {
  const role = task.home.role?.name
  const name = shownName(task.name, scope) || defaultName(task, scope)
  return role ? `${role} : ${name}` : name
}

/** A task without a name goes by its action; `include_role` by the role too. */
function defaultName({ action, actionAsWritten, args }: TaskCall['task'], scope: TaskCall['scope']): string {
  const role = action === 'include_role' ? (args.get('name') ?? args.get('role') ?? args.get('_raw_params')) : undefined
  return role === undefined ? actionAsWritten : `include_role : ${shownName(role, scope)}`
}

function shownName(name: TaskCall['task']['name'], scope: TaskCall['scope']): string {
  if (name === null || typeof name === 'string') return name ?? ''
  const source = typeof name === 'object' && 'source' in name ? name.source : ''
  try {
    const rendered = render(name, scope)
    return isUnknown(rendered) ? source : typeof rendered === 'string' ? rendered : showValue(rendered)
  } catch {
    return source // A name is for people: that it cannot be rendered must not fail the task.
  }
}
