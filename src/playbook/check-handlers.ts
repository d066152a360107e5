import { didYouMean } from '../problem/did-you-mean.ts'
import type { Value } from '../value/value.ts'
import { type Loading, warn } from './loading.ts'
import { textOf } from './read-value.ts'
import { roleBlock } from './role-use.ts'
import type { Entry, Play, Role, Task } from './tree.ts'

/**
 * Notifications that no handler of the play answers. A warning, for a task that changes nothing notifies nobody. Where a name
 * may still come up (a template, a role that is included on the way) nothing is said.
 */
export function checkHandlers(loading: Loading, play: Play): void {
  const home = { directory: loading.playbookDirectory }
  const entries = [...play.preTasks, ...play.roles.map((use) => roleBlock(use, home)), ...play.tasks, ...play.postTasks]
  const handlers = [...play.handlers, ...entries.flatMap(handlersOfRoles)]
  const answers = namesOf(handlers.flatMap(tasksOf))
  if (!answers || [...entries, ...handlers].flatMap(tasksOf).some(({ action }) => action === 'include_role')) return
  // A role that is not there may have the handler: then only what looks like a slip is told.
  const whole = !loading.problems.some(({ code }) => code === 'role-not-found')
  for (const entry of [...entries, ...handlers]) checkEntry(loading, entry, answers, whole)
}

function checkEntry(loading: Loading, entry: Entry, answers: ReadonlySet<string>, whole: boolean): void {
  for (const name of entry.notify) {
    if (typeof name !== 'string' || answers.has(name)) continue
    const hint = didYouMean(name, answers)
    if (hint || whole) warn(loading, { code: 'unknown-handler', summary: 'A handler that is notified does not exist', detail: `'${name}'`, span: entry.span, ...(hint ? { hint } : {}) })
  }
  if (entry.kind === 'block') for (const inner of [...entry.block, ...entry.rescue, ...entry.always]) checkEntry(loading, inner, answers, whole)
}

const tasksOf = (entry: Entry): readonly Task[] => (entry.kind === 'task' ? [entry] : [...entry.block, ...entry.rescue, ...entry.always].flatMap(tasksOf))

/** Of every role that stands in the play, wherever it was imported. */
function handlersOfRoles(entry: Entry): readonly Entry[] {
  if (entry.kind === 'task') return []
  const own = entry.importedRole?.role.handlers ?? []
  return [...own, ...[...entry.block, ...entry.rescue, ...entry.always].flatMap(handlersOfRoles)]
}

/** What notifications may say; undefined where a run may add to it. */
function namesOf(handlers: readonly Task[]): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  for (const { action, name, listen, home: { role } } of handlers) {
    if (action.startsWith('include_') || ![name, ...listen].every(isPlain)) return undefined
    for (const text of [name, ...listen].map((value) => textOf(value) ?? '')) for (const full of [text, ...inRole(text, role)]) names.add(full)
  }
  return names
}

const isPlain = (value: Value): boolean => value === null || typeof value === 'string'
const inRole = (name: string, role: Role | undefined): readonly string[] => (role ? [`${role.name} : ${name}`, `${role.name.split('.').at(-1)} : ${name}`] : [])
