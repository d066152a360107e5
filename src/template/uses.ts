import type { Span } from '../problem/problem.ts'
import { TemplateString, isDict, type Value } from '../value/value.ts'
import { parseExpressionSource, parseSource } from './compiled.ts'
import { valueSyntax } from './engine.ts'
import { defaultSyntax } from './lexer.ts'
import { spanOf } from './place.ts'
import type { ReadAs } from './references.ts'
import type { Body, Expression, Statement, Target } from './syntax-tree.ts'
import { TemplateError, type Origin } from './template-error.ts'

/** One place where a variable is read that the template does not set itself. */
export interface VariableUse {
  readonly name: string
  /** A member that is read by a plain name: `os_family` of `ansible_facts.os_family`. */
  readonly member: string | undefined
  readonly span: Span | undefined
  /** It may be undefined here: a default follows, or a test for being defined is, or stands around it. */
  readonly guarded: boolean
  /** Names that the template itself has set there. */
  readonly own: ReadonlySet<string>
  /** It is read whenever the text is rendered: it stands in no branch, loop or macro. */
  readonly sure: boolean
}

/** Every use of a variable in a value, an expression or a template file. Text that cannot be parsed uses nothing. */
export function variableUses(value: Value, how?: ReadAs): readonly VariableUse[] {
  const found: VariableUse[] = []
  collect(value, how, found)
  return found
}

/** The names that a condition which holds has found to be defined: `a is defined and b` says so of a. */
export function provenBy(expression: string): ReadonlySet<string> {
  const proven = new Set<string>()
  attempt(() => definedIn(parseExpressionSource(expression).expression).forEach((name) => proven.add(name)))
  return proven
}

function collect(value: Value, how: ReadAs | undefined, found: VariableUse[]): void {
  if (typeof value === 'string' && how) attempt(() => readText(value, how, found))
  else if (value instanceof TemplateString) attempt(() => readTemplate(parseSource(value.source, valueSyntax, { span: value.span }), found))
  else if (Array.isArray(value)) for (const item of value) collect(item as Value, how, found)
  else if (isDict(value)) for (const [key, item] of value) [collect(key, undefined, found), collect(item, how, found)]
}
function attempt(read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
  }
}
function readText(text: string, how: ReadAs, found: VariableUse[]): void {
  if (how.as === 'file') return readTemplate(parseSource(text, defaultSyntax, how), found)
  if (text.trim() === '') return
  if (/^\s*\{\{/.test(text)) return readTemplate(parseSource(text, valueSyntax, how), found)
  const { expression, origin } = parseExpressionSource(text, how)
  new Reading(origin, found).expression(expression, START)
}
const readTemplate = ({ body, origin }: { body: Body; origin: Origin }, found: VariableUse[]): void => new Reading(origin, found).body(body, { ...START, own: new Set() })

/** What holds around an expression. */
interface Around {
  readonly own: ReadonlySet<string>
  readonly proven: ReadonlySet<string>
  readonly sure: boolean
}
const START: Around = { own: new Set(), proven: new Set(), sure: true }
const maybe = (around: Around, proven: Iterable<string> = []): Around => ({ ...around, sure: false, proven: new Set([...around.proven, ...proven]) })
const owning = (around: Around, names: Iterable<string>): Around => ({ ...around, own: new Set([...around.own, ...names]) })

class Reading {
  readonly #origin: Origin
  readonly #found: VariableUse[]
  constructor(origin: Origin, found: VariableUse[]) {
    this.#origin = origin
    this.#found = found
  }

  /** Names that statements set are the template's own from there on, also behind the branch they are set in. */
  body(body: Body, around: Around): void {
    const own = around.own as Set<string>
    for (const statement of body) this.statement(statement, around, own)
  }

  statement(node: Statement, around: Around, own: Set<string>): void {
    const inner = (body: Body | undefined, where: Around): void => void (body && this.body(body, { ...where, own: new Set(where.own) }))
    switch (node.kind) {
      case 'output': return this.expression(node.expression, around)
      case 'if': {
        let left = around
        for (const [test, arm] of node.arms) {
          this.expression(test, left)
          this.body(arm, { ...maybe(left, definedIn(test)), own })
          left = maybe(left, undefinedIn(test))
        }
        return node.otherwise && this.body(node.otherwise, { ...left, own })
      }
      case 'for': {
        this.expression(node.over, around)
        const within = owning(maybe(around), ['loop', ...namesOf(node.target)])
        if (node.test) this.expression(node.test, within)
        inner(node.body, node.test ? maybe(within, definedIn(node.test)) : within)
        return inner(node.otherwise, maybe(around))
      }
      case 'set':
        this.expression(node.expression, around)
        return namesOf(node.target).forEach((name) => own.add(name))
      case 'set-block':
        inner(node.body, around)
        if (node.filter) this.expression(node.filter, around)
        return namesOf(node.target).forEach((name) => own.add(name))
      case 'with':
        for (const [, value] of node.items) this.expression(value, around)
        return inner(node.body, owning(around, node.items.flatMap(([target]) => namesOf(target))))
      case 'filter-block':
        this.expression(node.filter, around)
        return inner(node.body, around)
      case 'macro':
        own.add(node.name)
        for (const param of node.params) if (param.fallback) this.expression(param.fallback, maybe(around))
        return inner(node.body, owning(maybe(around), [...node.params.map(({ name }) => name), 'caller', 'varargs', 'kwargs']))
      case 'call-block':
        this.expression(node.call, around)
        return inner(node.body, owning(maybe(around), node.params.map(({ name }) => name)))
      case 'import':
        this.expression(node.name, around)
        return void own.add(node.as)
      case 'from':
        this.expression(node.name, around)
        return node.names.forEach(([, as]) => own.add(as))
      case 'include':
      case 'extends': return this.expression(node.name, around)
      case 'block': return inner(node.body, owning(around, ['super', 'self']))
    }
  }

  expression(node: Expression, around: Around, optional = false): void {
    switch (node.kind) {
      case 'variable': return this.#use(node, around, optional, undefined)
      case 'attribute':
      case 'item': {
        const member = node.kind === 'attribute' ? node.name : node.key.kind === 'constant' && typeof node.key.value === 'string' ? node.key.value : undefined
        if (node.kind === 'item') this.expression(node.key, around)
        return node.of.kind === 'variable' ? this.#use(node.of, around, optional, member) : this.expression(node.of, around, optional)
      }
      case 'filter': {
        const lenient = LENIENT.has(shortName(node.name))
        if (node.of) this.expression(node.of, around, lenient)
        return this.#parts(node.args, lenient ? maybe(around) : around)
      }
      case 'test':
        this.expression(node.of, around, TOLERANT.has(shortName(node.name)))
        return this.#parts(node.args, around)
      case 'and':
        this.expression(node.left, around)
        return this.expression(node.right, maybe(around, definedIn(node.left)))
      case 'or':
        this.expression(node.left, around)
        return this.expression(node.right, maybe(around, undefinedIn(node.left)))
      case 'inline-if':
        this.expression(node.test, around)
        this.expression(node.then, maybe(around, definedIn(node.test)), optional)
        return node.otherwise && this.expression(node.otherwise, maybe(around, undefinedIn(node.test)), optional)
      case 'call':
        this.#lookup(node, around)
        this.expression(node.callee, around, optional)
        return this.#parts(node.args, around)
      default: return this.#parts(node, around)
    }
  }

  /** The expressions inside anything else. */
  #parts(part: unknown, around: Around): void {
    if (Array.isArray(part)) for (const item of part) this.#expressionOrParts(item, around)
    else if (typeof part === 'object' && part !== null) for (const item of Object.values(part)) this.#expressionOrParts(item, around)
  }
  #expressionOrParts(part: unknown, around: Around): void {
    if (typeof part === 'object' && part !== null && 'kind' in part && 'offset' in part) this.expression(part as Expression, around)
    else this.#parts(part, around)
  }

  /** `lookup('vars', 'name')` reads a variable by its name. */
  #lookup({ callee, args }: Expression & { kind: 'call' }, around: Around): void {
    const [named, ...terms] = args.positional
    if (callee.kind !== 'variable' || !['lookup', 'query', 'q'].includes(callee.name) || named?.kind !== 'constant' || named.value !== 'vars') return
    for (const term of terms) {
      if (term.kind === 'constant' && typeof term.value === 'string') this.#use({ name: term.value, offset: term.offset + 1 }, around, args.keywords.some(([name]) => name === 'default'), undefined)
    }
  }

  #use({ name, offset }: { readonly name: string; readonly offset: number }, { own, proven, sure }: Around, optional: boolean, member: string | undefined): void {
    if (own.has(name)) return
    const origin = this.#origin
    this.#found.push({
      name, member, own, sure, guarded: optional || proven.has(name),
      // The place inside a YAML scalar takes a look at its file: only those that are reported pay for it.
      get span() {
        return spanOf({ origin, offset })
      },
    })
  }
}

