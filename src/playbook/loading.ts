import { Problem, type ProblemParts, type Problems, type Span } from '../problem/problem.ts'
import type { Environment } from '../template/scope.ts'
import { provenBy } from '../template/template.ts'
import type { Dict, Value } from '../value/value.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import type { Duplicates } from '../yaml/parse-nodes.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import type { OwnModule } from './own-module.ts'
import type { Block, Entry, Home, Inherited, Role, RoleUse, Tagged, Task } from './tree.ts'
import { type KnownVariables, PendingUse, type VariableNames } from './variable-names.ts'

/** One of them. */
export interface KnownModule {
  problems(args: Dict, spans: ReadonlyMap<string, Span>, nodes?: ReadonlyMap<string, YamlNode>): readonly Problem[]
  /** Files of the controller that the arguments name: the parameter, the name, the subdirectory it is looked for in, and whether it is a template. */
  files?(args: Dict): readonly { readonly param: string; readonly name: Value; readonly directory: string; readonly render: boolean }[]
}

/** What loading must know of the modules: their names, and what is wrong with arguments that are known already. */
export interface ModuleCatalog {
  /** `own`: the file of a module that the project itself brings. */
  find(action: string, own?: OwnModule): KnownModule | undefined
  names(): Iterable<string>
}

export interface LoadOptions {
  readonly catalog?: ModuleCatalog
  /** Directories of `roles_path`, absolute; asked after the playbook's own `roles/`. */
  readonly rolesPath?: readonly string[]
  /** Directories that hold `ansible_collections/`, absolute. */
  readonly collectionsPath?: readonly string[]
  /** Directories of modules besides `library/` beside the playbook and in roles, absolute. */
  readonly libraries?: readonly string[]
  readonly vault?: VaultSecrets
  /** What a key is that stands twice in a mapping; refused by default. */
  readonly duplicates?: Duplicates
  /** `-e`: what names of imported files may depend on. */
  readonly extraVars?: Dict
  /** Filters, tests and lookups for the names of imports. */
  readonly environment?: Environment
  /** Documents that another loading has read, to read no file twice. */
  readonly documents?: Documents
  /** What is wrong but may never be reached, and what is merely old. */
  readonly warn?: (problem: Problem) => void
  /** What is defined without any task, for plays of a directory; without it no variable is said to be undefined. */
  readonly variables?: (playbookDirectory: string) => KnownVariables
  /** Whether a play may run on this machine, by what the inventory says. */
  readonly playLocal?: (hosts: Value) => boolean
  /** Whether a play and a task with these tags can be reached at all in this run; both by default. What cannot be is only warned about. */
  readonly playReached?: (hosts: Value) => boolean
  readonly tagsReached?: (tags: readonly string[]) => boolean
}

/** Documents that were read, by file; what is wrong with one that cannot be read is told to all who ask for it. */
export type Documents = Map<string, YamlNode | Problems>

/** What a dynamic include may bring in, as far as its name says; `exact` where the name is plain. */
export interface Included {
  readonly entries: readonly Entry[]
  readonly role?: Role
  readonly exact: boolean
}

/** Where something is being read. */
export interface Place {
  readonly home: Home
  /** Directory of the playbook that is being read, which an imported one is too. */
  readonly playbookDirectory: string
  readonly handler: boolean
  /** In a block of handlers, which only groups them; one within it is refused. */
  readonly grouped?: boolean
  /** Surely run if the playbook, or the role, is: no condition, loop, rescue or handler around it. */
  readonly certain: boolean
  /** Problems of what is certain: refused at once in a playbook, kept with a role for each of its uses. */
  readonly deferred: Problem[]
  /** Static variables, for the names of imports. */
  readonly vars: Dict
  /** Names that the conditions around have found to be defined. */
  readonly proven: ReadonlySet<string>
  /** `vars_files` of the play: read only where a name needs them. */
  readonly varsFiles: readonly Value[]
  readonly tags: readonly Value[]
  /** Files being imported, outermost first, to find circles. */
  readonly imports: readonly string[]
  readonly collections: readonly string[]
  /** Below a dynamic include: read for the checks alone, the run will read it itself. */
  readonly ahead?: true
  /** `module_defaults` may give what a task leaves out. */
  readonly defaults: boolean
}

