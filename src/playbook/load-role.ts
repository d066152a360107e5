import { basename, join, resolve } from 'node:path'
import { Problem, type Span } from '../problem/problem.ts'
import type { Dict, Value } from '../value/value.ts'
import { toValue } from '../yaml/yaml-node.ts'
import { argumentsTask } from './arguments-task.ts'
import { noteValue } from './check-variables.ts'
import { findRoleFiles, isFile } from './find-files.ts'
import { collectionOf, findRole } from './find-role.ts'
import { type Loading, type Place, type RoleRequest, apart, report } from './loading.ts'
import { type YamlMap, checkKeywords, isNothing, readFlag, valueAt, wrongType } from './read-value.ts'
import type { Entry, Role } from './tree.ts'

export interface LoadedRole {
  readonly role: Role
  readonly deferred: readonly Problem[]
  readonly problems: readonly Problem[]
}

/** A role, read once for each directory and choice of files, however often it is used. */
export function loadRole(loading: Loading, cache: Map<string, LoadedRole>, request: RoleRequest, place: Place): LoadedRole | undefined {
  const path = findRole(loading, request, place)
  if (!path || isCircle(loading, pathOf(path, request), request, place)) return undefined
  const key = JSON.stringify([path, request.tasksFrom, request.varsFrom, request.defaultsFrom, request.handlersFrom, request.validate])
  const known = cache.get(key)
  if (!known && place.ahead && loading.reading.has(key)) return undefined
  loading.reading.add(key)
  const loaded = known ?? readApart(loading, request, path, place)
  loading.reading.delete(key)
  cache.set(key, loaded)
  loading.problems.push(...loaded.problems)
  return loaded
}

/** A role may import itself by another file of its tasks. */
const pathOf = (path: string, { tasksFrom }: RoleRequest): string => (tasksFrom === undefined || tasksFrom === 'main' ? path : join(path, 'tasks', tasksFrom))

/** What is wrong with the role is told to each of its users: one may be sure to run, another only looked at. */
function readApart(loading: Loading, request: RoleRequest, path: string, place: Place): LoadedRole {
  const { result, problems } = apart(loading, () => readRole(loading, request, path, place))
  return { ...result, problems }
}

function isCircle(loading: Loading, path: string, { name, span }: RoleRequest, place: Place): boolean {
  if (!place.imports.includes(path)) return false
  const detail = [...place.imports.slice(place.imports.indexOf(path)), path].map((file) => basename(file)).join(' -> ')
  report(loading, { code: 'import-circle', summary: 'Files import each other in a circle', detail: `${detail} (role '${name}')`, ...(span ? { span } : {}) })
  return true
}

/** A role that is named by a path keeps it, and one that the keyword `collections` found bears the name of its collection, as Ansible prints them. */
function nameOf({ name }: RoleRequest, path: string, { collections }: Place): string {
  const collection = collectionOf(path)
  return collection !== undefined && collections.includes(collection) && !/[./]/.test(name) ? `${collection}.${name}` : name
}

/** The record is filled while it is read: its tasks know it as their home. */
type Growing = { -readonly [K in keyof Role]: Role[K] }

function readRole(loading: Loading, request: RoleRequest, path: string, place: Place): Omit<LoadedRole, 'problems'> {
  loading.libraries.add(join(path, 'library'))
  loading.names.roots.add(path)
  const defaults = readVarsFiles(loading, request, join(path, 'defaults'), request.defaultsFrom, place)
  const vars = readVarsFiles(loading, request, join(path, 'vars'), request.varsFrom, place)
  const role: Growing = { name: nameOf(request, path, place), path, defaults, vars, tasks: [], handlers: [], dependencies: [], allowDuplicates: false, argumentSpecs: new Map(), collections: [] }
  const deferred: Problem[] = []
  const inside: Place = { ...place, home: { directory: path, role }, handler: false, certain: true, deferred, tags: [], imports: [...place.imports, pathOf(path, request)], defaults: true }
  readMeta(loading, role, inside)
  const scope = { ...inside, collections: role.collections }
  role.handlers = readEntries(loading, request, join(path, 'handlers'), request.handlersFrom, { ...scope, handler: true, certain: false })
  const tasks = readEntries(loading, request, join(path, 'tasks'), request.tasksFrom, scope)
  const check = request.validate === false ? undefined : argumentsTask(role, request.tasksFrom, request.span ?? { file: join(path, 'meta/argument_specs.yml'), line: 1, column: 1 })
  role.tasks = check ? [check, ...tasks] : tasks
  return { role, deferred }
}

