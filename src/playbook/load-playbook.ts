import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type Problem, Problems, problemsOf } from '../problem/problem.ts'
import type { Dict } from '../value/value.ts'
import { loadYaml } from '../yaml/load-yaml.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import { findFile } from './find-files.ts'
import { collectionDirectories } from './find-role.ts'
import { type LoadedRole, loadRole } from './load-role.ts'
import { type Documents, type LoadOptions, type Loading, type Place, type RoleRequest, report } from './loading.ts'
import { createOwnModules } from './own-module.ts'
import { parseEntries } from './parse-entries.ts'
import { parsePlays } from './parse-plays.ts'
import { readRoleUses } from './role-use.ts'
import type { Entry, Home, Playbook, Role } from './tree.ts'
import { PendingUse, VariableNames } from './variable-names.ts'
import { readVars } from './vars-files.ts'

export type { KnownVariables } from './variable-names.ts'
export type { Documents, KnownModule, LoadOptions, ModuleCatalog, RoleRequest } from './loading.ts'

/** Reads playbooks, and later what their dynamic includes ask for; every file and role once. All of it throws `Problems`. */
export interface Loader {
  /** A playbook with all it imports, checked. */
  playbook(file: string): Playbook
  /** The tasks of a file that `include_tasks` found, or handlers. */
  tasks(file: string, home: Home, handlers: boolean): readonly Entry[]
  /** The role of an `include_role`, with the files it was asked with. */
  role(name: string, home: Home, parts: Omit<RoleRequest, 'name'>): Role
  /** The variables of a file (`vars_files`, `include_vars`). */
  vars(file: string, lists?: boolean): Dict
  /** Where all that stands that was read so far, roles as whole directories; `open` where the run may read what could not be named. */
  sources(): { readonly directories: readonly string[]; readonly files: readonly string[]; readonly open: boolean }
}

/** A playbook with everything it imports. Throws `Problems` with all mistakes of all its files. */
export const loadPlaybook = (file: string, options: LoadOptions = {}): Playbook => createLoader(options).playbook(file)

export function createLoader(options: LoadOptions = {}): Loader {
  const loadings = new Map<string, Loading>()
  const included = new Map<string, readonly Entry[]>()
  const names = new VariableNames()
  const documents: Documents = options.documents ?? new Map()
  let directory = process.cwd()
  const within = (): Loading => {
    const loading = loadings.get(directory) ?? startLoading({ ...options, documents }, directory, names)
    loadings.set(directory, loading)
    return loading
  }
  return {
    playbook(file) {
      directory = dirname(resolve(file))
      const loading = within()
      return settle(loading, (deferred) => {
        const node = playbookDocument(loading, file)
        return { file, plays: node ? parsePlays(loading, node, topPlace(loading, resolve(file), deferred)) : [] }
      })
    },
    tasks(file, home, handlers) {
      const key = JSON.stringify([file, handlers, home.role?.path, home.role?.tasks.length, home.parents?.map((role) => role.path)])
      const entries = included.get(key) ?? settle(within(), () => readIncluded(within(), file, { ...basePlace(within(), home, []), handler: handlers }))
      included.set(key, entries)
      return entries
    },
    role: (name, home, parts) => settle(within(), () => within().role({ name, ...parts }, basePlace(within(), home, []))?.role)!,
    vars: (file, lists) => readVars(file, options.vault, options.duplicates, options.warn, lists),
    sources: () => ({ directories: [...names.roots], files: [...documents.keys(), ...[...loadings.values()].flatMap(({ rendered }) => [...rendered.values()].flat())], open: names.unread }),
  }
}

