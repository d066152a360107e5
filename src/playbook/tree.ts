import type { OwnModule } from './own-module.ts'
import type { Span } from '../problem/problem.ts'
import type { Dict, Value } from '../value/value.ts'

/** The tree of a playbook: plain readonly records. Values are as loaded: a string with template marks is a `TemplateString`. */
export interface Playbook {
  readonly file: string
  /** Plays in order; `import_playbook` is already replaced by what it imports. */
  readonly plays: readonly Play[]
}

/** A condition: an expression without braces (`when`, `changed_when`, `until`, `that`), with its place. A boolean stands for itself. */
export interface Condition {
  readonly expression: string | boolean
  readonly span: Span
}

/** Keywords that plays, roles, blocks and tasks share, and that are inherited downwards. Absent means inherited. */
export interface Inherited {
  readonly become?: Value
  readonly becomeUser?: Value
  readonly becomeMethod?: Value
  readonly becomeFlags?: Value
  readonly becomeExe?: Value
  readonly connection?: Value
  readonly remoteUser?: Value
  readonly port?: Value
  readonly checkMode?: Value
  readonly diff?: Value
  readonly noLog?: Value
  readonly runOnce?: Value
  readonly throttle?: Value
  readonly timeout?: Value
  readonly anyErrorsFatal?: Value
  readonly ignoreErrors?: Value
  readonly ignoreUnreachable?: Value
  readonly delegateTo?: Value
  readonly delegateFacts?: Value
  readonly debugger?: Value
  /** Innermost last; each a dict or a template. */
  readonly environment?: readonly Value[]
  /** Module name, action group or `group/NAME` to default arguments. */
  readonly moduleDefaults?: readonly Dict[]
  readonly collections?: readonly string[]
}

/** Own tags and conditions; those of the parents come first when they are asked for. */
export interface Tagged {
  readonly tags: readonly Value[]
  readonly when: readonly Condition[]
  readonly vars: Dict
}

export interface Play extends Inherited, Tagged {
  readonly span: Span
  readonly name: Value
  readonly hosts: Value
  readonly gatherFacts?: Value
  readonly gatherSubset?: Value
  readonly gatherTimeout?: Value
  readonly factPath?: Value
  readonly varsFiles: readonly Value[]
  readonly varsPrompt: readonly VarsPrompt[]
  readonly serial: readonly Value[]
  readonly strategy?: Value
  readonly order?: Value
  readonly maxFailPercentage?: Value
  readonly forceHandlers?: Value
  readonly preTasks: readonly Entry[]
  readonly roles: readonly RoleUse[]
  readonly tasks: readonly Entry[]
  readonly postTasks: readonly Entry[]
  readonly handlers: readonly Entry[]
}

export interface VarsPrompt {
  readonly name: string
  readonly prompt?: Value
  readonly default?: Value
  readonly private: boolean
  readonly confirm: boolean
  readonly encrypt?: string
  readonly saltSize?: number
  readonly salt?: string
  readonly unsafe: boolean
}

/** A role as a play lists it, or as another role depends on it. */
export interface RoleUse extends Inherited, Tagged {
  readonly span: Span
  readonly role: Role
  /** Parameters beside `role:`: variables of the higher precedence. */
  readonly params: Dict
  /** `allow_duplicates` as the use says it (`import_role`), above what the role says. */
  readonly allowDuplicates?: boolean
  /** `import_role` with `public: false`: its variables end with its tasks. */
  readonly public?: boolean
}

/** A role on disk, loaded once for each (path, tasks_from, vars_from, …) it is used with. */
export interface Role {
  /** As it was asked for: `redis`, `geerlingguy.docker`, `ns.collection.name`. */
  readonly name: string
  readonly path: string
  readonly defaults: Dict
  readonly vars: Dict
  readonly tasks: readonly Entry[]
  readonly handlers: readonly Entry[]
  readonly dependencies: readonly RoleUse[]
  readonly allowDuplicates: boolean
  /** `meta/argument_specs.yml`: entry point to its spec, as loaded. */
  readonly argumentSpecs: Dict
  /** `collections` of its meta file: what its tasks look names up in. */
  readonly collections: readonly string[]
}

export type Entry = Task | Block

export interface Block extends Inherited, Tagged {
  readonly kind: 'block'
  readonly span: Span
  readonly name: Value
  readonly block: readonly Entry[]
  readonly rescue: readonly Entry[]
  readonly always: readonly Entry[]
  readonly notify: readonly Value[]
  /** Where each name under `notify` stands. */
  readonly spans?: ReadonlyMap<string, Span>
  /** The file that stands in this block's place: what `import_tasks` was replaced by. */
  readonly importedFrom?: string
  /** The role that stands in this block's place (`import_role`, a role of a play, a dependency): its variables hold inside. */
  readonly importedRole?: RoleUse
  /** The role whose file this stands in, for variables and file search; and the file's directory. */
  readonly home: Home
}

/** Where a task stands: what relative files and role variables are looked up against. */
export interface Home {
  /** Directory of the file that the task is written in. */
  readonly directory: string
  readonly role?: Role
  /** The role that included this role, and so on, innermost first: their files are searched too. */
  readonly parents?: readonly Role[]
}

export interface Task extends Inherited, Tagged {
  readonly kind: 'task'
  readonly span: Span
  readonly name: Value
  /** The module or action, normalised: `copy`, `community.general.ufw` -> `ufw`. */
  readonly action: string
  /** The module is the project's own: its file. */
  readonly own?: OwnModule
  /** As written, for messages and module_defaults: `ansible.builtin.copy`. */
  readonly actionAsWritten: string
  /** Arguments as loaded; free-form text is under `_raw_params`. Where each stands is in `argSpans`. */
  readonly args: Dict
  /** `args: "{{ dict }}"`, or free-form arguments that are one template: merged below `args` when the task runs. */
  readonly argsTemplate?: Value
  readonly argSpans: ReadonlyMap<string, Span>
  /** Where the names stand that the task gives and calls: `register`, and each name under `notify`. */
  readonly spans?: ReadonlyMap<string, Span>
  readonly loop?: Loop
  readonly until: readonly Condition[]
  readonly retries?: Value
  readonly delay?: Value
  readonly changedWhen?: readonly Condition[]
  readonly failedWhen?: readonly Condition[]
  readonly register?: string
  readonly notify: readonly Value[]
  /** Handlers only: topics besides the name. */
  readonly listen: readonly Value[]
  readonly async?: Value
  readonly poll?: Value
  readonly home: Home
  /** Static imports that were replaced by their content keep a mark here, for `--list-tasks` and errors: the file. */
  readonly importedFrom?: string
}

export interface Loop {
  /** `loop` for the keyword, else the lookup: `items`, `dict`, `fileglob` … of `with_*`. */
  readonly lookup: string
  readonly over: Value
  readonly span: Span
  readonly loopVar: Value
  readonly indexVar?: Value
  readonly label?: Value
  readonly pause?: Value
  readonly extended: Value
  readonly extendedAllItems: Value
  readonly breakWhen: readonly Condition[]
}
