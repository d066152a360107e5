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
  const reach = new Reach(loading)
  for (const entry of entries) reach.visit(entry)
  for (const entry of play.handlers) reach.handler(entry)
  const answers = namesOf(reach.handlers)
  // A role that is not there may have the handler, as may a template: then only what looks like a slip is told.
  const whole = reach.whole && reach.handlers.every(({ action, name, listen }) => !action.startsWith('include_') && [name, ...listen].every(isPlain)) && !loading.problems.some(({ code }) => code === 'role-not-found')
  for (const node of reach.notifying) checkNode(loading, node, answers, whole)
}

function checkNode(loading: Loading, node: Entry, answers: ReadonlySet<string>, whole: boolean): void {
  for (const name of node.notify) {
    if (typeof name !== 'string' || answers.has(name)) continue
    const hint = didYouMean(name, answers)
    const span = node.spans?.get(`notify ${name}`) ?? node.span
    if (hint || whole) warn(loading, { code: 'unknown-handler', summary: 'A handler that is notified does not exist', detail: `'${name}'`, span, ...(hint ? { hint } : {}) })
  }
}

/** Everything that a play may come to: its tasks, what they include as far as that is known, and the handlers of all roles on the way. */
class Reach {
  readonly notifying = new Set<Entry>()
  readonly handlers: Task[] = []
  /** Whether all includes could be followed. */
  whole = true
  readonly #included: Loading['included']
  readonly #roles = new Set<Role>()

  constructor({ included }: Loading) {
    this.#included = included
  }

  visit(entry: Entry): void {
    if (this.notifying.has(entry)) return
    this.notifying.add(entry)
    if (entry.kind === 'task') return this.#follow(entry)
    if (entry.importedRole) this.#role(entry.importedRole.role)
    for (const inner of [...entry.block, ...entry.rescue, ...entry.always]) this.visit(inner)
  }

  handler(entry: Entry): void {
    this.visit(entry)
    this.handlers.push(...tasksOf(entry))
  }

  #follow(task: Task): void {
    if (!task.action.startsWith('include_') || task.action === 'include_vars') return
    const included = this.#included.get(task)
    if (!included?.exact) this.whole = false
    if (included?.role) this.#role(included.role)
    for (const entry of included?.entries ?? []) this.visit(entry)
  }

  #role(role: Role): void {
    if (this.#roles.has(role)) return
    this.#roles.add(role)
    for (const { role: dependency } of role.dependencies) this.#role(dependency)
    for (const handler of role.handlers) this.handler(handler)
  }
}

const tasksOf = (entry: Entry): readonly Task[] => (entry.kind === 'task' ? [entry] : [...entry.block, ...entry.rescue, ...entry.always].flatMap(tasksOf))

/** What notifications may say. */
function namesOf(handlers: readonly Task[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { name, listen, home: { role } } of handlers) {
    for (const text of [name, ...listen].map((value) => textOf(value) ?? '')) for (const full of [text, ...inRole(text, role)]) names.add(full)
  }
  return names
}

const isPlain = (value: Value): boolean => value === null || typeof value === 'string'
const inRole = (name: string, role: Role | undefined): readonly string[] => (role ? [`${role.name} : ${name}`, `${role.name.split('.').at(-1)} : ${name}`] : [])
