import { TemplateString, type Dict, type Value } from '../value/value.ts'
import { Problem, type Span, problemsOf } from '../problem/problem.ts'
import { defaultEnvironment } from '../template/environment.ts'
import { references, render } from '../template/template.ts'
import { type Loading, type Place, report } from './loading.ts'
import { textOf } from './read-value.ts'
import type { Task } from './tree.ts'
import { readVarsFile } from './vars-files.ts'

/** The text of a name that loading itself needs: templates may use what is known without any host. Undefined and reported where it cannot be. */
export function staticText(loading: Loading, value: Value | undefined, place: Place, what: string, span?: Span): string | undefined {
  if (!(value instanceof TemplateString)) return value === undefined ? undefined : textOf(value)
  try {
    const vars = staticVars(loading, place)
    const environment = loading.options.environment ?? defaultEnvironment
    return textOf(render(value, { get: (name) => vars.get(name), names: () => [...vars.keys()].map(String), environment }))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const hint = 'an import is read before any host is asked: use include_tasks or include_role for names that depend on hosts'
    const detail = `${what}: ${error.message}`
    const at = value.span ?? span
    const where = at ? { span: at } : {}
    report(loading, { code: 'import-name-unknown', summary: 'The name of an import cannot be known before the run', detail, hint, ...where })
    return undefined
  }
}

/**
 * The names that a text may stand for, where that is known without any host: it is plain, or its templates use what the role or a loop
 * over plain values say. Undefined where it cannot be known.
 */
export function staticNames(loading: Loading, value: Value, task: Pick<Task, 'loop'>, place: Place): readonly string[] | undefined {
  if (!(value instanceof TemplateString)) return [textOf(value)].filter((name) => name !== undefined)
  const { names, lookups } = references(value)
  if (lookups.length > 0) return undefined
  const over = task.loop?.over
  const loopVar = textOf(task.loop?.loopVar ?? 'item') ?? 'item'
  const items = names.has(loopVar) ? (Array.isArray(over) && ['loop', 'items', 'list'].includes(task.loop!.lookup) ? over.flat() : undefined) : [null]
  if (!items) return undefined
  const vars = staticVars(loading, place)
  const found = items.map((item: Value) => plainText(value, new Map([...vars, [loopVar, item]]), loading))
  return found.every((name) => name !== undefined) ? found : undefined
}

function plainText(value: TemplateString, vars: Dict, loading: Loading): string | undefined {
  try {
    return textOf(render(value, { get: (name) => vars.get(name), names: () => [], environment: loading.options.environment ?? defaultEnvironment }))
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

/** Patterns for the names that a template may give: what stands between its braces may be anything. Undefined where all of it may be. */
export function possibleNames(value: Value, { loop }: Pick<Task, 'loop'>): readonly RegExp[] | undefined {
  const texts = textOf(value)?.trim() === `{{ ${loop?.loopVar} }}` ? textsIn(loop!.over) : [textOf(value) ?? '']
  const patterns = texts.map((text) => text.replace(/^\.\//, '').split(/\{\{.*?\}\}|\{%.*?%\}/s))
  if (patterns.some((parts) => parts.join('').replace(/\.ya?ml|[^\w]/g, '') === '')) return undefined
  return patterns.map((parts) => new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`))
}

const textsIn = (value: Value): readonly string[] =>
  Array.isArray(value) ? value.flatMap(textsIn) : value instanceof Map ? [...value.values()].flatMap(textsIn) : [textOf(value)].filter((text) => text !== undefined)

/** Role defaults below the variables of plays and imports, role variables above, `-e` on top. */
function staticVars(loading: Loading, place: Place): Dict {
  const { role } = place.home
  const own: readonly [Value, Value][] = role ? [['role_path', role.path], ['role_name', role.name], ['ansible_role_name', role.name]] : []
  return new Map([
    ...(role?.defaults ?? []), ...place.varsFiles.flatMap((entry) => readEntry(loading, entry, place)), ...place.vars, ...(role?.vars ?? []), ['playbook_dir', place.playbookDirectory], ...own, ...(loading.options.extraVars ?? []),
  ] as [Value, Value][])
}

/** The variables of a `vars_files` entry whose names are plain; what cannot be read now is told when the play begins. */
function readEntry(loading: Loading, entry: Value, place: Place): readonly [Value, Value][] {
  const names = (Array.isArray(entry) ? entry : [entry]).filter((name) => typeof name === 'string')
  try {
    return names.length === 0 ? [] : [...readVarsFile(names, { playbookDirectory: place.playbookDirectory, ...(loading.options.vault ? { vault: loading.options.vault } : {}), duplicates: loading.options.duplicates ?? 'refuse' }).vars]
  } catch (error) {
    if (problemsOf(error)) return []
    throw error
  }
}
