import type { Arguments, Expression, FilterExpression } from './syntax-tree.ts'
import { acceptName, acceptSign, current, describe, following, isName, isSign, needName, needSign, refuse, take, type Cursor } from './token-cursor.ts'

/** Words that are values, in Jinja's spelling and in Python's. */
export const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map<string, null | boolean>([
  ['true', true], ['True', true], ['false', false], ['False', false], ['none', null], ['None', null],
])
const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>='])
const NO_ARGUMENTS: Arguments = { positional: [], keywords: [], spread: undefined, spreadKeywords: undefined }

/** One expression, or several with commas between them as a tuple. A loop's `if` is not an inline `if`. */
export function parseTuple(cursor: Cursor, { inlineIf = true } = {}): Expression {
  const parseOne = (): Expression => (inlineIf ? parseExpression(cursor) : parseOr(cursor))
  const { offset } = current(cursor)
  const first = parseOne()
  if (!isSign(cursor, ',')) return first
  const items = [first]
  while (acceptSign(cursor, ',')) {
    const { kind } = current(cursor)
    if (kind === 'variable-end' || kind === 'block-end' || isSign(cursor, ')')) break
    if (!inlineIf && (isName(cursor, 'if') || isName(cursor, 'recursive'))) break
    items.push(parseOne())
  }
  return { kind: 'tuple', items, offset }
}

export function parseExpression(cursor: Cursor): Expression {
  let expression = parseOr(cursor)
  while (isName(cursor, 'if')) {
    const { offset } = take(cursor)
    const test = parseOr(cursor)
    const otherwise = acceptName(cursor, 'else') ? parseExpression(cursor) : undefined
    expression = { kind: 'inline-if', test, then: expression, otherwise, offset }
  }
  return expression
}

function parseOr(cursor: Cursor): Expression {
  let left = parseAnd(cursor)
  while (isName(cursor, 'or')) left = { kind: 'or', left, offset: take(cursor).offset, right: parseAnd(cursor) }
  return left
}
function parseAnd(cursor: Cursor): Expression {
  let left = parseNot(cursor)
  while (isName(cursor, 'and')) left = { kind: 'and', left, offset: take(cursor).offset, right: parseNot(cursor) }
  return left
}
function parseNot(cursor: Cursor): Expression {
  return isName(cursor, 'not') ? { kind: 'not', offset: take(cursor).offset, of: parseNot(cursor) } : parseComparison(cursor)
}
function parseComparison(cursor: Cursor): Expression {
  const first = parseSum(cursor)
  const { offset } = current(cursor)
  const rest: [string, Expression][] = []
  for (;;) {
    const operator = acceptComparison(cursor)
    if (!operator) break
    rest.push([operator, parseSum(cursor)])
  }
  return rest.length ? { kind: 'compare', first, rest, offset } : first
}
function acceptComparison(cursor: Cursor): string | undefined {
  const token = current(cursor)
  if (token.kind === 'sign' && COMPARISONS.has(token.value)) return take(cursor).value
  if (acceptName(cursor, 'in')) return 'in'
  if (!isName(cursor, 'not') || following(cursor).kind !== 'name' || following(cursor).value !== 'in') return undefined
  cursor.index += 2
  return 'not in'
}

