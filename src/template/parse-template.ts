import { CONSTANTS, parseExpression, parseFilter, parseTuple } from './parse-expression.ts'
import type { Body, Expression, FilterExpression, MacroParameter, Statement, Target } from './syntax-tree.ts'
import type { Token } from './lexer.ts'
import {
  acceptName, acceptSign, current, cursorOn, describe, following, isName, isSign, needEnd, needName, needSign, refuse, take, type Cursor,
} from './token-cursor.ts'

/** The tokens of a template as a tree. */
export function parseTemplate(tokens: readonly Token[]): Body {
  return parseBody(cursorOn(tokens))
}
/** The tokens of a bare expression as a tree. */
export function parseBareExpression(tokens: readonly Token[]): Expression {
  const cursor = cursorOn(tokens)
  take(cursor)
  const expression = parseTuple(cursor)
  needEnd(cursor, 'variable-end')
  return expression
}

/** Statements up to one of the end tags, whose name the cursor is left on; without any, up to the end of the text. */
function parseBody(cursor: Cursor, until?: readonly string[]): Body {
  const body: Statement[] = []
  if (until) cursor.awaited.push(until)
  for (;;) {
    const token = current(cursor)
    if (token.kind === 'end') {
      if (until) refuse(`${until.map((tag) => `'${tag}'`).join(' or ')} is missing`, token)
      return body
    }
    take(cursor)
    if (token.kind === 'data') body.push({ kind: 'data', text: token.value, offset: token.offset })
    else if (token.kind === 'variable-begin') body.push(parseOutput(cursor))
    else {
      const tag = current(cursor)
      if (tag.kind !== 'name') refuse("expected a tag's name", tag)
      if (until?.includes(tag.value)) break
      take(cursor)
      body.push(parseTag(cursor, tag))
    }
  }
  cursor.awaited.pop()
  return body
}
function parseOutput(cursor: Cursor): Statement {
  const { offset } = current(cursor)
  const expression = parseTuple(cursor)
  needEnd(cursor, 'variable-end')
  return { kind: 'output', expression, offset }
}
function bodyUntil(cursor: Cursor, ...until: string[]): Body {
  acceptSign(cursor, ':') // As in Python, where people want it.
  needEnd(cursor, 'block-end')
  return parseBody(cursor, until)
}
/** The body of a block whose only end tag is `end`, with that tag. */
function wholeBody(cursor: Cursor, end: string): Body {
  const body = bodyUntil(cursor, end)
  take(cursor)
  needEnd(cursor, 'block-end')
  return body
}

type TagParser = (cursor: Cursor, tag: Token) => Statement
const TAGS: ReadonlyMap<string, TagParser> = new Map<string, TagParser>([
  ['if', parseIf], ['for', parseFor], ['set', parseSet], ['with', parseWith], ['filter', parseFilterBlock], ['macro', parseMacro],
  ['call', parseCallBlock], ['include', parseInclude], ['import', parseImport], ['from', parseFrom], ['extends', parseExtends], ['block', parseBlock],
])
function parseTag(cursor: Cursor, tag: Token): Statement {
  const parse = TAGS.get(tag.value)
  if (parse) return parse(cursor, tag)
  const awaited = cursor.awaited.at(-1)
  return refuse(`unknown tag '${tag.value}'${awaited ? `, expected ${awaited.map((end) => `'${end}'`).join(' or ')}` : ''}`, tag)
}

