import { basename, dirname, isAbsolute, join } from 'node:path'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, problemsOf } from '../problem/problem.ts'
import { type Use, check, references } from '../template/template.ts'
import { loadText } from '../yaml/load-yaml.ts'
import type { Value } from '../value/value.ts'
import { pluginProblems } from './check-templates.ts'
import { findFile, isFile, namesIn, placesFor } from './find-files.ts'
import { type Loading, type Place, defer } from './loading.ts'
import type { Task } from './tree.ts'

/** Parameters that change what a template's marks are: then nothing can be said of its text. */
const OWN_MARKS = ['block_start_string', 'block_end_string', 'variable_start_string', 'variable_end_string', 'comment_start_string', 'comment_end_string']

/** What is wrong with the template files of a task whatever the variables are. */
export function checkRendered(loading: Loading, task: Task, files: readonly string[], place: Place): void {
  if (OWN_MARKS.some((name) => task.args.has(name))) return
  const readable = files.flatMap((file) => checkText(loading, file, task, place, []))
  loading.rendered.set(task, [...(loading.rendered.get(task) ?? []), ...readable])
}

/** Template files that the values of a task bring in by lookups. */
export function checkLookedUp(loading: Loading, task: Task, values: readonly Value[], place: Place): void {
  const files = values.flatMap((value) => references(value).templates).flatMap((use) => findTemplate(loading, use, task, place) ?? [])
  checkRendered(loading, task, files, { ...place, certain: false })
}

/** The file and those that it includes, as far as they can be read. */
function checkText(loading: Loading, file: string, task: Task, place: Place, around: readonly string[]): readonly string[] {
  const text = around.includes(file) ? undefined : templateText(loading, file)
  if (text === undefined) return []
  const how = { as: 'file', file } as const
  const found = references(text, how)
  for (const problem of [...check(text, how), ...pluginProblems(found, loading.options.environment)]) defer(loading, place, problem)
  const maybe = { ...place, certain: false }
  for (const use of found.templates) {
    const beside = join(dirname(file), use.name)
    const inner = isFile(beside) ? beside : findTemplate(loading, use, task, maybe)
    // What an included text reads, the including one may have set.
    if (inner) checkText(loading, inner, task, maybe, [...around, file])
  }
  return [file]
}

function findTemplate(loading: Loading, { name, span }: Use, task: Task, place: Place): string | undefined {
  const places = placesFor(name, place.home, place.playbookDirectory, 'templates')
  const found = findFile(places)
  if (found || isAbsolute(name)) return found
  const near = didYouMean(basename(name), places.flatMap((path) => namesIn(dirname(path))))
  if (near) defer(loading, { ...place, certain: false }, new Problem({ code: 'missing-file', summary: 'a file of the controller is missing', detail: `the template '${name}', looked for at ${places.join(', ')}`, span: span ?? task.span, hint: near }))
  return undefined
}

/** Undefined where the file cannot be read or opened: the task says so when it is reached. */
export function templateText(loading: Loading, file: string): string | undefined {
  try {
    return loadText(file, loading.options.vault)
  } catch (error) {
    if (problemsOf(error)) return undefined
    throw error
  }
}
