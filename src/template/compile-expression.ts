import { TemplateString, Unknown, VaultString, isUnknown, type Value } from '../value/value.ts'
import { NO_KEYWORDS, applyPlugin } from './define.ts'
import { Callable } from './objects.ts'
import { spanOf } from './place.ts'
import { getAttribute, getItem, methodOf, slice } from './python/access.ts'
import { compare, contains, equal } from './python/compare.ts'
import { MUTATING } from './python/container-methods.ts'
import { float, int, iterate, mappingOf, truthy, tuple, typeName } from './python/kind.ts'
import { calculate, negate, plus } from './python/operators.ts'
import { str } from './python/text.ts'
import type { Frame, Run } from './run.ts'
import type { Keywords } from './scope.ts'
import type { Arguments, Expression } from './syntax-tree.ts'
import { fail, type Origin, type Place } from './template-error.ts'
import { Undefined } from './undefined.ts'
import { UnknownReached, need } from './unknown-reached.ts'

/** A compiled expression: a closure, so nothing is generated and every error has its place. */
export type Evaluate = (run: Run, frame: Frame) => Value

/** Where an operation reaches an unknown, its value is that unknown. */
const contagious = (evaluate: Evaluate): Evaluate => (run, frame) => {
  try {
    return evaluate(run, frame)
  } catch (error) {
    if (error instanceof UnknownReached && !error.whole) return error.unknown
    throw error
  }
}

export function compileExpression(node: Expression, origin: Origin): Evaluate {
  const place: Place = { origin, offset: node.offset }
  const compile = (inner: Expression): Evaluate => compileExpression(inner, origin)
  const maybe = (inner: Expression | undefined): Evaluate | undefined => inner && compile(inner)
  switch (node.kind) {
    case 'constant': return origin.embedded && typeof node.value === 'string' && TEMPLATE.test(node.value) ? embedded(node.value, place) : constant(node.value)
    case 'int': return constant(int(BigInt(node.text)))
    case 'float': return constant(float(node.value))
    case 'variable':
    case 'attribute':
    case 'item': return settled(compilePath(node, origin))
    case 'list': return compileList(node.items.map(compile), (items) => items)
    case 'tuple': return compileList(node.items.map(compile), tuple)
    case 'dict': return compileDict(node.items.map(([key, value]) => [compile(key), compile(value)] as const))
    case 'slice': return compileSlice(compile(node.of), [maybe(node.from), maybe(node.to), maybe(node.step)], place)
    case 'call': return compileCall(node, origin, place)
    case 'filter': return compileFilter(node, compile(node.of!), origin, compilePath(node.of!, origin))
    case 'test': return compileTest(node, origin, place)
    case 'sign': return compileSign(node.operator, compile(node.of), place)
    case 'binary': return compileBinary(node.operator, compile(node.left), compile(node.right), place)
    case 'and':
    case 'or': return compileLogic(node.kind === 'or', compile(node.left), compile(node.right), place)
    case 'not': return compileNot(compile(node.of), place)
    case 'concat': return compileConcat(node.items.map(compile), place)
    case 'compare': return compileComparison(compile(node.first), node.rest.map(([sign, right]) => [sign, compile(right)] as const), place)
    case 'inline-if': return compileInlineIf(compile(node.test), compile(node.then), maybe(node.otherwise), place)
  }
}

const constant = (value: Value): Evaluate => () => value
const TEMPLATE = /\{\{[^]*?\}\}|\{%[^]*?%\}/
/** `'{{ x }}' == 'a'` in a condition, `lookup('file', '{{ x }}')`: older playbooks are full of it. */
function embedded(source: string, place: Place): Evaluate {
  const template = new TemplateString(source, spanOf(place))
  return (run) => run.ready(template)
}
const settled = (raw: Evaluate): Evaluate => (run, frame) => {
  const value = raw(run, frame)
  return typeof value === 'object' && value !== null ? run.ready(value) : value
}

