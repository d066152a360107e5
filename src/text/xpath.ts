import { type XmlDocument, type XmlElement, type XmlText, namespaceOf, splitName } from './xml.ts'

/** An attribute as a node that an XPath finds. */
export interface XmlAttribute {
  readonly kind: 'attribute'
  readonly parent: XmlElement
  readonly name: string
  readonly text: string
}
export type XPathNode = XmlDocument | XmlElement | XmlText | XmlAttribute
type XPathValue = readonly XPathNode[] | string | number | boolean

interface Context {
  readonly node: XPathNode
  readonly position: number
  readonly size: number
}
type Expression = (at: Context) => XPathValue
type NodeTest = (node: XPathNode) => boolean

export class XPathError extends Error {}

const TOKENS = /\s*(?:(\d+(?:\.\d*)?|\.\d+)|"([^"]*)"|'([^']*)'|(\/\/|::|\.\.|!=|<=|>=|[/.@()[\],|+\-=<>*$])|((?:[\p{L}_][\p{L}\p{N}_.-]*:(?!:))?(?:[\p{L}_][\p{L}\p{N}_.-]*|(?<=:)\*)))/uy

type Token = { readonly sign?: string; readonly text?: string; readonly number?: number; readonly name?: string }

function tokens(source: string): readonly Token[] {
  const all: Token[] = []
  TOKENS.lastIndex = 0
  for (let at = 0; at < source.trimEnd().length; at = TOKENS.lastIndex) {
    const match = TOKENS.exec(source)
    if (!match) throw new XPathError(`Invalid expression at '${source.slice(at)}'`)
    const [, number, double, single, sign, name] = match
    all.push(number !== undefined ? { number: Number(number) } : sign !== undefined ? { sign } : name !== undefined ? { name } : { text: double ?? single ?? '' })
  }
  return all
}

/** Compiles an XPath 1.0 expression; `namespaces` are the prefixes that it may use. */
export function compileXPath(source: string, namespaces: Readonly<Record<string, string>> = {}): (node: XPathNode) => XPathValue {
  const parser = new Parser(tokens(source), namespaces)
  const expression = parser.whole()
  return (node) => expression({ node, position: 1, size: 1 })
}

const AXES = ['child', 'descendant', 'descendant-or-self', 'self', 'parent', 'ancestor', 'ancestor-or-self', 'following-sibling', 'preceding-sibling', 'attribute'] as const
type Axis = (typeof AXES)[number]

const ORDERS = [['or'], ['and'], ['=', '!='], ['<', '<=', '>', '>='], ['+', '-'], ['*', 'div', 'mod']] as const

class Parser {
  readonly #tokens: readonly Token[]
  readonly #namespaces: Readonly<Record<string, string>>
  #at = 0

  constructor(all: readonly Token[], namespaces: Readonly<Record<string, string>>) {
    this.#tokens = all
    this.#namespaces = namespaces
  }

  whole(): Expression {
    const expression = this.#binary(0)
    if (this.#at < this.#tokens.length) throw new XPathError('Invalid expression')
    return expression
  }

  #sees(...signs: readonly string[]): boolean {
    const token = this.#tokens[this.#at]
    return token?.sign !== undefined && signs.includes(token.sign)
  }

  #takes(sign: string): boolean {
    if (!this.#sees(sign)) return false
    this.#at++
    return true
  }

  #needs(sign: string): void {
    if (!this.#takes(sign)) throw new XPathError(`Invalid expression: ${sign} is missing`)
  }

