import type { Span } from '../problem/problem.ts'
import type { Secrets } from '../text/secrets.ts'
import type { Value } from '../value/value.ts'

/**
 * Where a template's names come from. One scope is made per task, host and loop item, and its variables never change:
 * rendered values are remembered for as long as the scope object lives.
 */
export interface Scope {
  /** The raw variable, which may be a `TemplateString` or hold some; `undefined` where there is none. */
  get(name: string): Value | undefined
  names(): Iterable<string>
  /** A template file for `include`, `import` and `extends`, found as Ansible finds it; `undefined` where there is none. */
  loadTemplate?(name: string): TemplateFile | undefined
  readonly environment: Environment
  warn?(text: string, span?: Span): void
  /** What lookups may reach; without it only those that need no files, secrets or hosts work. */
  readonly lookupContext?: LookupContext
}

export interface TemplateFile {
  readonly source: string
  readonly file: string
}

/** What a scope offers besides variables. A plugin is entered under each of its names. */
export interface Environment {
  readonly filters: ReadonlyMap<string, Filter>
  readonly tests: ReadonlyMap<string, Test>
  readonly lookups: ReadonlyMap<string, Lookup>
  readonly globals: ReadonlyMap<string, Value>
}

/** Keyword arguments; the record has no prototype. */
export type Keywords = Readonly<Record<string, Value>>
/** Arguments in the order of the parameters; `undefined` where one was not given. */
export type Bound = readonly (Value | undefined)[]

/** What filters, tests and callables may ask of the evaluation they run in. */
export interface Call {
  readonly scope: Scope
  filter(name: string): Filter
  test(name: string): Test
  /** Applies a filter by name, as `map` does. */
  applyFilter(name: string, value: Value, args: readonly Value[], keywords: Keywords): Value
  applyTest(name: string, value: Value, args: readonly Value[], keywords: Keywords): Value
  runLookup(name: string, args: readonly Value[], keywords: Keywords, wantList: boolean): Value
}

/** Parameter names of a plugin, declared once: the binder does positions, keywords, unknown names and too many. */
export interface Signature {
  readonly params: readonly string[]
  /** How many of the first parameters must be given. */
  readonly required: number
  /** More positional arguments are kept in `rest`. */
  readonly rest: boolean
  /** Any keyword is taken. */
  readonly open: boolean
}

export type Accepted = 'undefined' | 'unknown' | 'view' | 'sealed'
export interface Filter {
  readonly names: readonly string[]
  readonly signature: Signature
  /** `undefined`: looks at undefined values itself; `unknown`: also at unknown ones; `view`: takes lazy mappings as they are; `sealed`: `!vault` values too. */
  readonly accepts: ReadonlySet<Accepted>
  apply(value: Value, args: Bound, extra: Extra): Value
}
export interface Test {
  readonly names: readonly string[]
  readonly signature: Signature
  readonly accepts: ReadonlySet<Accepted>
  apply(value: Value, args: Bound, extra: Extra): Value
}
/** What does not fit into the declared parameters, and the evaluation itself. */
export interface Extra {
  readonly rest: readonly Value[]
  readonly keywords: Keywords
  readonly call: Call
}

/** A lookup answers with a list; `lookup()` joins it or unwraps it, `query()` and `with_` loops take it whole. */
export interface Lookup {
  readonly names: readonly string[]
  /** Keyword arguments it knows; `*` for any. */
  readonly options: readonly string[]
  /** Unknown items inside its terms may stay what they are. */
  readonly passesUnknown?: boolean
  run(terms: readonly Value[], options: Keywords, context: LookupContext, call: Call): readonly Value[]
}

/** The controller's side of a lookup. */
export interface LookupContext {
  /** Folders to search, best first: `searchPaths('files')` is the role's files folder, the role, the play's files folder, the play. */
  searchPaths(subdir: string): readonly string[]
  readonly playbookDir: string
  /** Where `first_found` looks, by the task's action: `vars`, `templates`, `tasks`; `files` when it is not given. */
  readonly firstFoundSubdir?: string
  readonly scope: Scope
  render(value: Value): Value
  /** Opens text in the Vault format. */
  vault?(text: string): string
  /** A setting of Ansible (`kind` is `base`) or of a plugin, with its source; undefined where there is none of the name. */
  setting?(name: string, kind: string, plugin: string): { readonly value: Value; readonly origin: string } | undefined
  readonly secrets: Secrets
}
