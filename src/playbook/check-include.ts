import { basename, dirname, join, relative } from 'node:path'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, type Span } from '../problem/problem.ts'
import { TemplateString, type Value } from '../value/value.ts'
import { certainly } from './check-task.ts'
import { filesBelow, findFile, isDirectory, namesIn, placesFor } from './find-files.ts'
import { roleRequest } from './import-role.ts'
import { optionsOf } from './language-actions.ts'
import { type Included, type Loading, type Place, apart, defer, report, withinBlock } from './loading.ts'
import { possibleNames, staticNames } from './static-text.ts'
import type { Entry, Task } from './tree.ts'

/**
 * Reads ahead what a dynamic include may bring in, so that its mistakes are told before the first connection: refused where the include
 * is certain to be reached, warned about where it is not. The run reads it again when it gets there.
 */
export function checkInclude(loading: Loading, task: Task, outer: Place): void {
  checkOptions(loading, task)
  const around = withinBlock(certainly(loading, task, outer), task.ignoreErrors, task)
  if (task.action === 'include_role') return checkIncludedRole(loading, task, around)
  const name = task.args.get('_raw_params') ?? task.args.get('file')
  const span = task.argSpans.get('_raw_params') ?? task.argSpans.get('file') ?? task.span
  if (name === undefined || name === null) return
  // What a template takes from the role's defaults may be another name when it runs.
  const place = typeof name === 'string' ? around : { ...around, certain: false }
  const names = staticNames(loading, name, task, place)
  const found = names ? names.flatMap((one) => findTasks(loading, one, span, place) ?? []) : matching(loading, possibleNames(name, task), task, span, place)
  // Nothing is known of what it brings in, which may also make files here.
  if (!names && found.length === 0) loading.local.worked = loading.names.open = loading.names.unread = true
  const entries = found.flatMap((file) => readAhead(loading, file, place).entries)
  loading.included.set(task, { entries, exact: names !== undefined })
}

/** Variables beside the name went out of the language long ago. */
function checkOptions(loading: Loading, task: Task): void {
  const options = optionsOf(task.action)
  for (const key of task.args.keys()) {
    if (typeof key !== 'string' || options.includes(key)) continue
    report(loading, { code: 'unknown-parameter', summary: `Invalid options for ${task.action}: ${key}`, hint: didYouMean(key, options) ?? 'give variables under `vars:`', span: task.argSpans.get(key) ?? task.span })
  }
}

function findTasks(loading: Loading, name: string, span: Span, place: Place): string | undefined {
  const places = placesFor(name, place.home, place.playbookDirectory, 'tasks')
  const file = findFile(places)
  if (file) return file
  reportMissing(loading, name, places, span, place)
  return undefined
}

function reportMissing(loading: Loading, name: string, places: readonly string[], span: Span, place: Place): void {
  const near = didYouMean(basename(name), places.flatMap((path) => namesIn(dirname(path))))
  if (loading.local.worked && !near) return
  const here = loading.local.worked ? { ...place, certain: false } : place
  defer(loading, here, new Problem({ code: 'file-not-found', summary: 'The file to include is not there', detail: `'${name}', looked for at ${places.join(', ')}`, span, ...(near ? { hint: near } : {}) }))
}

/** The files of the role, or beside the task's file, whose names fit a name with templates in it. */
function matching(loading: Loading, patterns: readonly RegExp[] | undefined, { home }: Task, span: Span, place: Place): readonly string[] {
  const roots = home.role ? [join(home.role.path, 'tasks')] : [home.directory]
  const files = roots.filter(isDirectory).flatMap((root) => filesBelow(root))
  if (!patterns || !home.role) return patterns ? files.filter((file) => patterns.some((pattern) => pattern.test(relative(home.directory, file)))) : []
  const found = files.filter((file) => [...roots, home.directory, home.role!.path].some((root) => patterns.some((pattern) => pattern.test(relative(root, file)))))
  if (found.length === 0 && files.length > 0 && !loading.local.worked) {
    defer(loading, place, new Problem({ code: 'file-not-found', summary: 'No file fits the name to include', detail: `below ${roots.join(', ')}`, span }))
  }
  return found
}

/** The tasks of a file as they stand there; read once for each role around it, and again once it is certain to be reached. */
function readAhead(loading: Loading, file: string, place: Place): Included {
  const known = loading.ahead.get(place.home.role) ?? new Map<string, Included>()
  loading.ahead.set(place.home.role, known)
  const key = JSON.stringify([file, place.handler, place.certain])
  const before = known.get(key)
  if (before) return before
  const entries: Entry[] = []
  const included: Included = { entries, exact: true }
  known.set(key, included)
  const inside: Place = { ...place, home: { ...place.home, directory: dirname(file) }, imports: [...place.imports.filter(isDirectory), file], ahead: true }
  const { problems } = apart(loading, () => {
    const node = loading.document(file)
    if (node) entries.push(...loading.entries(node, inside))
  })
  for (const problem of problems) defer(loading, place, problem)
  return included
}

function checkIncludedRole(loading: Loading, task: Task, place: Place): void {
  const plain = (key: string): string | undefined => {
    const value: Value | undefined = task.args.get(key)
    return value instanceof TemplateString ? staticNames(loading, value, task, place)?.[0] : typeof value === 'string' ? value : undefined
  }
  const name = plain('name') ?? plain('role') ?? plain('_raw_params')
  const exact = ![...task.args.values()].some((value) => value instanceof TemplateString)
  if (name === undefined) {
    loading.local.worked = loading.names.open = loading.names.unread = true
    return
  }
  const inside: Place = { ...place, certain: place.certain && exact, imports: [], ahead: true }
  const { result, problems } = apart(loading, () => loading.role(roleRequest(name, task, plain), inside))
  for (const problem of [...problems, ...(result?.deferred ?? [])]) defer(loading, inside, problem)
  if (!result) loading.names.open = true
  if (result) loading.included.set(task, { entries: result.role.tasks, role: result.role, exact })
}