/** An access path walks raw containers and renders only what it ends at: `a.b` does not render the siblings of `b`. */
function compilePath(node: Expression, origin: Origin): Evaluate {
  const place: Place = { origin, offset: node.offset }
  if (node.kind === 'variable') return (run, frame) => run.resolve(frame, node.name, place)
  if (node.kind === 'attribute') {
    const of = opened(compilePath(node.of, origin))
    return (run, frame) => getAttribute(of(run, frame), node.name, place)
  }
  if (node.kind === 'item') {
    const of = opened(compilePath(node.of, origin))
    const key = compileExpression(node.key, origin)
    return contagious((run, frame) => {
      const container = of(run, frame)
      run.place = place
      return getItem(container, key(run, frame), place)
    })
  }
  return compileExpression(node, origin)
}
/** A container that is still a template is rendered as a whole; a raw one is left for the next step of the path. */
const opened = (raw: Evaluate): Evaluate => (run, frame) => {
  const value = raw(run, frame)
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map) ? run.ready(value) : value
}

const compileList = (items: readonly Evaluate[], make: (items: Value[]) => Value): Evaluate => (run, frame) =>
  make(items.map((item) => item(run, frame)))

const compileDict = (items: readonly (readonly [Evaluate, Evaluate])[]): Evaluate => contagious((run, frame) =>
  new Map(items.map(([key, value]) => [need(key(run, frame)), value(run, frame)] as const)))

function compileSlice(of: Evaluate, [from, to, step]: readonly (Evaluate | undefined)[], place: Place): Evaluate {
  return contagious((run, frame) => {
    run.place = place
    const bound = (part: Evaluate | undefined): Value | undefined => part && need(part(run, frame))
    return slice(of(run, frame), bound(from), bound(to), bound(step))
  })
}

/** Arguments of calls, filters and tests: evaluated from left to right. */
export type EvaluateArguments = (run: Run, frame: Frame) => readonly [readonly Value[], Keywords]
export function compileArguments(args: Arguments, origin: Origin): EvaluateArguments {
  const positional = args.positional.map((node) => compileExpression(node, origin))
  const keywords = args.keywords.map(([name, node]) => [name, compileExpression(node, origin)] as const)
  const spread = args.spread && compileExpression(args.spread, origin)
  const spreadKeywords = args.spreadKeywords && compileExpression(args.spreadKeywords, origin)
  const plain = (run: Run, frame: Frame): Value[] => positional.map((evaluate) => evaluate(run, frame))
  if (!keywords.length && !spread && !spreadKeywords) return (run, frame) => [plain(run, frame), NO_KEYWORDS]
  return (run, frame) => {
    const values = plain(run, frame)
    const named = Object.create(null) as Record<string, Value>
    if (spread) values.push(...iterate(need(spread(run, frame))))
    for (const [name, evaluate] of keywords) named[name] = evaluate(run, frame)
    if (spreadKeywords) {
      const more = mappingOf(need(spreadKeywords(run, frame))) ?? fail("a mapping is needed after '**'")
      for (const [name, value] of more) named[str(name)] = value
    }
    return [values, named]
  }
}

export function invoke(callee: Value, args: readonly Value[], keywords: Keywords, run: Run): Value {
  if (callee instanceof Callable) return callee.invoke(args, keywords, run)
  return fail(`'${typeName(need(callee))}' is not callable`)
}
const isLookup = ({ callee }: Expression & { kind: 'call' }): boolean => callee.kind === 'variable' && ['lookup', 'query', 'q'].includes(callee.name)
function compileCall(node: Expression & { kind: 'call' }, origin: Origin, place: Place): Evaluate {
  const args = compileArguments(node.args, isLookup(node) ? { ...origin, embedded: true } : origin)
  if (node.callee.kind !== 'attribute') {
    const callee = compileExpression(node.callee, origin)
    return contagious((run, frame) => {
      const target = callee(run, frame)
      const [values, keywords] = args(run, frame)
      run.place = place
      return invoke(target, values, keywords, run)
    })
  }
  const of = compileExpression(node.callee.of, origin)
  const { name } = node.callee
  const call: Evaluate = (run, frame) => {
    const self = of(run, frame)
    if (isUnknown(self)) return self
    const [values, keywords] = args(run, frame)
    run.place = place
    const method = methodOf(self, name)
    return method ? method(self as never, values, keywords) : invoke(getAttribute(self, name, place), values, keywords, run)
  }
  return MUTATING.has(name) ? poisoning(call) : contagious(call)
}
/** A change that depends on an unknown cannot be made, so nothing this template puts out can be trusted. */
const poisoning = (evaluate: Evaluate): Evaluate => (run, frame) => {
  try {
    return evaluate(run, frame)
  } catch (error) {
    throw error instanceof UnknownReached ? new UnknownReached(error.unknown, true) : error
  }
}

