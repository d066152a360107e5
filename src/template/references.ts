import type { Span } from '../problem/problem.ts'
import { TemplateString, isDict, type Value } from '../value/value.ts'
import { parseExpressionSource, parseSource } from './compiled.ts'
import { valueSyntax } from './engine.ts'
import { defaultSyntax } from './lexer.ts'
import { spanOf } from './place.ts'
import type { Body, Expression, Statement, Target } from './syntax-tree.ts'
import { TemplateError, type Origin } from './template-error.ts'
import { walk } from './walk.ts'

/** A use of a plugin by name. */
export interface Use {
  readonly name: string
  readonly span: Span | undefined
}
export interface References {
  /** Variables that a template reads and does not set itself. */
  readonly names: ReadonlySet<string>
  /** Members of `ansible_facts` it reads (`ansible_x` counts as `x`); `'all'` where that cannot be told. */
  readonly facts: ReadonlySet<string> | 'all'
  readonly filters: readonly Use[]
  readonly tests: readonly Use[]
  readonly lookups: readonly Use[]
  /** Template files it names plainly: by `lookup('template', …)`, `include`, `import`, `extends`. */
  readonly templates: readonly Use[]
}

/** How a text is to be read: a bare expression (`when`), or a template file. Values hold their own templates. */
export interface ReadAs {
  readonly as: 'expression' | 'file'
  readonly span?: Span
  readonly file?: string
}

/** What a value, an expression or a template file reads, without evaluating it. Text that cannot be parsed reads nothing: `check` reports it. */
export function references(value: Value, how?: ReadAs): References {
  const found: Finding = { names: new Set(), facts: new Set(), allFacts: false, filters: [], tests: [], lookups: [], templates: [] }
  collect(value, how, found)
  return { names: found.names, facts: found.allFacts ? 'all' : found.facts, filters: found.filters, tests: found.tests, lookups: found.lookups, templates: found.templates }
}

interface Finding {
  readonly names: Set<string>
  readonly facts: Set<string>
  allFacts: boolean
  readonly filters: Use[]
  readonly tests: Use[]
  readonly lookups: Use[]
  readonly templates: Use[]
}