function parseBinary(cursor: Cursor, operators: readonly string[], parseOperand: (cursor: Cursor) => Expression): Expression {
  let left = parseOperand(cursor)
  for (;;) {
    const token = current(cursor)
    if (token.kind !== 'sign' || !operators.includes(token.value)) return left
    take(cursor)
    left = { kind: 'binary', operator: token.value, left, right: parseOperand(cursor), offset: token.offset }
  }
}
// `~` binds tighter than `+`, and `**` is left-associative: Jinja's rules, not Python's.
const parseSum = (cursor: Cursor): Expression => parseBinary(cursor, ['+', '-'], parseConcat)
const parseProduct = (cursor: Cursor): Expression => parseBinary(cursor, ['*', '/', '//', '%'], parsePower)
const parsePower = (cursor: Cursor): Expression => parseBinary(cursor, ['**'], (at) => parseSigned(at, true))
function parseConcat(cursor: Cursor): Expression {
  const first = parseProduct(cursor)
  if (!isSign(cursor, '~')) return first
  const { offset } = current(cursor)
  const items = [first]
  while (acceptSign(cursor, '~')) items.push(parseProduct(cursor))
  return { kind: 'concat', items, offset }
}
function parseSigned(cursor: Cursor, withFilters: boolean): Expression {
  const token = current(cursor)
  const signed = token.kind === 'sign' && (token.value === '-' || token.value === '+')
  if (signed) take(cursor)
  const inner: Expression = signed
    ? { kind: 'sign', operator: token.value, of: parseSigned(cursor, false), offset: token.offset }
    : parsePrimary(cursor)
  const expression = parsePostfix(cursor, inner)
  return withFilters ? parseFiltersAndTests(cursor, expression) : expression
}

function parsePrimary(cursor: Cursor): Expression {
  const token = current(cursor)
  const { offset, value } = token
  switch (token.kind) {
    case 'name':
      take(cursor)
      return CONSTANTS.has(value) ? { kind: 'constant', value: CONSTANTS.get(value)!, offset } : { kind: 'variable', name: value, offset }
    case 'text':
      return { kind: 'constant', value: takeTexts(cursor), offset }
    case 'int':
      take(cursor)
      return { kind: 'int', text: value.replaceAll('_', ''), offset }
    case 'float':
      take(cursor)
      return { kind: 'float', value: Number(value.replaceAll('_', '')), offset }
  }
  if (acceptSign(cursor, '(')) return parseParenthesis(cursor, offset)
  if (acceptSign(cursor, '[')) return { kind: 'list', items: parseSeries(cursor, ']', () => parseExpression(cursor)), offset }
  if (acceptSign(cursor, '{')) return { kind: 'dict', items: parseSeries(cursor, '}', () => parsePair(cursor)), offset }
  const empty = token.kind === 'variable-end' || token.kind === 'block-end' || token.kind === 'end'
  return refuse(empty ? 'expected an expression' : `unexpected ${describe(token)}`, token)
}
function takeTexts(cursor: Cursor): string {
  let text = ''
  while (current(cursor).kind === 'text') text += take(cursor).value
  return text
}
function parseParenthesis(cursor: Cursor, offset: number): Expression {
  if (acceptSign(cursor, ')')) return { kind: 'tuple', items: [], offset }
  const inner = parseTuple(cursor)
  needSign(cursor, ')')
  return inner
}
function parsePair(cursor: Cursor): readonly [Expression, Expression] {
  const key = parseExpression(cursor)
  needSign(cursor, ':')
  return [key, parseExpression(cursor)]
}
/** Items with commas between them up to the closing sign; one comma may trail. */
function parseSeries<T>(cursor: Cursor, close: string, parseItem: () => T): T[] {
  const items: T[] = []
  while (!isSign(cursor, close)) {
    if (items.length) {
      needSign(cursor, ',')
      if (isSign(cursor, close)) break
    }
    items.push(parseItem())
  }
  take(cursor)
  return items
}

function parsePostfix(cursor: Cursor, start: Expression): Expression {
  let expression = start
  for (;;) {
    const { offset } = current(cursor)
    if (acceptSign(cursor, '.')) expression = parseMember(cursor, expression)
    else if (acceptSign(cursor, '[')) expression = parseSubscript(cursor, expression, offset)
    else if (isSign(cursor, '(')) expression = { kind: 'call', callee: expression, args: parseArguments(cursor), offset: calleeOffset(expression) }
    else return expression
  }
}
const calleeOffset = (callee: Expression): number => callee.offset
function parseMember(cursor: Cursor, of: Expression): Expression {
  const token = take(cursor)
  const { offset } = token
  if (token.kind === 'name') return { kind: 'attribute', of, name: token.value, offset }
  if (token.kind === 'int') return { kind: 'item', of, key: { kind: 'int', text: token.value, offset }, offset }
  return refuse(`expected a name or a number after '.', got ${describe(token)}`, token)
}
function parseSubscript(cursor: Cursor, of: Expression, offset: number): Expression {
  if (isSign(cursor, ']')) refuse('expected a subscript', current(cursor))
  const part = (): Expression | undefined => (isSign(cursor, ':') || isSign(cursor, ']') ? undefined : parseExpression(cursor))
  const from = part()
  if (acceptSign(cursor, ':')) {
    const to = part()
    const step = acceptSign(cursor, ':') ? part() : undefined
    needSign(cursor, ']')
    return { kind: 'slice', of, from, to, step, offset }
  }
  const keys = [from!]
  while (acceptSign(cursor, ',')) keys.push(parseExpression(cursor))
  needSign(cursor, ']')
  return { kind: 'item', of, key: keys.length === 1 ? keys[0]! : { kind: 'tuple', items: keys, offset }, offset: keys[0]!.offset }
}