/** What is asked of a role: its name and the files that stand for `main`. */
export interface RoleRequest {
  readonly name: string
  readonly span?: Span
  readonly tasksFrom?: string
  readonly varsFrom?: string
  readonly defaultsFrom?: string
  readonly handlersFrom?: string
  /** `rolespec_validate: false` leaves out the check of the role's arguments. */
  readonly validate?: boolean
}

/** One loading: what it was asked, what it found wrong, and what it read already. */
export interface Loading {
  readonly options: LoadOptions
  readonly playbookDirectory: string
  readonly problems: Problem[]
  /** Directories of modules that a project brings along: beside the playbook and in roles, as far as read. */
  readonly libraries: Set<string>
  readonly ownModule: (directories: Iterable<string>, name: string) => OwnModule | undefined
  /** Whether something was read that may make files on the controller when it runs: a file that is missing now need not be missing then. */
  readonly local: { worked: boolean }
  /** What dynamic includes bring in: read ahead for the checks alone. */
  readonly included: Map<Task, Included>
  /** The files that were read ahead, by the role around them. */
  readonly ahead: Map<Role | undefined, Map<string, Included>>
  /** Roles that are being read just now: one that includes itself ends there. */
  readonly reading: Set<string>
  /** Templates that tasks name, with the text of each. */
  readonly rendered: Map<Task, readonly string[]>
  /** Who defines which variable, and who reads it. */
  readonly names: VariableNames
  readonly known: KnownVariables | undefined
  /** A file's document, read once; undefined where it could not be read, which is already reported. */
  document(file: string, span?: Span): YamlNode | undefined
  entries(node: YamlNode, place: Place): readonly Entry[]
  role(request: RoleRequest, place: Place): { readonly role: Role; readonly deferred: readonly Problem[] } | undefined
  roleUses(node: YamlNode, place: Place): readonly RoleUse[]
}

/** Notes a mistake of the language: always refused. */
export function report(loading: Loading, parts: ProblemParts): void {
  loading.problems.push(new Problem(parts))
}

/** Notes what would fail when it is reached: refused where that is certain, else only warned about. */
export function defer(loading: Loading, place: Place, problem: Problem): void {
  if (place.certain) place.deferred.push(problem)
  else if (problem instanceof PendingUse) loading.names.pending.push(problem)
  else loading.options.warn?.(problem)
}

/** Runs a reading whose mistakes are not refused here: what it found wrong is given back. */
export function apart<T>(loading: Loading, read: () => T): { readonly result: T; readonly problems: readonly Problem[] } {
  const before = loading.problems.length
  const result = read()
  return { result, problems: loading.problems.splice(before) }
}

export function warn(loading: Loading, parts: ProblemParts): void {
  loading.options.warn?.(new Problem(parts))
}

/** An entry that only groups: imported files and roles, so that what was said at the import is inherited. */
export const wrapping = (span: Span, home: Home, block: readonly Entry[]): Block => ({
  kind: 'block', span, name: '', block, rescue: [], always: [], notify: [], home, tags: [], when: [], vars: new Map(),
})

/** The place inside something with tags, conditions and variables of its own. */
export function withinBlock(place: Place, ignoreErrors: unknown, { tags, when, vars }: Pick<Block, 'tags' | 'when' | 'vars'>): Place {
  const certain = place.certain && when.every(({ expression }) => expression === true) && (ignoreErrors === undefined || ignoreErrors === false)
  const proven = when.length > 0 ? new Set([...place.proven, ...when.flatMap(({ expression }) => (typeof expression === 'string' ? [...provenBy(expression)] : []))]) : place.proven
  return { ...place, certain, proven, tags: [...place.tags, ...tags], vars: vars.size > 0 ? new Map([...place.vars, ...vars]) : place.vars }
}

/** What a static import says to everything it stands for. */
export function handedDown(task: Task): Inherited & Tagged {
  const { kind: _1, span: _2, name: _3, action: _4, actionAsWritten: _5, args: _6, argSpans: _7, spans: _22, argsTemplate: _8, until: _9, listen: _10, loop: _11, register: _12,
    changedWhen: _13, failedWhen: _14, retries: _15, delay: _16, async: _17, poll: _18, importedFrom: _19, notify: _20, home: _21, ...shared } = task
  return shared
}