function collect(value: Value, how: ReadAs | undefined, found: Finding): void {
  if (typeof value === 'string' && how) parsed(() => readText(value, how, found))
  else if (value instanceof TemplateString) parsed(() => readTemplate(parseSource(value.source, valueSyntax, { span: value.span }), found))
  else if (Array.isArray(value)) for (const item of value) collect(item as Value, how, found)
  else if (isDict(value)) {
    for (const [key, item] of value) {
      collect(key, undefined, found)
      collect(item, how, found)
    }
  }
}
function parsed(read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
  }
}
function readText(text: string, how: ReadAs, found: Finding): void {
  if (how.as === 'file') return readTemplate(parseSource(text, defaultSyntax, how), found)
  if (/^\s*\{\{/.test(text)) return readTemplate(parseSource(text, valueSyntax, how), found)
  const { expression, origin } = parseExpressionSource(text, how)
  readExpression(expression, new Set(), origin, found)
}
const readTemplate = ({ body, origin }: { body: Body; origin: Origin }, found: Finding): void => readBody(body, new Set(), origin, found)

/** Statements in order: a name counts as the template's own from where it is set. */
function readBody(body: Body, own: Set<string>, origin: Origin, found: Finding): void {
  for (const statement of body) readStatement(statement, own, origin, found)
}
function readStatement(node: Statement, own: Set<string>, origin: Origin, found: Finding): void {
  const expression = (inner: Expression | undefined, names: ReadonlySet<string> = own): void => void (inner && readExpression(inner, names, origin, found))
  const body = (inner: Body | undefined, names: Set<string> = new Set(own)): void => void (inner && readBody(inner, names, origin, found))
  const template = (name: Expression): void => {
    if (name.kind === 'constant' && typeof name.value === 'string') found.templates.push({ name: name.value, span: spanOf({ origin, offset: name.offset + 1 }) })
  }
  switch (node.kind) {
    case 'output': return expression(node.expression)
    case 'if':
      for (const [test, arm] of node.arms) {
        expression(test)
        body(arm, own)
      }
      return body(node.otherwise, own)
    case 'for': {
      expression(node.over)
      const inner = new Set([...own, 'loop', ...targetNames(node.target)])
      expression(node.test, inner)
      body(node.body, inner)
      return body(node.otherwise)
    }
    case 'set':
      expression(node.expression)
      return void targetNames(node.target).forEach((name) => own.add(name))
    case 'set-block':
      body(node.body)
      expression(node.filter)
      return void targetNames(node.target).forEach((name) => own.add(name))
    case 'with':
      for (const [, value] of node.items) expression(value)
      return body(node.body, new Set([...own, ...node.items.flatMap(([target]) => targetNames(target))]))
    case 'filter-block':
      expression(node.filter)
      return body(node.body)
    case 'macro':
      own.add(node.name)
      for (const param of node.params) expression(param.fallback)
      return body(node.body, new Set([...own, ...node.params.map((param) => param.name), 'caller', 'varargs', 'kwargs']))
    case 'call-block':
      expression(node.call)
      return body(node.body, new Set([...own, ...node.params.map((param) => param.name)]))
    case 'import':
      template(node.name)
      expression(node.name)
      return void own.add(node.as)
    case 'from':
      template(node.name)
      expression(node.name)
      return node.names.forEach(([, as]) => own.add(as))
    case 'include':
    case 'extends':
      template(node.name)
      return expression(node.name)
    case 'block': return body(node.body, new Set([...own, 'super', 'self']))
  }
}
const targetNames = (target: Target): string[] =>
  target.kind === 'name' ? [target.name] : target.kind === 'unpack' ? target.items.flatMap(targetNames) : []

function readExpression(tree: Expression, own: ReadonlySet<string>, origin: Origin, found: Finding): void {
  // The place inside a YAML scalar takes a look at its file: only those that are reported pay for it.
  const use = (name: string, offset: number): Use => ({
    name,
    get span() {
      return spanOf({ origin, offset })
    },
  })
  const explained = new Set<Expression>()
  for (const node of walk(tree)) {
    if (node.kind === 'filter') {
      found.filters.push(use(node.name, node.offset))
      readIndirect(node, use, found)
    } else if (node.kind === 'test') found.tests.push(use(node.name, node.offset))
    else if (node.kind === 'call') readLookup(node, own, use, found)
    else if (node.kind === 'attribute' || node.kind === 'item') {
      if (node.of.kind === 'variable' && node.of.name === 'ansible_facts' && !own.has('ansible_facts')) {
        explained.add(node.of)
        addFact(node, found)
      } else if (reachesHosts(node) || isVarsItem(node)) found.allFacts = true
    } else if (node.kind === 'variable' && !own.has(node.name)) {
      found.names.add(node.name)
      if (node.name === 'ansible_facts') found.allFacts ||= !explained.has(node)
      else if (node.name.startsWith('ansible_')) found.facts.add(node.name.slice('ansible_'.length))
      if (node.name === 'vars' || node.name === 'hostvars') found.allFacts = true
    }
  }
}
function addFact(node: Expression & { kind: 'attribute' | 'item' }, found: Finding): void {
  if (node.kind === 'attribute' && ['items', 'keys', 'values', 'get'].includes(node.name)) found.allFacts = true
  else if (node.kind === 'attribute') found.facts.add(node.name.replace(/^ansible_/, ''))
  else if (node.key.kind === 'constant' && typeof node.key.value === 'string') found.facts.add(node.key.value.replace(/^ansible_/, ''))
  else found.allFacts = true
}
// Facts of other hosts and variables by computed names: what they are is only known when they are reached.
const reachesHosts = (node: Expression & { kind: 'attribute' | 'item' }): boolean => node.of.kind === 'variable' && node.of.name === 'hostvars'
const isVarsItem = (node: Expression & { kind: 'attribute' | 'item' }): boolean =>
  node.kind === 'item' && node.of.kind === 'variable' && node.of.name === 'vars' && node.key.kind !== 'constant'

const BY_FILTER = new Set(['map'])
const BY_TEST = new Map([['select', 0], ['reject', 0], ['selectattr', 1], ['rejectattr', 1]])
/** Filters and tests named by text, as in `map('upper')`. */
function readIndirect(node: Expression & { kind: 'filter' }, use: (name: string, offset: number) => Use, found: Finding): void {
  const name = node.name.replace(/^ansible\.builtin\./, '')
  const named = node.args.positional[BY_FILTER.has(name) ? 0 : BY_TEST.get(name) ?? -1]
  if (named?.kind !== 'constant' || typeof named.value !== 'string') return
  ;(BY_FILTER.has(name) ? found.filters : found.tests).push(use(named.value, named.offset + 1))
}
function readLookup(node: Expression & { kind: 'call' }, own: ReadonlySet<string>, use: (name: string, offset: number) => Use, found: Finding): void {
  if (node.callee.kind !== 'variable' || !['lookup', 'query', 'q'].includes(node.callee.name) || own.has(node.callee.name)) return
  const [named, ...terms] = node.args.positional
  if (named?.kind !== 'constant' || typeof named.value !== 'string') return
  found.lookups.push(use(named.value, named.offset + 1))
  const name = named.value.replace(/^ansible\.builtin\./, '')
  if (name === 'template') {
    found.allFacts = true
    for (const term of terms) if (term.kind === 'constant' && typeof term.value === 'string') found.templates.push(use(term.value, term.offset + 1))
  }
  if (name !== 'vars' && name !== 'varnames') return
  for (const term of terms) {
    if (name === 'vars' && term.kind === 'constant' && typeof term.value === 'string') {
      found.names.add(term.value)
      if (term.value.startsWith('ansible_')) found.facts.add(term.value.slice('ansible_'.length))
    } else found.allFacts = true
  }
}
