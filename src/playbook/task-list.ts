import { defaultEnvironment } from '../template/environment.ts'
import { render } from '../template/template.ts'
import { type Dict, TemplateString, type Value } from '../value/value.ts'
import { problemsOf } from '../problem/problem.ts'
import { textOf } from './read-value.ts'
import { roleBlock } from './role-use.ts'
import { isSelectedByTags } from './tags.ts'
import type { Block, Entry, Play, Playbook, Task } from './tree.ts'

/** A task as the lists show it: its name (with its role's), and all tags it has, sorted. */
export interface ListedTask {
  readonly name: string
  readonly tags: readonly string[]
  readonly task: Task
}

/** `--tags` and `--skip-tags`. */
export interface TagChoice {
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  /** `-e`, for tags that are templates. */
  readonly extraVars?: Dict
}

export interface ListWishes extends TagChoice {
  readonly tasks?: boolean
  readonly listTags?: boolean
  /** The hosts of a play, for `--list-hosts`. */
  readonly hosts?: (play: Play) => readonly string[]
}

/** The selected tasks of a play in the order they run. `rescue` and `always` sections are left out, as Ansible's lists do. */
export function listTasks(play: Play, choice: TagChoice): readonly ListedTask[] {
  const home = { directory: '' }
  const all: readonly Entry[] = [...play.preTasks, ...play.roles.map((use) => roleBlock(use, home)), ...play.tasks, ...play.postTasks]
  const vars = new Map([...play.vars, ...(choice.extraVars ?? [])])
  return all.flatMap((entry) => listEntry(entry, texts(play.tags, vars), vars)).filter(({ tags }) => isSelectedByTags(tags, choice.tags, choice.skipTags))
}

function listEntry(entry: Block | Task, inherited: readonly string[], vars: Dict): readonly ListedTask[] {
  const tags = [...inherited, ...texts(entry.tags, vars)]
  if (entry.kind === 'block') return entry.block.flatMap((child) => listEntry(child, tags, vars))
  return [{ name: listedName(entry), tags: [...new Set(tags)].sort(), task: entry }]
}

function listedName(task: Task): string {
  const name = textOf(task.name) ?? ''
  if (!name) return task.actionAsWritten
  // An include of a role bears the name of no other role.
  return task.home.role && task.action !== 'include_role' ? `${task.home.role.name} : ${name}` : name
}

const texts = (tags: readonly Value[], vars: Dict): string[] => tags.flatMap((tag) => plainTags(tag, vars).flatMap((one) => textOf(one)?.split(',') ?? []))

/** A tag that variables of the play make; one that cannot be known before the run stays as it is written. */
function plainTags(tag: Value, vars: Dict): readonly Value[] {
  if (!(tag instanceof TemplateString)) return [tag]
  try {
    const rendered = render(tag, { get: (name) => vars.get(name), names: () => [...vars.keys()].map(String), environment: defaultEnvironment })
    return Array.isArray(rendered) ? (rendered as readonly Value[]) : [rendered]
  } catch (thrown) {
    if (!problemsOf(thrown)) throw thrown
    return [tag]
  }
}

/** The text of `--list-tasks`, `--list-tags` and `--list-hosts` for one playbook, as ansible-playbook prints it. */
export function showPlaybook(playbook: Playbook, wishes: ListWishes): string {
  const plays = playbook.plays.map((play, at) => showPlay(play, at + 1, wishes))
  return [`\nplaybook: ${playbook.file}`, ...plays].join('\n')
}

function showPlay(play: Play, number: number, wishes: ListWishes): string {
  const tags = [...new Set(texts(play.tags, new Map([...play.vars, ...(wishes.extraVars ?? [])])))].sort()
  const lines = [`\n  play #${number} (${patterns(play).join(',')}): ${textOf(play.name) ?? ''}\tTAGS: [${tags.join(',')}]`]
  if (wishes.hosts) {
    const hosts = wishes.hosts(play)
    lines.push(`    pattern: [${patterns(play).map((pattern) => `'${pattern}'`).join(', ')}]`, `    hosts (${hosts.length}):`, ...hosts.map((host) => `      ${host}`))
  }
  // A list of tags also shows what only runs when it is asked for.
  const tasks = listTasks(play, wishes.listTags && wishes.tags.length === 0 ? { ...wishes, tags: ['all', 'never'] } : wishes)
  if (wishes.tasks) lines.push('    tasks:', ...tasks.map((task) => `      ${task.name}\tTAGS: [${task.tags.join(', ')}]`))
  if (wishes.listTags) lines.push(`      TASK TAGS: [${[...new Set(tasks.flatMap((task) => task.tags))].sort().join(', ')}]`)
  return lines.join('\n')
}

const patterns = ({ hosts }: Play): readonly string[] =>
  Array.isArray(hosts) ? hosts.map((host) => textOf(host) ?? '') : [hosts instanceof TemplateString ? hosts.source : (textOf(hosts) ?? '')]
