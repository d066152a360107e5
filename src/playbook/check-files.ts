import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { references } from '../template/template.ts'
import type { Value } from '../value/value.ts'
import { findFile, isDirectory, namesIn } from './find-files.ts'
import { type Loading, type Place, defer } from './loading.ts'
import type { Play, Task } from './tree.ts'

/** Actions that leave files on the controller, or may lead to such. */
const MAKERS: ReadonlySet<string> = new Set(['fetch', 'generated_secret', 'include_tasks', 'include_role', 'add_host'])
const MAKING_LOOKUPS: ReadonlySet<string> = new Set(['password', 'pipe'])

/** Files of the controller that a task names and that are nowhere. Nothing is said where a task before it may have made them. */
export function missingFiles(loading: Loading, task: Task, place: Place): readonly Problem[] {
  if (mayMakeFiles(task)) loading.local.worked = true
  if (!place.certain || loading.local.worked || place.vars.has('ansible_connection') || task.vars.has('ansible_connection')) return []
  const files = loading.options.catalog?.find(task.action)?.files?.(task.args) ?? []
  return files.flatMap(({ param, name, directory }) => {
    const places = placesOf(name, directory, place)
    if (name.includes('://') || places.some((path) => statSync(path, { throwIfNoEntry: false }))) return []
    const near = didYouMean(name, places.flatMap((path) => namesIn(dirname(path))))
    const detail = `'${param}' of module '${task.action}': '${name}', looked for at ${places.join(', ')}`
    return [new Problem({ code: 'missing-file', summary: 'a file of the controller is missing', detail, span: task.argSpans.get(param) ?? task.argSpans.get('_raw_params') ?? task.span, ...(near ? { hint: near } : {}) })]
  })
}

/** `vars_files` whose names are plain: what is wrong with those files is told with the rest. */
export function checkVarsFiles(loading: Loading, play: Pick<Play, 'span' | 'varsFiles'>, place: Place): void {
  const base = dirname(play.span.file)
  for (const entry of play.varsFiles) {
    const names: readonly Value[] = Array.isArray(entry) ? entry : [entry]
    if (!place.certain || !names.every((name) => typeof name === 'string')) continue
    const places = names.flatMap((name) => [resolve(base, 'vars', name), resolve(base, name)])
    const file = findFile(places)
    if (file) loading.document(file)
    else if (!loading.local.worked) defer(loading, place, new Problem({ code: 'missing-file', summary: 'a file of vars_files is missing', detail: `looked for at ${[...new Set(places)].join(', ')}`, span: play.span }))
  }
}

/** A play that may run on the controller itself. */
export function noteLocalPlay(loading: Loading, play: Pick<Play, 'hosts'>): void {
  const hosts = Array.isArray(play.hosts) ? play.hosts : [play.hosts]
  const named = hosts.some((host: Value) => typeof host !== 'string' || /localhost|127\.0\.0\.1|::1/.test(host))
  if (named || loading.options.playLocal?.(play.hosts)) loading.local.worked = true
}

function mayMakeFiles({ action, delegateTo, args, vars, loop }: Task): boolean {
  if (delegateTo !== undefined || MAKERS.has(action)) return true
  return [args, vars, loop?.over ?? null].some((value) => references(value).lookups.some(({ name }) => MAKING_LOOKUPS.has(name)))
}

/** Where the run would look, and a little more: the roles and files on the way here are searched, too. */
function placesOf(name: string, directory: string, { home, playbookDirectory, imports }: Place): readonly string[] {
  const path = name.replace(/^~(?=\/|$)/, homedir())
  if (isAbsolute(path)) return [path]
  const roles = imports.filter(isDirectory).toReversed()
  const files = imports.filter((file) => !isDirectory(file)).map((file) => dirname(file)).toReversed()
  const bases = [...new Set([...roles, home.directory, ...files, playbookDirectory])]
  return [...new Set(bases.flatMap((base) => [join(base, directory), ...(roles.includes(base) ? [join(base, 'tasks', directory)] : []), base]).map((base) => resolve(base, path)))]
}
