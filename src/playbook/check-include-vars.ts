import { basename, dirname, join, relative } from 'node:path'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, type Span } from '../problem/problem.ts'
import type { Value } from '../value/value.ts'
import { filesBelow, findFile, isDirectory, namesIn, placesFor } from './find-files.ts'
import { type Loading, type Place, apart, defer } from './loading.ts'
import { textOf } from './read-value.ts'
import { possibleNames, staticNames } from './static-text.ts'
import type { Task } from './tree.ts'

/** The files that `include_vars` may read: what is wrong with them, and the names they define. */
export function checkIncludeVars(loading: Loading, task: Task, place: Place): void {
  const [directory, into] = [task.args.get('dir'), textOf(task.args.get('name') ?? null)]
  loading.names.define(into, task.argSpans.get('name'))
  const name = task.args.get('_raw_params') ?? task.args.get('file') ?? directory
  if (name === undefined || name === null) return
  const span = ['_raw_params', 'file', 'dir'].map((key) => task.argSpans.get(key)).find((at) => at !== undefined) ?? task.span
  const files = directory === undefined ? filesOf(loading, name, task, span, place) : filesOfDirectory(loading, name, task, place)
  if (!files) loading.names.open = loading.names.unread = true
  for (const file of files ?? []) readNames(loading, file, into, span, typeof name === 'string' ? place : { ...place, certain: false })
}

function filesOf(loading: Loading, name: Value, task: Task, span: Span, place: Place): readonly string[] | undefined {
  const names = staticNames(loading, name, task, place)
  if (!names) return fitting(name, task)
  const here = typeof name === 'string' ? place : { ...place, certain: false }
  return names.flatMap((one) => {
    const places = placesFor(one, place.home, place.playbookDirectory, 'vars')
    const found = findFile(places)
    if (!found) reportMissing(loading, one, places, span, here)
    return found ?? []
  })
}

function reportMissing(loading: Loading, name: string, places: readonly string[], span: Span, place: Place): void {
  const near = didYouMean(basename(name), places.flatMap((path) => namesIn(dirname(path))))
  if (loading.local.worked && !near) return
  const here = loading.local.worked ? { ...place, certain: false } : place
  defer(loading, here, new Problem({ code: 'missing-file', summary: 'a file of the controller is missing', detail: `'${name}' of include_vars, looked for at ${places.join(', ')}`, span, ...(near ? { hint: near } : {}) }))
}

/** Where the name depends on the host: the files of variables that it may be; undefined where they cannot be told. */
function fitting(name: Value, task: Task): readonly string[] | undefined {
  const { role, directory } = task.home
  const patterns = possibleNames(name, task)
  const roots = (role ? [join(role.path, 'vars'), role.path] : [join(directory, 'vars'), directory]).filter(isDirectory)
  const found = roots.slice(0, patterns ? 2 : 1).flatMap((root) => filesBelow(root).filter((file) => !patterns || patterns.some((pattern) => pattern.test(relative(root, file)))))
  return found.length > 0 ? found : undefined
}

function filesOfDirectory(loading: Loading, name: Value, task: Task, place: Place): readonly string[] | undefined {
  const directories = (staticNames(loading, name, task, place) ?? []).flatMap((one) => placesFor(one, place.home, place.playbookDirectory, 'vars').filter(isDirectory).slice(0, 1))
  return directories.length > 0 ? directories.flatMap(filesBelow) : undefined
}

function readNames(loading: Loading, file: string, into: string | undefined, span: Span, place: Place): void {
  const { result: node, problems } = apart(loading, () => loading.document(file, span))
  for (const problem of problems) defer(loading, place, problem)
  if (into !== undefined || node?.kind !== 'mapping') return
  for (const { key, keySpan } of node.entries) loading.names.define(key, keySpan)
}