/** A file that was asked for by name must be there; `main` may be missing. */
function roleFiles(loading: Loading, { name, span }: RoleRequest, directory: string, from: string | undefined, directories: boolean): readonly string[] {
  if (from !== undefined && !resolve(directory, from).startsWith(`${resolve(directory)}/`)) {
    report(loading, { code: 'role-file-outside', summary: `Failed loading '${join(directory, from)}' for role (${name}) as it is not inside the expected role path`, detail: `'${directory}'`, ...(span ? { span } : {}) })
    return []
  }
  const files = findRoleFiles(directory, from, directories)
  if (files.length === 0 && from !== undefined && from !== 'main') {
    report(loading, { code: 'role-file-not-found', summary: 'The role has no such file', detail: `'${from}' in ${directory} of role '${name}'`, ...(span ? { span } : {}) })
  }
  return files
}

function readEntries(loading: Loading, request: RoleRequest, directory: string, from: string | undefined, place: Place): readonly Entry[] {
  return roleFiles(loading, request, directory, from, false).flatMap((file) => {
    const node = loading.document(file, request.span)
    return node ? loading.entries(node, { ...place, home: { ...place.home, directory }, imports: [...place.imports, file] }) : []
  })
}

function readVarsFiles(loading: Loading, request: RoleRequest, directory: string, from: string | undefined, place: Place): Dict {
  const vars = new Map<Value, Value>()
  for (const file of roleFiles(loading, request, directory, from, true)) {
    const node = loading.document(file, request.span)
    if (!node || isNothing(node)) continue
    if (node.kind !== 'mapping') wrongType(loading, node, basename(file), 'a mapping of variables')
    else {
      for (const { key, keySpan } of node.entries) loading.names.define(key, keySpan)
      noteValue(loading, toValue(node), { ...place, certain: false }, node.span)
      for (const [key, value] of toValue(node) as Dict) vars.set(key, value)
    }
  }
  return vars
}

const META = ['allow_duplicates', 'argument_specs', 'collections', 'dependencies', 'galaxy_info', 'standalone']

function readMeta(loading: Loading, role: Growing, place: Place): void {
  const own = collectionOf(role.path)
  const meta = metaDocument(loading, role.path, 'main')
  role.collections = own ? [own] : []
  if (meta) {
    checkKeywords(loading, meta, META, 'the meta file of a role')
    role.collections = [...new Set([...role.collections, ...names(toValue(valueAt(meta, 'collections') ?? meta))])]
    role.allowDuplicates = readFlag(toValue(valueAt(meta, 'allow_duplicates') ?? meta)) ?? false
    const dependencies = valueAt(meta, 'dependencies')
    if (dependencies) role.dependencies = loading.roleUses(dependencies, { ...place, collections: role.collections })
  }
  const specs = metaDocument(loading, role.path, 'argument_specs')
  const node = valueAt(specs ?? meta ?? EMPTY, 'argument_specs')
  if (node?.kind === 'mapping') role.argumentSpecs = toValue(node) as Dict
  for (const spec of role.argumentSpecs.values()) {
    const options = spec instanceof Map ? spec.get('options') : undefined
    if (options instanceof Map) for (const key of options.keys()) loading.names.define(key)
  }
}

const NOWHERE: Span = { file: '', line: 1, column: 1 }
const EMPTY: YamlMap = { kind: 'mapping', entries: [], span: NOWHERE }
const names = (value: Value): readonly string[] => (Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [])

function metaDocument(loading: Loading, path: string, name: string): YamlMap | undefined {
  const file = ['.yml', '.yaml', '.json', ''].map((ending) => join(path, 'meta', `${name}${ending}`)).find(isFile)
  const node = file ? loading.document(file) : undefined
  if (!node || isNothing(node)) return undefined
  if (node.kind === 'mapping') return node
  wrongType(loading, node, basename(file!), 'a mapping')
  return undefined
}

