import { didYouMean } from '../problem/did-you-mean.ts'
import { basename, dirname } from 'node:path'
import { findFile, namesIn, placesFor } from './find-files.ts'
import { type Loading, type Place, handedDown, report, warn, withinBlock, wrapping } from './loading.ts'
import { staticText } from './static-text.ts'
import type { Entry, Task } from './tree.ts'

/** The tasks of a file in place of `import_tasks` (and of the old `include` with a plain name), in a block that hands down what the import says. */
export function importTasks(loading: Loading, task: Task, place: Place): readonly Entry[] {
  if (task.action === 'include') {
    warn(loading, { code: 'old-include', summary: 'The include action is old', hint: 'use include_tasks or import_tasks', span: task.span })
    if (task.loop || isTemplated(task)) return [{ ...task, action: 'include_tasks' }]
  }
  if (task.loop) {
    report(loading, { code: 'loop-on-import', summary: 'An import cannot have a loop', hint: `use ${task.action.replace('import', 'include')}`, span: task.loop.span })
    return []
  }
  if (task.action === 'import_tasks') checkOptions(loading, task)
  const written = staticText(loading, task.args.get('_raw_params') ?? task.args.get('file'), place, 'the file')
  if (written === undefined) return reportNoFile(loading, task)
  const file = findTasks(loading, written, task, place)
  if (!file || isCircle(loading, file, task, place)) return []
  const node = loading.document(file, task.span)
  if (!node) return []
  const vars = task.action === 'include' ? new Map([...task.vars, ...[...task.args].filter(([key]) => key !== '_raw_params' && key !== 'file')]) : task.vars
  const inside = withinBlock(place, task.ignoreErrors, { ...task, vars })
  const home = { ...place.home, directory: dirname(file) }
  return [importBlock(task, vars, loading.entries(node, { ...inside, home, imports: [...place.imports, file] }), file)]
}

function importBlock(task: Task, vars: Task['vars'], entries: readonly Entry[], file: string): Entry {
  return { ...wrapping(task.span, task.home, entries), ...handedDown(task), vars, importedFrom: file, notify: task.notify }
}

/** Variables beside the name went out of the language long ago, but for the old `include`. */
function checkOptions(loading: Loading, task: Task): void {
  for (const key of task.args.keys()) {
    if (key === '_raw_params' || key === 'file') continue
    const hint = key === 'apply' ? 'only include_tasks has `apply`; what an import says goes to its tasks by itself' : 'give variables under `vars:`'
    report(loading, { code: 'unknown-parameter', summary: `Invalid options for import_tasks: ${String(key)}`, hint, span: task.argSpans.get(String(key)) ?? task.span })
  }
}

const isTemplated = (task: Task): boolean => typeof (task.args.get('_raw_params') ?? '') !== 'string'

function reportNoFile(loading: Loading, task: Task): readonly Entry[] {
  if (!task.args.has('_raw_params') && !task.args.has('file')) report(loading, { code: 'import-without-file', summary: `No file specified for ${task.actionAsWritten}`, span: task.span })
  return []
}

function findTasks(loading: Loading, written: string, task: Task, place: Place): string | undefined {
  const places = placesFor(written, place.home, place.playbookDirectory, 'tasks')
  const file = findFile(places)
  if (file) return file
  const near = didYouMean(basename(written), places.flatMap((path) => namesIn(dirname(path))))
  report(loading, {
    code: 'file-not-found', summary: 'The file to import is not there', detail: `'${written}', looked for at ${places.join(', ')}`,
    span: task.argSpans.get('_raw_params') ?? task.argSpans.get('file') ?? task.span, ...(near ? { hint: near } : {}),
  })
  return undefined
}

function isCircle(loading: Loading, file: string, task: Task, place: Place): boolean {
  if (!place.imports.includes(file)) return false
  const detail = [...place.imports.slice(place.imports.indexOf(file)), file].map((name) => basename(name)).join(' -> ')
  report(loading, { code: 'import-circle', summary: 'Files import each other in a circle', detail, span: task.span })
  return true
}
