import type { Task } from '../playbook/tree.ts'
import { isSelectedByTags } from '../playbook/tags.ts'
import { render } from '../template/template.ts'
import { type Value, isUnknown } from '../value/value.ts'
import { type Context, allTags } from './context.ts'
import type { HostRun, PlayRun } from './run.ts'
import { scopeOf } from './scopes.ts'

/** Whether `--tags`, `--skip-tags` and `--start-at-task` let the task run. */
export function isSelected(playRun: PlayRun, host: HostRun, task: Task, context: Context): boolean {
  const { tags, skipTags } = playRun.run.settings
  if (!startReached(playRun, task)) return false
  if (tags.length === 0 && skipTags.length === 0 && !allTags(task, context).includes('never')) return true
  return isSelectedByTags(tagNames(playRun, host.name, task, context), tags, skipTags)
}

/** Tags as text; a tag may be a template or a list. */
export function tagNames(playRun: PlayRun, host: string, task: Task, context: Context): readonly string[] {
  const raw = allTags(task, context)
  const scope = raw.some((tag) => typeof tag !== 'string') ? scopeOf(playRun, host, task, context, undefined) : undefined
  return raw.flatMap((tag) => flatten(scope ? render(tag, scope) : tag))
}

function flatten(tag: Value): readonly string[] {
  if (isUnknown(tag)) return []
  if (Array.isArray(tag)) return (tag as readonly Value[]).flatMap(flatten)
  return String(tag).split(',').map((name) => name.trim()).filter(Boolean)
}

const started = new WeakSet<object>()

/** `--start-at-task`: everything before the first task whose name matches (a glob will do) is passed over. */
function startReached({ run }: PlayRun, task: Task): boolean {
  const wanted = run.settings.startAtTask
  if (wanted === undefined || started.has(run)) return true
  const name = typeof task.name === 'string' ? task.name : ''
  const role = task.home.role?.name
  const glob = new RegExp(`^${wanted.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`)
  if (name !== wanted && !glob.test(name) && !(role && glob.test(`${role} : ${name}`))) return false
  started.add(run)
  return true
}
