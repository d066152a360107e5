import type { Block, Condition, Inherited, Play, Role, RoleUse, Tagged, Task } from '../playbook/tree.ts'
import { isOmit } from '../template/objects.ts'
import type { Scope } from '../template/scope.ts'
import { render } from '../template/template.ts'
import { type Dict, TemplateString, type Value } from '../value/value.ts'

/**
 * What surrounds a task, innermost first: the blocks, roles and includes it stands in, and the play. A linked list, so that a
 * task deep in a tree costs nothing until somebody asks.
 */
export interface Context {
  readonly node: Inherited & Tagged
  readonly parent?: Context
  readonly play: Play
  /** The role whose content this is, and the use that brought it in. */
  readonly role?: Role
  /** Parameters of a role, variables of an include. */
  readonly params?: Dict
  /** Some enclosing block has a rescue: a failure here is not the host's end. */
  readonly rescuable: boolean
  /** A handler, or what a handler includes. */
  readonly handler?: true
}

export const playContext = (play: Play): Context => ({ node: play, play, rescuable: false })

export const within = (parent: Context, node: Inherited & Tagged, rescuable = parent.rescuable): Context => ({ ...parent, parent, node, rescuable })

export const withinRole = (parent: Context, use: RoleUse): Context => ({ ...parent, parent, node: use, role: use.role, params: use.params })

/** A block; one that stands for an imported role brings the role's variables and parameters. */
export function withinBlock(parent: Context, block: Block, rescuable = parent.rescuable): Context {
  const inner = within(parent, block, rescuable)
  const use = block.importedRole
  return use ? { ...inner, role: use.role, params: use.params } : inner
}

export const isBlock = (entry: Task | Block): entry is Block => entry.kind === 'block'

/** The nearest value of a keyword, from the task outwards; with a scope, one that is omitted does not count. */
export function inherited<K extends keyof Inherited>(task: Inherited, context: Context, keyword: K, scope?: Scope): Inherited[K] | undefined {
  const counts = (value: Inherited[K]): boolean => value !== undefined && !(scope && isOmitted(value as Value, scope))
  if (counts(task[keyword])) return task[keyword]
  for (let at: Context | undefined = context; at; at = at.parent) if (counts(at.node[keyword])) return at.node[keyword]
  return undefined
}

/** `omit` as the value of a keyword: as if it did not stand there. */
export const isOmitted = (value: Value, scope: Scope): boolean => value instanceof TemplateString && isOmit(render(value, scope))

/** All values of a keyword that adds up (`environment`, `module_defaults`), outermost first. */
export function accumulated<K extends 'environment' | 'moduleDefaults'>(task: Inherited, context: Context, keyword: K): readonly NonNullable<Inherited[K]>[number][] {
  const layers: NonNullable<Inherited[K]>[number][][] = task[keyword] ? [[...(task[keyword] as NonNullable<Inherited[K]>)] as never] : []
  for (let at: Context | undefined = context; at; at = at.parent) if (at.node[keyword]) layers.unshift([...(at.node[keyword] as NonNullable<Inherited[K]>)] as never)
  return layers.flat()
}

/** Conditions of everything around the task and its own, outermost first. */
export function conditions(task: Tagged, context: Context): readonly Condition[] {
  const layers: (readonly Condition[])[] = [task.when]
  for (let at: Context | undefined = context; at; at = at.parent) layers.unshift(at.node.when)
  return layers.flat()
}

/** Tags of the task and of everything around it. */
export function allTags(task: Tagged, context: Context): readonly Value[] {
  const tags = [...task.tags]
  for (let at: Context | undefined = context; at; at = at.parent) tags.push(...at.node.tags)
  return tags
}

/** Variables of blocks, includes and the task, outermost first; those of the play and of roles have places of their own. */
export function blockVars(task: Tagged, context: Context): readonly Dict[] {
  const layers: Dict[] = task.vars.size ? [task.vars] : []
  for (let at: Context | undefined = context; at; at = at.parent) if (at.node !== at.play && at.node.vars.size) layers.unshift(at.node.vars)
  return layers
}

/** The roles around a task, innermost first: their files are searched, their names are in `ansible_parent_role_names`. */
export function rolesAround(context: Context): readonly Role[] {
  const roles: Role[] = []
  for (let at: Context | undefined = context; at; at = at.parent) if (at.role && roles.at(-1) !== at.role) roles.push(at.role)
  return roles
}
