import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { normaliseAction } from '../../src/playbook/redirects.ts'
import { variableUses } from '../../src/template/template.ts'
import { type Json, toJson } from '../../src/value/json.ts'
import { TemplateString, type Value, isDict } from '../../src/value/value.ts'
import { loadYamlValue } from '../../src/yaml/load-yaml.ts'
import { filesBelow } from '../corpus/find-playbooks.ts'
import { createRandom } from '../typos/random.ts'

/** One task of a public role, alone. */
export interface Drawn {
  readonly role: string
  /** Relative to the sources. */
  readonly file: string
  readonly module: string
  /** As the role has it, without what binds it to its neighbours: conditions, notifications, names of results. */
  readonly task: { readonly [key: string]: Json }
}

/** Words of a task that need its neighbours or only say how often and for whom; those that change what the module does stay. */
const LEFT_OUT = ['when', 'notify', 'register', 'changed_when', 'failed_when', 'until', 'retries', 'delay', 'tags', 'ignore_errors', 'no_log', 'check_mode', 'any_errors_fatal', 'throttle']
const AWAY = ['delegate_to', 'local_action', 'connection', 'async', 'action', 'block']
const KEYWORDS: ReadonlySet<string> = new Set(['name', 'vars', 'args', 'loop', 'loop_control', 'become', 'become_user', 'become_method', 'environment', 'register', 'run_once', 'diff', 'timeout', 'module_defaults', 'collections', 'delegate_facts', ...LEFT_OUT, ...AWAY])

/** All tasks of the roles below a directory that call one of the modules, in an order that the seed decides. */
export function drawTasks(sources: string, modules: ReadonlySet<string>, seed: number): readonly Drawn[] {
  const files = filesBelow(sources).filter((file) => basename(dirname(file)) === 'tasks' && /\.ya?ml$/.test(file))
  const all = files.flatMap((file) => tasksOf(sources, file, modules))
  const random = createRandom(seed)
  // A module after the other, so that the frequent ones do not crowd out the rest.
  const left = [...Map.groupBy(all, ({ module }) => module).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tasks]) => [...tasks])
  const drawn: Drawn[] = []
  while (left.some((tasks) => tasks.length > 0)) for (const tasks of left) if (tasks.length > 0) drawn.push(tasks.splice(tasks.indexOf(random.pick(tasks)), 1)[0]!)
  return drawn
}

function tasksOf(sources: string, file: string, modules: ReadonlySet<string>): readonly Drawn[] {
  let content
  try {
    content = toJson(loadYamlValue(join(sources, file), { duplicates: 'ignore', templates: true }))
  } catch {
    return [] // Vaulted, or no YAML: nothing to draw from.
  }
  return Array.isArray(content) ? content.flatMap((entry) => one(entry, dirname(dirname(file)), file, modules)) : []
}

function one(entry: Json, role: string, file: string, modules: ReadonlySet<string>): readonly Drawn[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return []
  const task = entry as { readonly [key: string]: Json }
  if (Array.isArray(task.block)) return (task.block as readonly Json[]).flatMap((inner) => one(inner, role, file, modules))
  const names = Object.keys(task)
  const written = names.find((name) => !KEYWORDS.has(name) && !name.startsWith('with_'))
  const module = written && normaliseAction(written)
  if (!module || !modules.has(module) || names.some((name) => AWAY.includes(name))) return []
  return [{ role, file, module, task: Object.fromEntries(Object.entries(task).filter(([name]) => !LEFT_OUT.includes(name))) }]
}

/** Whether all that a task reads without a way out is a fact, a magic variable, or set by its role: others Ansible would refuse, which takes it seconds to say. */
export function isComplete(sources: string, { role, task }: Drawn): boolean {
  const files = [...['defaults', 'vars'].flatMap((folder) => ['main.yml', 'main.yaml', 'main/main.yml'].map((name) => join(sources, role, folder, name))), ...variableFiles(join(sources, role))].filter((file) => existsSync(file))
  const defined = new Set(['item', ...Object.keys((task['vars'] as object | undefined) ?? {}), ...Object.values((task['loop_control'] as Record<string, string> | undefined) ?? {})])
  const load = (file: string): Value => {
    try {
      return loadYamlValue(file, { duplicates: 'ignore', templates: true })
    } catch {
      return null
    }
  }
  for (const vars of files.map(load)) if (isDict(vars)) for (const name of vars.keys()) defined.add(String(name))
  return variableUses(templated(task)).every(({ name, guarded, own }) => guarded || own.has(name) || defined.has(name) || /^(ansible|inventory|role|group|hostvars|play|omit|environment|undef|lookup|query|range|now|vars)/.test(name))
}

/** Texts with templates in them, as a playbook has them. */
const templated = (value: Json): Value =>
  typeof value === 'string' ? (value.includes('{{') || value.includes('{%') ? new TemplateString(value) : value) : Array.isArray(value) ? value.map(templated) : typeof value === 'object' && value !== null ? new Map(Object.entries(value).map(([key, one]): [Value, Value] => [key, templated(one as Json)])) : value

/** Files of variables that a role would include for Debian by itself. */
export function variableFiles(role: string): readonly string[] {
  const folder = join(role, 'vars')
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^debian(-?12)?\.ya?ml$/i.test(name)).sort().map((name) => join(folder, name)) : []
}