  #binary(level: number): Expression {
    const signs = ORDERS[level] as readonly string[] | undefined
    if (!signs) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const token = this.#tokens[this.#at]
      const sign = token?.sign ?? token?.name
      if (sign === undefined || !signs.includes(sign)) return left
      this.#at++
      left = operate(sign, left, this.#binary(level + 1))
    }
  }

  #unary(): Expression {
    if (!this.#takes('-')) return this.#union()
    const inner = this.#unary()
    return (at) => -toNumber(inner(at))
  }

  #union(): Expression {
    const parts = [this.#path()]
    while (this.#takes('|')) parts.push(this.#path())
    return parts.length === 1 ? parts[0]! : (at) => distinct(parts.flatMap((part) => nodes(part(at))))
  }

  #path(): Expression {
    const token = this.#tokens[this.#at]
    const isCall = token?.name !== undefined && this.#tokens[this.#at + 1]?.sign === '(' && !/^(?:node|text|comment|processing-instruction)$/.test(token.name)
    if (token?.text !== undefined || token?.number !== undefined || this.#sees('(') || isCall) return this.#filter()
    if (this.#sees('/', '//')) {
      const deep = this.#takes('//')
      if (!deep) this.#at++
      const first: Expression = (at) => [rootOf(at.node)]
      if (!deep && !this.#startsStep()) return first
      return this.#steps(deep ? descend(first) : first)
    }
    return this.#steps((at) => [at.node])
  }

  #startsStep(): boolean {
    return this.#sees('.', '..', '@', '*') || this.#tokens[this.#at]?.name !== undefined
  }

  #filter(): Expression {
    let primary = this.#primary()
    while (this.#sees('[')) primary = this.#predicate(primary)
    if (this.#sees('/', '//')) {
      const deep = this.#takes('//')
      if (!deep) this.#at++
      return this.#steps(deep ? descend(primary) : primary)
    }
    return primary
  }

  #primary(): Expression {
    const token = this.#tokens[this.#at++]
    if (token?.text !== undefined) return () => token.text!
    if (token?.number !== undefined) return () => token.number!
    if (token?.sign === '(') {
      const inner = this.#binary(0)
      this.#needs(')')
      return inner
    }
    const call = FUNCTIONS[token?.name ?? '']
    if (!call) throw new XPathError(`Unregistered function: ${token?.name ?? ''}`)
    this.#needs('(')
    const args: Expression[] = []
    while (!this.#sees(')')) {
      args.push(this.#binary(0))
      if (!this.#takes(',')) break
    }
    this.#needs(')')
    return (at) => call(args.map((arg) => arg(at)), at)
  }

  #steps(from: Expression): Expression {
    let path = this.#step(from)
    while (this.#sees('/', '//')) {
      const deep = this.#takes('//')
      if (!deep) this.#at++
      path = this.#step(deep ? descend(path) : path)
    }
    return path
  }

  #step(from: Expression): Expression {
    if (this.#takes('.')) return from
    if (this.#takes('..')) return (at) => distinct(nodes(from(at)).flatMap((node) => along('parent', node)))
    const axis = this.#axis()
    const test = this.#test(axis)
    const predicates: Expression[] = []
    while (this.#takes('[')) {
      predicates.push(this.#binary(0))
      this.#needs(']')
    }
    return (at) => distinct(nodes(from(at)).flatMap((node) => predicates.reduce(select, along(axis, node).filter(test))))
  }

  #predicate(of: Expression): Expression {
    this.#needs('[')
    const predicate = this.#binary(0)
    this.#needs(']')
    return (at) => select(nodes(of(at)), predicate)
  }

  #axis(): Axis {
    if (this.#takes('@')) return 'attribute'
    if (this.#tokens[this.#at + 1]?.sign !== '::') return 'child'
    const name = this.#tokens[this.#at]?.name as Axis
    if (!AXES.includes(name)) throw new XPathError(`Invalid axis: ${name}`)
    this.#at += 2
    return name
  }

  #test(axis: Axis): NodeTest {
    const isMain: NodeTest = ({ kind }) => kind === (axis === 'attribute' ? 'attribute' : 'element')
    if (this.#takes('*')) return isMain
    const name = this.#tokens[this.#at++]?.name
    if (name === undefined) throw new XPathError('Invalid expression')
    if (this.#sees('(')) {
      this.#at++
      this.#needs(')')
      const kinds = { text: ['text', 'cdata'], comment: ['comment'], 'processing-instruction': ['instruction'] }[name]
      return ({ kind }) => (kinds ? kinds.includes(kind) : kind !== 'doctype')
    }
    const [prefix, local] = splitName(name)
    const address = prefix === '' ? '' : this.#namespaces[prefix]
    if (address === undefined) throw new XPathError('Undefined namespace prefix')
    return (node) => isMain(node) && (local === '*' || splitName((node as XmlElement).name)[1] === local) && addressOf(node as XmlElement | XmlAttribute) === address
  }
}

/** An attribute without a prefix is in no namespace, whatever its element is in. */
function addressOf(node: XmlElement | XmlAttribute): string {
  const [prefix] = splitName(node.name)
  if (node.kind === 'attribute') return prefix === '' ? '' : (namespaceOf(node.parent, prefix) ?? '')
  return namespaceOf(node, prefix) ?? ''
}

const descend = (from: Expression): Expression => (at) => distinct(nodes(from(at)).flatMap((node) => along('descendant-or-self', node)))

function select(found: readonly XPathNode[], predicate: Expression): readonly XPathNode[] {
  return found.filter((node, i) => {
    const value = predicate({ node, position: i + 1, size: found.length })
    return typeof value === 'number' ? value === i + 1 : toBoolean(value)
  })
}

const childrenOf = (node: XPathNode): readonly XPathNode[] => (node.kind === 'document' || node.kind === 'element' ? node.children : [])

function along(axis: Axis, node: XPathNode): readonly XPathNode[] {
  const parent = node.parent as XmlElement | XmlDocument | undefined
  switch (axis) {
    case 'self': return [node]
    case 'child': return childrenOf(node)
    case 'parent': return parent ? [parent] : []
    case 'attribute': return node.kind === 'element' ? attributesOf(node) : []
    case 'descendant': return childrenOf(node).flatMap((child) => along('descendant-or-self', child))
    case 'descendant-or-self': return [node, ...along('descendant', node)]
    case 'ancestor': return parent ? [parent, ...along('ancestor', parent)] : []
    case 'ancestor-or-self': return [node, ...along('ancestor', node)]
    case 'following-sibling': return parent && node.kind !== 'attribute' ? parent.children.slice(parent.children.indexOf(node as XmlElement) + 1) : []
    case 'preceding-sibling': return parent && node.kind !== 'attribute' ? parent.children.slice(0, parent.children.indexOf(node as XmlElement)).reverse() : []
  }
}

const known = new WeakMap<XmlElement, Map<string, XmlAttribute>>()

/** The same node each time, as long as the value is the same: nodes are compared by identity. */
function attributesOf(parent: XmlElement): readonly XmlAttribute[] {
  let mine = known.get(parent)
  if (!mine) known.set(parent, (mine = new Map()))
  return [...parent.attributes].filter(([name]) => !/^xmlns(?::|$)/.test(name)).map(([name, text]) => {
    const old = mine.get(name)
    if (old?.text === text) return old
    const node: XmlAttribute = { kind: 'attribute', parent, name, text }
    mine.set(name, node)
    return node
  })
}

const rootOf = (node: XPathNode): XPathNode => (node.parent ? rootOf(node.parent) : node)

/** Each node once, in the order of the document. */
function distinct(found: readonly XPathNode[]): readonly XPathNode[] {
  const wanted = new Set(found)
  if (wanted.size < 2) return [...wanted]
  const order = along('descendant-or-self', rootOf(found[0]!)).flatMap((node) => [node, ...along('attribute', node)])
  return order.filter((node) => wanted.has(node))
}

function nodes(value: XPathValue): readonly XPathNode[] {
  if (typeof value !== 'object') throw new XPathError('Invalid type')
  return value
}

export function stringOf(node: XPathNode): string {
  if (node.kind !== 'element' && node.kind !== 'document') return node.text
  return along('descendant', node).flatMap((one) => (one.kind === 'text' || one.kind === 'cdata' ? [one.text] : [])).join('')
}

const toText = (value: XPathValue): string => (typeof value === 'object' ? (value[0] ? stringOf(value[0]) : '') : String(value))
const toNumber = (value: XPathValue): number => (typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : toText(value).trim() === '' ? Number.NaN : Number(toText(value)))
const toBoolean = (value: XPathValue): boolean => (typeof value === 'object' ? value.length > 0 : typeof value === 'number' ? value !== 0 && !Number.isNaN(value) : Boolean(value))

function operate(sign: string, left: Expression, right: Expression): Expression {
  const number = (make: (one: number, other: number) => number): Expression => (at) => make(toNumber(left(at)), toNumber(right(at)))
  switch (sign) {
    case 'or': return (at) => toBoolean(left(at)) || toBoolean(right(at))
    case 'and': return (at) => toBoolean(left(at)) && toBoolean(right(at))
    case '+': return number((one, other) => one + other)
    case '-': return number((one, other) => one - other)
    case '*': return number((one, other) => one * other)
    case 'div': return number((one, other) => one / other)
    case 'mod': return number((one, other) => one % other)
    default: return (at) => compare(sign, left(at), right(at))
  }
}

/** Of a set of nodes one that compares so is enough. */
function compare(sign: string, left: XPathValue, right: XPathValue): boolean {
  if (typeof left === 'object' && typeof right !== 'boolean') return left.some((node) => compare(sign, stringOf(node), right))
  if (typeof right === 'object' && typeof left !== 'boolean') return right.some((node) => compare(sign, left, stringOf(node)))
  if (sign === '=' || sign === '!=') {
    const same = typeof left === 'boolean' || typeof right === 'boolean' ? toBoolean(left) === toBoolean(right) : typeof left === 'number' || typeof right === 'number' ? toNumber(left) === toNumber(right) : left === right
    return same === (sign === '=')
  }
  const [one, other] = [toNumber(left), toNumber(right)]
  return sign === '<' ? one < other : sign === '<=' ? one <= other : sign === '>' ? one > other : one >= other
}

type Call = (args: readonly XPathValue[], at: Context) => XPathValue
const own = (args: readonly XPathValue[], at: Context): XPathValue => args[0] ?? [at.node]
const first = (args: readonly XPathValue[], at: Context): XPathNode | undefined => nodes(own(args, at))[0]
const nameOf = (node: XPathNode | undefined): string => (node?.kind === 'element' || node?.kind === 'attribute' ? node.name : '')

const FUNCTIONS: Readonly<Record<string, Call>> = {
  last: (_args, { size }) => size,
  position: (_args, { position }) => position,
  count: ([set]) => nodes(set!).length,
  sum: ([set]) => nodes(set!).reduce((all, node) => all + toNumber(stringOf(node)), 0),
  name: (args, at) => nameOf(first(args, at)),
  'local-name': (args, at) => splitName(nameOf(first(args, at)))[1],
  'namespace-uri': (args, at) => { const node = first(args, at); return node?.kind === 'element' || node?.kind === 'attribute' ? addressOf(node) : '' },
  string: (args, at) => toText(own(args, at)),
  concat: (args) => args.map(toText).join(''),
  'starts-with': ([text, start]) => toText(text!).startsWith(toText(start!)),
  contains: ([text, part]) => toText(text!).includes(toText(part!)),
  'substring-before': ([text, part]) => { const at = toText(text!).indexOf(toText(part!)); return at < 0 ? '' : toText(text!).slice(0, at) },
  'substring-after': ([text, part]) => { const at = toText(text!).indexOf(toText(part!)); return at < 0 ? '' : toText(text!).slice(at + toText(part!).length) },
  substring: ([text, from, length]) => { const start = Math.round(toNumber(from!)); return [...toText(text!)].filter((_, i) => i + 1 >= start && (length === undefined || i + 1 < start + Math.round(toNumber(length)))).join('') },
  'string-length': (args, at) => [...toText(own(args, at))].length,
  'normalize-space': (args, at) => toText(own(args, at)).trim().replace(/\s+/g, ' '),
  translate: ([text, from, to]) => { const [old, now] = [[...toText(from!)], [...toText(to!)]]; return [...toText(text!)].map((letter) => (old.includes(letter) ? (now[old.indexOf(letter)] ?? '') : letter)).join('') },
  boolean: ([value]) => toBoolean(value!),
  not: ([value]) => !toBoolean(value!),
  true: () => true,
  false: () => false,
  number: (args, at) => toNumber(own(args, at)),
  floor: ([value]) => Math.floor(toNumber(value!)),
  ceiling: ([value]) => Math.ceil(toNumber(value!)),
  round: ([value]) => Math.round(toNumber(value!)),
}