function parseIf(cursor: Cursor, { offset }: Token): Statement {
  const ends = ['elif', 'else', 'endif']
  const arms: [Expression, Body][] = [[parseTuple(cursor), bodyUntil(cursor, ...ends)]]
  let otherwise: Body | undefined
  for (;;) {
    const word = needName(cursor)
    if (word === 'elif') arms.push([parseTuple(cursor), bodyUntil(cursor, ...ends)])
    else if (word === 'else') otherwise = bodyUntil(cursor, 'endif')
    else break
  }
  needEnd(cursor, 'block-end')
  return { kind: 'if', arms, otherwise, offset }
}
function parseFor(cursor: Cursor, { offset }: Token): Statement {
  const target = parseTargets(cursor, { until: 'in' })
  needName(cursor, 'in')
  const over = parseTuple(cursor, { inlineIf: false })
  const test = acceptName(cursor, 'if') ? parseExpression(cursor) : undefined
  const recursive = acceptName(cursor, 'recursive')
  const body = bodyUntil(cursor, 'else', 'endfor')
  let otherwise: Body | undefined
  if (needName(cursor) === 'else') {
    otherwise = bodyUntil(cursor, 'endfor')
    take(cursor)
  }
  needEnd(cursor, 'block-end')
  return { kind: 'for', target, over, test, body, otherwise, recursive, offset }
}
function parseSet(cursor: Cursor, { offset }: Token): Statement {
  const target = parseTargets(cursor, { members: true })
  if (acceptSign(cursor, '=')) {
    const expression = parseTuple(cursor)
    needEnd(cursor, 'block-end')
    return { kind: 'set', target, expression, offset }
  }
  let filter: FilterExpression | undefined
  while (acceptSign(cursor, '|')) filter = parseFilter(cursor, filter)
  return { kind: 'set-block', target, filter, body: wholeBody(cursor, 'endset'), offset }
}
function parseWith(cursor: Cursor, { offset }: Token): Statement {
  const items: [Target, Expression][] = []
  while (current(cursor).kind !== 'block-end') {
    if (items.length) needSign(cursor, ',')
    const target = parseTarget(cursor)
    needSign(cursor, '=')
    items.push([target, parseExpression(cursor)])
  }
  return { kind: 'with', items, body: wholeBody(cursor, 'endwith'), offset }
}
function parseFilterBlock(cursor: Cursor, { offset }: Token): Statement {
  let filter = parseFilter(cursor, undefined)
  while (acceptSign(cursor, '|')) filter = parseFilter(cursor, filter)
  return { kind: 'filter-block', filter, body: wholeBody(cursor, 'endfilter'), offset }
}
function parseMacro(cursor: Cursor, { offset }: Token): Statement {
  const name = needName(cursor)
  return { kind: 'macro', name, params: parseParameters(cursor), body: wholeBody(cursor, 'endmacro'), offset }
}
function parseCallBlock(cursor: Cursor, tag: Token): Statement {
  const params = isSign(cursor, '(') ? parseParameters(cursor) : []
  const call = parseExpression(cursor)
  if (call.kind !== 'call') return refuse('expected a call', tag)
  return { kind: 'call-block', call, params, body: wholeBody(cursor, 'endcall'), offset: tag.offset }
}
function parseInclude(cursor: Cursor, { offset }: Token): Statement {
  const name = parseExpression(cursor)
  const ignoreMissing = acceptName(cursor, 'ignore')
  if (ignoreMissing) needName(cursor, 'missing')
  const withContext = parseContext(cursor, true)
  needEnd(cursor, 'block-end')
  return { kind: 'include', name, ignoreMissing, withContext, offset }
}
function parseImport(cursor: Cursor, { offset }: Token): Statement {
  const name = parseExpression(cursor)
  needName(cursor, 'as')
  const as = needName(cursor)
  const withContext = parseContext(cursor, false)
  needEnd(cursor, 'block-end')
  return { kind: 'import', name, as, withContext, offset }
}
function parseFrom(cursor: Cursor, { offset }: Token): Statement {
  const name = parseExpression(cursor)
  needName(cursor, 'import')
  const names: [string, string][] = []
  while (!startsContext(cursor)) {
    const token = current(cursor)
    const exported = needName(cursor)
    if (exported.startsWith('_')) refuse('names that start with an underscore cannot be imported', token)
    names.push([exported, acceptName(cursor, 'as') ? needName(cursor) : exported])
    if (!acceptSign(cursor, ',')) break
  }
  const withContext = parseContext(cursor, false)
  needEnd(cursor, 'block-end')
  return { kind: 'from', name, names, withContext, offset }
}
const startsContext = (cursor: Cursor): boolean =>
  (isName(cursor, 'with') || isName(cursor, 'without')) && following(cursor).value === 'context'
function parseContext(cursor: Cursor, fallback: boolean): boolean {
  if (!startsContext(cursor)) return fallback
  const withContext = isName(cursor, 'with')
  cursor.index += 2
  return withContext
}
function parseExtends(cursor: Cursor, { offset }: Token): Statement {
  const name = parseExpression(cursor)
  needEnd(cursor, 'block-end')
  return { kind: 'extends', name, offset }
}
function parseBlock(cursor: Cursor, tag: Token): Statement {
  const name = needName(cursor)
  while (acceptName(cursor, 'scoped') || acceptName(cursor, 'required'));
  if (cursor.blocks.has(name)) refuse(`the block '${name}' is defined twice`, tag)
  cursor.blocks.add(name)
  const body = bodyUntil(cursor, 'endblock')
  take(cursor)
  if (current(cursor).kind === 'name') needName(cursor, name)
  needEnd(cursor, 'block-end')
  return { kind: 'block', name, body, offset: tag.offset }
}

function parseParameters(cursor: Cursor): MacroParameter[] {
  const params: MacroParameter[] = []
  needSign(cursor, '(')
  while (!isSign(cursor, ')')) {
    if (params.length) {
      needSign(cursor, ',')
      if (isSign(cursor, ')')) break
    }
    const token = current(cursor)
    const name = needName(cursor)
    const fallback = acceptSign(cursor, '=') ? parseExpression(cursor) : undefined
    if (!fallback && params.some((param) => param.fallback)) refuse('a parameter without a default stands after one with a default', token)
    params.push({ name, fallback })
  }
  take(cursor)
  return params
}
function parseTarget(cursor: Cursor): Target {
  const token = current(cursor)
  if (acceptSign(cursor, '(')) {
    const inner = parseTargets(cursor, {})
    needSign(cursor, ')')
    return inner
  }
  if (token.kind !== 'name' || CONSTANTS.has(token.value)) return refuse(`cannot assign to ${describe(token)}`, token)
  take(cursor)
  return { kind: 'name', name: token.value, offset: token.offset }
}
function parseTargets(cursor: Cursor, { until = '', members = false }): Target {
  const { offset } = current(cursor)
  const first = parseTarget(cursor)
  if (members && first.kind === 'name' && acceptSign(cursor, '.')) {
    return { kind: 'member', namespace: first.name, attribute: needName(cursor), offset }
  }
  if (!isSign(cursor, ',')) return first
  const items = [first]
  while (acceptSign(cursor, ',')) {
    if (isSign(cursor, ')') || isSign(cursor, '=') || (until && isName(cursor, until))) break
    items.push(parseTarget(cursor))
  }
  return { kind: 'unpack', items, offset }
}