/** `raw` gives what is filtered as it is, for filters that take a `!vault` value unopened. */
export function compileFilter(node: Expression & { kind: 'filter' }, of: Evaluate, origin: Origin, raw = of): Evaluate {
  const place: Place = { origin, offset: node.offset }
  const args = compileArguments(node.args, origin)
  return contagious((run, frame) => {
    run.place = place
    const plugin = run.filter(node.name)
    const value = plugin.accepts.has('sealed') ? unlessSealed(raw(run, frame), run) : of(run, frame)
    const [values, keywords] = args(run, frame)
    run.place = place
    return applyPlugin('filter', plugin, value, values, keywords, run)
  })
}
const unlessSealed = (value: Value, run: Run): Value => (value instanceof VaultString ? value : run.ready(value))
function compileTest(node: Expression & { kind: 'test' }, origin: Origin, place: Place): Evaluate {
  const of = compileExpression(node.of, origin)
  const raw = compilePath(node.of, origin)
  const args = compileArguments(node.args, origin)
  return contagious((run, frame) => {
    run.place = place
    const plugin = run.test(node.name)
    const value = plugin.accepts.has('sealed') ? unlessSealed(raw(run, frame), run) : of(run, frame)
    const [values, keywords] = args(run, frame)
    run.place = place
    return truthy(applyPlugin('test', plugin, value, values, keywords, run)) !== node.negated
  })
}

function compileSign(sign: string, of: Evaluate, place: Place): Evaluate {
  return contagious((run, frame) => {
    const value = of(run, frame)
    run.place = place
    return sign === '-' ? negate(value) : plus(value)
  })
}
function compileBinary(operator: string, left: Evaluate, right: Evaluate, place: Place): Evaluate {
  return contagious((run, frame) => {
    const a = left(run, frame)
    const b = right(run, frame)
    run.place = place
    return calculate(operator, a, b)
  })
}
/** `and` and `or` give one of their operands, and do not look at the second when the first decides. */
function compileLogic(decides: boolean, left: Evaluate, right: Evaluate, place: Place): Evaluate {
  return (run, frame) => {
    const value = left(run, frame)
    if (value instanceof Unknown) return value
    run.place = place
    return truthy(value) === decides ? value : right(run, frame)
  }
}
function compileNot(of: Evaluate, place: Place): Evaluate {
  return (run, frame) => {
    const value = of(run, frame)
    run.place = place
    return value instanceof Unknown ? value : !truthy(value)
  }
}
function compileConcat(items: readonly Evaluate[], place: Place): Evaluate {
  return contagious((run, frame) => {
    let text = ''
    for (const item of items) {
      const value = item(run, frame)
      run.place = place
      text += str(value)
    }
    return text
  })
}
function compileComparison(first: Evaluate, rest: readonly (readonly [string, Evaluate])[], place: Place): Evaluate {
  return contagious((run, frame) => {
    let left = first(run, frame)
    for (const [sign, evaluate] of rest) {
      const right = evaluate(run, frame)
      run.place = place
      if (!holds(sign, left, right)) return false
      left = right
    }
    return true
  })
}
function holds(sign: string, left: Value, right: Value): boolean {
  switch (sign) {
    case '==': return equal(left, right)
    case '!=': return !equal(left, right)
    case '<': return compare(left, right, sign) < 0
    case '<=': return compare(left, right, sign) <= 0
    case '>': return compare(left, right, sign) > 0
    case '>=': return compare(left, right, sign) >= 0
    case 'in': return contains(right, left)
  }
  return !contains(right, left)
}
function compileInlineIf(test: Evaluate, then: Evaluate, otherwise: Evaluate | undefined, place: Place): Evaluate {
  return (run, frame) => {
    const value = test(run, frame)
    if (value instanceof Unknown) return value
    run.place = place
    if (truthy(value)) return then(run, frame)
    return otherwise ? otherwise(run, frame) : new Undefined("the inline 'if' has no 'else'", { place, lenient: true })
  }
}
