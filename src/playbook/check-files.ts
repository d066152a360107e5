import { readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { references } from '../template/template.ts'
import type { Value } from '../value/value.ts'
import { checkRendered } from './check-rendered.ts'
import { findFile, isDirectory, namesIn } from './find-files.ts'
import { type Loading, type Place, defer } from './loading.ts'
import { possibleNames, staticNames } from './static-text.ts'
import type { Play, Task } from './tree.ts'

/** Actions that leave files on the controller, or may lead to such. */
const MAKERS: ReadonlySet<string> = new Set(['fetch', 'generated_secret', 'add_host'])
const MAKING_LOOKUPS: ReadonlySet<string> = new Set(['password', 'pipe'])

/**
 * The files of the controller that a task names: one that is nowhere is told where no task before it may have made it, or where it
 * looks like a slip; a template is checked as it stands there.
 */
export function checkFiles(loading: Loading, task: Task, place: Place): void {
  if (mayMakeFiles(task)) loading.local.worked = true
  for (const file of loading.options.catalog?.find(task.action)?.files?.(task.args) ?? []) {
    // What a template takes from the role's defaults may be another name when it runs.
    const here = typeof file.name === 'string' ? place : { ...place, certain: false }
    const names = staticNames(loading, file.name, task, place)
    const found = names ? names.flatMap((name) => findNamed(loading, { ...file, name }, task, here) ?? []) : file.render ? fittingTemplates(file.name, task) : []
    if (file.render) checkRendered(loading, task, found, names ? here : { ...here, certain: false })
  }
}

function findNamed(loading: Loading, { param, name, directory }: { readonly param: string; readonly name: string; readonly directory: string }, task: Task, place: Place): string | undefined {
  if (name === '' || name.includes('://')) return undefined
  const places = placesOf(name, directory, place)
  const found = places.find((path) => statSync(path, { throwIfNoEntry: false }))
  if (found) return found
  const near = didYouMean(basename(name), places.flatMap((path) => namesIn(dirname(path))))
  const made = loading.local.worked || place.vars.has('ansible_connection') || task.vars.has('ansible_connection')
  if (made && !near) return undefined
  const detail = `'${param}' of module '${task.action}': '${name}', looked for at ${places.join(', ')}`
  const span = task.argSpans.get(param) ?? task.argSpans.get('_raw_params') ?? task.span
  defer(loading, made ? { ...place, certain: false } : place, new Problem({ code: 'missing-file', summary: 'a file of the controller is missing', detail, span, ...(near ? { hint: near } : {}) }))
  return undefined
}

/** Where the name depends on the host or on a loop: the templates of the role that it may be. */
function fittingTemplates(name: Value, task: Task): readonly string[] {
  const root = task.home.role && join(task.home.role.path, 'templates')
  const patterns = possibleNames(name, task)
  return root && isDirectory(root) ? allBelow(root).filter((file) => file.endsWith('.j2') && (!patterns || patterns.some((pattern) => pattern.test(relative(root, file))))) : []
}
const allBelow = (directory: string): readonly string[] => readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))

/** `vars_files` whose names are plain: what is wrong with those files is told with the rest. */
export function checkVarsFiles(loading: Loading, play: Pick<Play, 'span' | 'varsFiles'>, place: Place): void {
  const base = dirname(play.span.file)
  for (const entry of play.varsFiles) {
    const names: readonly Value[] = Array.isArray(entry) ? entry : [entry]
    if (!names.every((name) => typeof name === 'string')) loading.names.open = true
    if (!names.every((name) => typeof name === 'string')) continue
    const places = names.flatMap((name) => [resolve(base, 'vars', name), resolve(base, name)])
    const file = findFile(places)
    const node = file ? loading.document(file) : undefined
    if (node?.kind === 'mapping') for (const { key, keySpan } of node.entries) loading.names.define(key, keySpan)
    if (file) continue
    if (place.certain && !loading.local.worked) defer(loading, place, new Problem({ code: 'missing-file', summary: 'a file of vars_files is missing', detail: `looked for at ${[...new Set(places)].join(', ')}`, span: play.span }))
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
  const roles = [...new Set([...imports.filter(isDirectory).toReversed(), ...[home.role, ...(home.parents ?? [])].flatMap((role) => role?.path ?? [])])]
  const files = imports.filter((file) => !isDirectory(file)).map((file) => dirname(file)).toReversed()
  const bases = [...new Set([...roles, home.directory, ...files, playbookDirectory])]
  return [...new Set(bases.flatMap((base) => [join(base, directory), ...(roles.includes(base) ? [join(base, 'tasks', directory)] : []), base]).map((base) => resolve(base, path)))]
}
