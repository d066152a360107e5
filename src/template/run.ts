import { TemplateString, VaultString, isDict, type Value } from '../value/value.ts'
import { NO_KEYWORDS, applyPlugin } from './define.ts'
import type { Syntax } from './lexer.ts'
import { deepCopy } from './python/container-methods.ts'
import type { Call, Filter, Keywords, Scope, Test } from './scope.ts'
import { TemplateError, type Place } from './template-error.ts'
import { Undefined } from './undefined.ts'

/** Names that a template itself has set; one per loop pass, macro and `with`. */
export class Frame {
  readonly up: Frame | undefined
  #names: Map<string, Value> | undefined
  constructor(up?: Frame) {
    this.up = up
  }
  get(name: string): Value | undefined {
    for (let frame: Frame | undefined = this; frame; frame = frame.up) {
      const value = frame.#names?.get(name)
      if (value !== undefined) return value
    }
    return undefined
  }
  set(name: string, value: Value): void {
    ;(this.#names ??= new Map()).set(name, value)
  }
}

export type Execute = (run: Run, frame: Frame, out: Value[]) => void
/** A template that is ready to run; it writes what it puts out. */
export interface Runnable {
  readonly mutates: boolean
  into(run: Run, frame: Frame, out: Value[]): void
}
/** What a run needs from the compiler, handed in to keep the arrows one way. */
export interface Engine {
  renderNested(template: TemplateString, run: Run): Value
  load(name: string, run: Run): Runnable | undefined
  runLookup(name: string, args: readonly Value[], keywords: Keywords, wantList: boolean, call: Call): Value
}

/** What a scope's templates gave so far. A scope does not change, so each is rendered once. */
interface Memo {
  readonly values: Map<object, Value>
  readonly busy: Set<TemplateString>
}
const memos = new WeakMap<Scope, Memo>()
export function memoOf(scope: Scope): Memo {
  let memo = memos.get(scope)
  if (!memo) memos.set(scope, (memo = { values: new Map(), busy: new Set() }))
  return memo
}

const isPluginName = (name: string): boolean => /^[\w.]+$/.test(name)
const couldNotLoad = (name: string): string => `TemplateSyntaxError: Could not load "${name}": 'invalid plugin name: ansible.builtin.${name}'`

/** One evaluation of one template. */
export class Run implements Call {
  readonly scope: Scope
  readonly engine: Engine
  /** File templates: everything is joined as text. */
  readonly text: boolean
  readonly syntax: Syntax
  /** Where evaluation stands, for errors. */
  place: Place | undefined
  depth = 0
  readonly blocks = new Map<string, Execute[]>()
  /** Set by `extends`: runs when the child is through. */
  parent: Runnable | undefined
  /** An imported template: what it defines at its top level. */
  readonly exports: { readonly frame: Frame; readonly names: Map<string, Value> } | undefined
  /** Imported without context: variables are out of sight. */
  readonly blind: boolean
  /** Copies of variables, in a template that calls mutating methods. */
  copies: Map<string, Value> | undefined

  constructor(scope: Scope, engine: Engine, how: { text: boolean; syntax: Syntax; exports?: Run['exports']; blind?: boolean }) {
    this.scope = scope
    this.engine = engine
    this.text = how.text
    this.syntax = how.syntax
    this.exports = how.exports
    this.blind = how.blind ?? false
  }

  /** A run for an included or imported template. */
  derive(how: { text?: boolean; exports?: Run['exports']; blind?: boolean } = {}): Run {
    const run = new Run(this.scope, this.engine, { text: this.text, syntax: this.syntax, ...how })
    run.copies = this.copies
    run.place = this.place
    return run
  }

  /** The raw variable, which may still have to be made ready. */
  resolve(frame: Frame, name: string, place: Place): Value {
    const set = frame.get(name)
    const own = set === undefined ? this.copies?.get(name) : set
    if (own !== undefined) return own
    const value = this.blind ? undefined : this.scope.get(name)
    if (value === undefined) return this.scope.environment.globals.get(name) ?? new Undefined(`'${name}' is undefined`, { subject: name, place })
    if (!this.copies) return value
    const copy = deepCopy(this.ready(value))
    this.copies.set(name, copy)
    return copy
  }

  /** Renders a raw value: a template string to its value, a container that holds some to one that does not. */
  ready(value: Value): Value {
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof TemplateString) return this.engine.renderNested(value, this)
    if (value instanceof VaultString) return value.decrypt()
    return holdsTemplates(value) ? this.#deep(value) : value
  }
  #deep(value: Value): Value {
    const { values } = memoOf(this.scope)
    const known = values.get(value as object)
    if (known !== undefined) return known
    const made = isDict(value)
      ? new Map(Array.from(value, ([key, item]) => [this.ready(key), this.ready(item)]))
      : Array.prototype.map.call(value, (item: Value) => this.ready(item)) as Value[]
    values.set(value as object, made)
    return made
  }

  filter(name: string): Filter {
    const found = this.scope.environment.filters.get(name)
    if (!found) throw new TemplateError('no-filter', isPluginName(name) ? `there is no filter '${name}'` : couldNotLoad(name), { subject: name, place: this.place })
    return found
  }
  test(name: string): Test {
    const found = this.scope.environment.tests.get(name)
    if (!found) throw new TemplateError('no-test', isPluginName(name) ? `there is no test '${name}'` : couldNotLoad(name), { subject: name, place: this.place })
    return found
  }
  applyFilter(name: string, value: Value, args: readonly Value[] = [], keywords: Keywords = NO_KEYWORDS): Value {
    return applyPlugin('filter', this.filter(name), value, args, keywords, this)
  }
  applyTest(name: string, value: Value, args: readonly Value[] = [], keywords: Keywords = NO_KEYWORDS): Value {
    return applyPlugin('test', this.test(name), value, args, keywords, this)
  }
  runLookup(name: string, args: readonly Value[], keywords: Keywords, wantList: boolean): Value {
    return this.engine.runLookup(name, args, keywords, wantList, this)
  }
}

const holding = new WeakMap<object, boolean>()
function holdsTemplates(value: object): boolean {
  if (!Array.isArray(value) && !(value instanceof Map)) return false
  let holds = holding.get(value)
  if (holds === undefined) {
    holds = value instanceof Map ? some(value.values()) || some(value.keys()) : some(value)
    holding.set(value, holds)
  }
  return holds
}
function some(items: Iterable<unknown>): boolean {
  for (const item of items) {
    if (typeof item !== 'object' || item === null) continue
    if (item instanceof TemplateString || item instanceof VaultString || holdsTemplates(item)) return true
  }
  return false
}