function startLoading(options: LoadOptions & { readonly documents: Documents }, playbookDirectory: string, names: VariableNames): Loading {
  const { documents } = options
  // What is read ahead may be cut where it goes in a circle: the run has its own.
  const [roles, ahead] = [new Map<string, LoadedRole>(), new Map<string, LoadedRole>()]
  const loading: Loading = {
    options, playbookDirectory, problems: [], libraries: new Set([join(playbookDirectory, 'library'), ...(options.libraries ?? [])]), ownModule: createOwnModules(), local: { worked: false }, included: new Map(), ahead: new Map(), reading: new Set(), rendered: new Map(), names, known: options.variables?.(playbookDirectory),
    document(file, span) {
      const document = documents.get(file) ?? readDocument(loading, file)
      documents.set(file, document)
      if (!(document instanceof Problems)) return document
      loading.problems.push(...(span ? document.problems.map((problem) => problem.at(span)) : document.problems))
      return undefined
    },
    entries: (node, place) => parseEntries(loading, node, place),
    role: (request, place) => loadRole(loading, place.ahead ? ahead : roles, request, place),
    roleUses: (node, place) => readRoleUses(loading, node, place),
  }
  return loading
}

/** All of a file's mistakes are noted; one that cannot be read at all is told where it was asked for. */
function readDocument(loading: Loading, file: string): YamlNode | Problems {
  const { vault, warn, duplicates = 'refuse' } = loading.options
  try {
    return loadYaml(file, { templates: true, duplicates, ...(vault ? { vault } : {}), ...(warn ? { warn } : {}) })
  } catch (error) {
    const problems = problemsOf(error)
    if (!problems) throw error
    return new Problems(problems)
  }
}

/** Runs one reading; what it reports, and what is certain to fail, is thrown together. */
function settle<T>(loading: Loading, read: (deferred: Problem[]) => T): T {
  loading.problems.length = 0
  const deferred: Problem[] = []
  const result = read(deferred)
  const problems = [...new Set([...loading.problems, ...withoutDefined(loading, deferred)])]
  loading.problems.length = 0
  if (problems.length > 0) throw new Problems(problems)
  return result
}

/** Now that all has been read: the uses of variables that nothing defines. Those that may never be reached are warned about. */
function withoutDefined(loading: Loading, deferred: readonly Problem[]): readonly Problem[] {
  const { names, known, options: { warn } } = loading
  if (!known) return deferred
  const errors: Problem[] = []
  const tell = (use: PendingUse, certain: boolean): void => names.judge(use, certain, known).forEach(({ problem, error }) => (error ? errors.push(problem) : warn?.(problem)))
  for (const use of names.pending.splice(0)) tell(use, false)
  for (const problem of new Set(deferred)) if (problem instanceof PendingUse) tell(problem, true)
  return [...deferred.filter((problem) => !(problem instanceof PendingUse)), ...errors]
}

const basePlace = ({ playbookDirectory }: Loading, home: Home, deferred: Problem[]): Place => ({
  home, playbookDirectory, handler: false, certain: false, deferred, vars: new Map(), proven: new Set(), varsFiles: [], tags: [], imports: [], collections: home.role?.collections ?? [], defaults: true,
})
const topPlace = (loading: Loading, file: string, deferred: Problem[]): Place => ({
  ...basePlace(loading, { directory: loading.playbookDirectory }, deferred), certain: true, imports: [file], defaults: false,
})

/** A document that was given, a path, or `namespace.collection.playbook`. */
function playbookDocument(loading: Loading, file: string): YamlNode | undefined {
  if (loading.options.documents?.has(file) || existsSync(file)) return loading.document(file)
  const [namespace = '', name = '', ...rest] = basename(file).split('.')
  const places = rest.length === 1 && !file.includes('/') ? collectionDirectories(loading, `${namespace}.${name}`).map((directory) => resolve(directory, 'playbooks', `${rest[0]}.yml`)) : []
  const found = findFile(places)
  if (found) return loading.document(found)
  report(loading, { code: 'playbook-not-found', summary: 'The playbook is not there', detail: `'${file}'` })
  return undefined
}

function readIncluded(loading: Loading, file: string, place: Place): readonly Entry[] {
  const node = loading.document(file)
  return node ? loading.entries(node, { ...place, home: { ...place.home, directory: dirname(file) }, imports: [file] }) : []
}