const LENIENT = new Set(['default', 'd'])
const TOLERANT = new Set(['defined', 'undefined'])
const shortName = (name: string): string => name.replace(/^ansible\.builtin\./, '')
const namesOf = (target: Target): string[] => (target.kind === 'name' ? [target.name] : target.kind === 'unpack' ? target.items.flatMap(namesOf) : [])

/** The variable that a chain of members begins with. */
function rootOf(node: Expression): string | undefined {
  if (node.kind === 'variable') return node.name
  if (node.kind === 'attribute' || node.kind === 'item') return rootOf(node.of)
  if (node.kind === 'call') return rootOf(node.callee)
  return node.kind === 'filter' && node.of ? rootOf(node.of) : undefined
}

/** What is defined where an expression holds. */
function definedIn(node: Expression): readonly string[] {
  if (node.kind === 'and') return [...definedIn(node.left), ...definedIn(node.right)]
  if (node.kind === 'not') return undefinedIn(node.of)
  if (node.kind === 'test' && isDefinedTest(node)) return namesTested(node)
  // `'name' in vars` and the like.
  if (node.kind === 'compare' && node.rest.some(([operator]) => operator === 'in') && node.first.kind === 'constant' && typeof node.first.value === 'string') return [node.first.value]
  // Whatever is true for a default that is not: `a | default(false)`.
  return node.kind === 'filter' && LENIENT.has(shortName(node.name)) ? namesTested(node) : node.kind === 'filter' && node.of ? definedIn(node.of) : node.kind === 'compare' ? definedIn(node.first) : []
}
/** What is defined where it does not hold. */
function undefinedIn(node: Expression): readonly string[] {
  if (node.kind === 'or') return [...undefinedIn(node.left), ...undefinedIn(node.right)]
  if (node.kind === 'not') return definedIn(node.of)
  return node.kind === 'test' && isUndefinedTest(node) ? namesTested(node) : []
}
const isDefinedTest = ({ name, negated }: Expression & { kind: 'test' }): boolean => (shortName(name) === 'defined' && !negated) || (shortName(name) === 'undefined' && negated)
const isUndefinedTest = ({ name, negated }: Expression & { kind: 'test' }): boolean => (shortName(name) === 'defined' && negated) || (shortName(name) === 'undefined' && !negated)
const namesTested = ({ of }: { readonly of: Expression | undefined }): readonly string[] => [of && rootOf(of)].filter((name) => name !== undefined)