function parseArguments(cursor: Cursor): Arguments {
  const positional: Expression[] = []
  const keywords: [string, Expression][] = []
  let spread: Expression | undefined
  let spreadKeywords: Expression | undefined
  needSign(cursor, '(')
  parseSeries(cursor, ')', () => {
    const token = current(cursor)
    const next = following(cursor)
    if (acceptSign(cursor, '*')) {
      if (spread || spreadKeywords) refuse("'*' may stand once, and before '**'", token)
      spread = parseExpression(cursor)
    } else if (acceptSign(cursor, '**')) {
      if (spreadKeywords) refuse("'**' may stand once", token)
      spreadKeywords = parseExpression(cursor)
    } else if (token.kind === 'name' && next.kind === 'sign' && next.value === '=') {
      if (keywords.some(([name]) => name === token.value)) refuse(`keyword argument repeated: ${token.value}`, token)
      cursor.index += 2
      keywords.push([token.value, parseExpression(cursor)])
    } else {
      if (keywords.length || spread || spreadKeywords) refuse('a positional argument stands after a keyword argument', token)
      positional.push(parseExpression(cursor))
    }
  })
  return { positional, keywords, spread, spreadKeywords }
}

function parseDotted(cursor: Cursor): string {
  let name = needName(cursor)
  while (acceptSign(cursor, '.')) name += `.${needName(cursor)}`
  return name
}
/** What follows a `|`: a filter's name and arguments. */
export function parseFilter(cursor: Cursor, of: Expression | undefined): FilterExpression {
  const { offset } = current(cursor)
  const name = parseDotted(cursor)
  return { kind: 'filter', of, name, args: isSign(cursor, '(') ? parseArguments(cursor) : NO_ARGUMENTS, offset }
}
function parseFiltersAndTests(cursor: Cursor, start: Expression): Expression {
  let expression = start
  for (;;) {
    const { offset } = current(cursor)
    if (acceptSign(cursor, '|')) expression = parseFilter(cursor, expression)
    else if (acceptName(cursor, 'is')) expression = parseTest(cursor, expression)
    else if (isSign(cursor, '(')) expression = { kind: 'call', callee: expression, args: parseArguments(cursor), offset }
    else return expression
  }
}
const NOT_AN_ARGUMENT = new Set(['else', 'or', 'and', 'if', 'in', 'not'])
function parseTest(cursor: Cursor, of: Expression): Expression {
  const negated = acceptName(cursor, 'not')
  const { offset } = current(cursor)
  const name = parseDotted(cursor)
  const token = current(cursor)
  const test = { kind: 'test', of, name, negated, offset } as const
  if (isSign(cursor, '(')) return { ...test, args: parseArguments(cursor) }
  const starts = ['name', 'text', 'int', 'float'].includes(token.kind) || isSign(cursor, '[') || isSign(cursor, '{')
  if (!starts || (token.kind === 'name' && NOT_AN_ARGUMENT.has(token.value))) return { ...test, args: NO_ARGUMENTS }
  if (isName(cursor, 'is')) refuse("tests cannot be chained with 'is'", token)
  return { ...test, args: { ...NO_ARGUMENTS, positional: [parsePostfix(cursor, parsePrimary(cursor))] } }
}
