import { isDict, type Value } from '../value/value.ts'
import { own } from './own.ts'
import { compare, equal, includes } from './python/compare.ts'
import { float, isList, isNumber, lengthOf, numberOf } from './python/kind.ts'
import { dumpJson, parseJson } from './filters/json.ts'
import { fail } from './template-error.ts'

/** A JMESPath expression applied to a value (jmespath.org, the specification). */
export function searchPath(expression: string, value: Value): Value {
  let known = cache.get(expression)
  if (!known) {
    if (cache.size > 500) cache.clear()
    cache.set(expression, (known = parse(expression)))
  }
  return known(value)
}
type Search = (value: Value) => Value
const cache = new Map<string, Search>()

interface Token {
  readonly kind: 'name' | 'quoted' | 'raw' | 'literal' | 'number' | 'sign' | 'end'
  readonly text: string
}
const TOKEN = /\s*(?:([A-Za-z_]\w*)|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|`((?:\\.|[^`\\])*)`|(-?\d+)|(\[\?|\[\]|&&|\|\||[!<>=]=|[.*[\]{}()@|,:!<>&]))/y
function tokenize(expression: string): Token[] {
  const kinds = ['name', 'quoted', 'raw', 'literal', 'number', 'sign'] as const
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (expression.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(expression) ?? fail(`json_query: unexpected '${expression.slice(at).trim()[0]}' in '${expression}'`)
    const index = kinds.findIndex((_kind, group) => match[group + 1] !== undefined)
    tokens.push({ kind: kinds[index]!, text: match[index + 1]! })
  }
  return [...tokens, { kind: 'end', text: '' }]
}

/** What a projection still has to be applied to: `a[*].b` reads `b` of every item. */
const BINDING: Readonly<Record<string, number>> = {
  '|': 1, '||': 2, '&&': 3, '==': 5, '!=': 5, '<': 5, '<=': 5, '>': 5, '>=': 5, '[]': 9, '*': 20, '[?': 21, '.': 40, '!': 45, '{': 50, '[': 55, '(': 60,
}
const PROJECTION_STOP = 10

function parse(source: string): Search {
  const tokens = tokenize(source)
  let index = 0
  const peek = (): Token => tokens[index]!
  const take = (): Token => tokens[index++]!
  const isSign = (text: string, token = peek()): boolean => token.kind === 'sign' && token.text === text
  const refuse = (): never => fail(`json_query: unexpected ${peek().text ? `'${peek().text}'` : 'end'} in '${source}'`)
  const need = (text: string): void => void (isSign(text) ? take() : refuse())

  const expression = parseAt(0)
  return peek().kind === 'end' ? expression : refuse()

  function parseAt(binding: number): Search {
    let left = parsePrefix()
    while (peek().kind === 'sign' && binding < (own(BINDING, peek().text) ?? 0)) left = parseInfix(left)
    return left
  }
  function parsePrefix(): Search {
    const { kind, text } = take()
    switch (kind) {
      case 'name': return isSign('(') ? parseCall(text) : field(text)
      case 'quoted': return field(JSON.parse(`"${text}"`) as string)
      case 'raw': return constant(text.replaceAll("\\'", "'"))
      case 'literal': return constant(literal(text.replaceAll('\\`', '`')))
      case 'sign': return parseSign(text)
    }
    index--
    return refuse()
  }
  function parseSign(text: string): Search {
    switch (text) {
      case '@': return (value) => value
      case '*': return project(valuesOf, parseRest(BINDING['*']!))
      case '[]': return project(flattened, parseRest(BINDING['[]']!))
      case '[?': return parseFilter((value) => value)
      case '[': return parseBracket((value) => value, true)
      case '{': return parseHash()
      case '!': {
        const of = parseAt(BINDING['!']!)
        return (value) => !isTrue(of(value))
      }
      case '(': {
        const inner = parseAt(0)
        need(')')
        return inner
      }
    }
    index--
    return refuse()
  }
  function parseInfix(left: Search): Search {
    const { text } = take()
    switch (text) {
      case '.': return parseDot(left)
      case '|': return piped(left, parseAt(BINDING['|']!))
      case '||': {
        const right = parseAt(BINDING['||']!)
        return (value) => (isTrue(left(value)) ? left(value) : right(value))
      }
      case '&&': {
        const right = parseAt(BINDING['&&']!)
        return (value) => (isTrue(left(value)) ? right(value) : left(value))
      }
      case '[]': return piped(left, project(flattened, parseRest(BINDING['[]']!)))
      case '[?': return parseFilter(left)
      case '[': return parseBracket(left, false)
    }
    return comparison(text, left, parseAt(BINDING[text]!))
  }
  function parseDot(left: Search): Search {
    if (isSign('*')) {
      take()
      return piped(left, project(valuesOf, parseRest(BINDING['*']!)))
    }
    return piped(left, parseDotted(BINDING['.']!))
  }
  /** After a dot: a name, a call, `[…]` or `{…}`. */
  function parseDotted(binding: number): Search {
    if (peek().kind === 'name' || peek().kind === 'quoted' || isSign('*')) return parseAt(binding)
    if (isSign('[')) {
      take()
      return parseMultiList()
    }
    if (isSign('{')) {
      take()
      return parseHash()
    }
    return refuse()
  }
  /** What follows a projection and is applied to each of its items. */
  function parseRest(binding: number): Search {
    const token = peek()
    if (token.kind === 'end' || (own(BINDING, token.text) ?? 0) < PROJECTION_STOP) return (value) => value
    if (isSign('[') || isSign('[?')) return parseAt(binding)
    if (isSign('.')) {
      take()
      return parseDotted(binding)
    }
    return refuse()
  }
  function parseFilter(left: Search): Search {
    const test = parseAt(0)
    need(']')
    const rest = isSign('[]') ? (value: Value): Value => value : parseRest(BINDING['[?']!)
    return piped(left, project((value) => (isList(value) ? Array.from(value).filter((item) => isTrue(test(item))) : undefined), rest))
  }
  function parseBracket(left: Search, prefix: boolean): Search {
    if (peek().kind === 'number' || isSign(':')) return parseIndex(left)
    if (isSign('*') && isSign(']', tokens[index + 1])) {
      index += 2
      return piped(left, project((value) => (isList(value) ? Array.from(value) : undefined), parseRest(BINDING['*']!)))
    }
    return prefix ? parseMultiList() : refuse()
  }
  function parseIndex(left: Search): Search {
    const parts: (number | undefined)[] = [undefined]
    while (!isSign(']')) {
      if (isSign(':')) parts.push(undefined)
      else if (peek().kind === 'number') parts[parts.length - 1] = Number(peek().text)
      else return refuse()
      take()
    }
    take()
    const [first] = parts
    if (parts.length === 1) return (value) => atIndex(left(value), first!)
    return piped(left, project((value) => (isList(value) ? sliced(value, parts) : undefined), parseRest(BINDING['*']!)))
  }
  function parseMultiList(): Search {
    const items = parseSeries(']', () => parseAt(0))
    return (value) => (value === null ? null : items.map((item) => item(value)))
  }
  function parseHash(): Search {
    const items = parseSeries('}', () => {
      const { kind, text } = take()
      if (kind !== 'name' && kind !== 'quoted') refuse()
      need(':')
      return [text, parseAt(0)] as const
    })
    return (value) => (value === null ? null : new Map(items.map(([key, item]) => [key, item(value)])))
  }
  function parseSeries<T>(close: string, parseItem: () => T): T[] {
    const items: T[] = []
    while (!isSign(close)) {
      if (items.length) need(',')
      items.push(parseItem())
    }
    take()
    return items
  }
  function parseCall(name: string): Search {
    take()
    const call = FUNCTIONS.get(name) ?? fail(`json_query: there is no function '${name}'`)
    const args = parseSeries(')', () => {
      if (!isSign('&')) return { search: parseAt(0), reference: false }
      take()
      return { search: parseAt(0), reference: true }
    })
    return (value) => call(args.map(({ search, reference }) => (reference ? null : search(value))), args.find((arg) => arg.reference)?.search ?? ((item) => item))
  }
}

const constant = (value: Value): Search => () => value
const piped = (left: Search, right: Search): Search => (value) => right(left(value))
const field = (name: string): Search => (value) => (isDict(value) ? value.get(name) ?? null : null)
function literal(text: string): Value {
  try {
    JSON.parse(text)
  } catch {
    // Bare words are taken as strings, as older JMESPath did.
    return bareWord(text.trim())
  }
  return parseJson(text)
}
function bareWord(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return text
  }
}
/** A projection leaves out what gives null. */
const project = (select: (value: Value) => readonly Value[] | undefined, rest: Search): Search => (value) =>
  select(value)?.map((item) => rest(item)).filter((item) => item !== null) ?? null
const valuesOf = (value: Value): readonly Value[] | undefined => (isDict(value) ? [...value.values()] : undefined)
const flattened = (value: Value): readonly Value[] | undefined => (isList(value) ? Array.from(value).flatMap((item) => (isList(item) ? Array.from(item) : [item])) : undefined)
function atIndex(value: Value, index: number): Value {
  return isList(value) ? value.at(index) ?? null : null
}
function sliced(items: readonly Value[], [from, to, by]: readonly (number | undefined)[]): Value[] {
  const step = by ?? 1
  if (step === 0) return fail('json_query: the step of a slice cannot be zero')
  const size = items.length
  const clamp = (at: number | undefined, fallback: number): number =>
    at === undefined ? fallback : at < 0 ? Math.max(at + size, step < 0 ? -1 : 0) : Math.min(at, step < 0 ? size - 1 : size)
  const end = clamp(to, step < 0 ? -1 : size)
  const picked: Value[] = []
  for (let i = clamp(from, step < 0 ? size - 1 : 0); step > 0 ? i < end : i > end; i += step) picked.push(items[i]!)
  return picked
}
const isTrue = (value: Value): boolean => !(value === null || value === false || value === '' || (isList(value) && !value.length) || (isDict(value) && !value.size))
function comparison(operator: string, left: Search, right: Search): Search {
  return (value) => {
    const [a, b] = [left(value), right(value)]
    if (operator === '==') return same(a, b)
    if (operator === '!=') return !same(a, b)
    if (typeof a === 'boolean' || typeof b === 'boolean' || !isNumber(a) || !isNumber(b)) return typeof a === 'string' && typeof b === 'string' ? ordered(operator, compare(a, b)) : null
    return ordered(operator, numberOf(a) - numberOf(b))
  }
}
// JSON's true is not 1.
const same = (a: Value, b: Value): boolean => (typeof a === 'boolean') === (typeof b === 'boolean') && equal(a, b)
const ordered = (operator: string, order: number): boolean =>
  operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0

type Call = (args: readonly Value[], by: Search) => Value
const listArg = (value: Value | undefined): readonly Value[] => (isList(value) ? value : fail('json_query: a list is needed'))
const dictArg = (value: Value | undefined): ReadonlyMap<Value, Value> => (isDict(value) ? value : fail('json_query: an object is needed'))
const textArg = (value: Value | undefined): string => (typeof value === 'string' ? value : fail('json_query: a string is needed'))
const extreme = (items: readonly Value[], by: Search, sign: number): Value =>
  items.length ? Array.from(items).reduce((best, item) => (sign * compare(by(item), by(best)) > 0 ? item : best)) : null
const numeric = (work: (value: number) => number): Call => ([value]) => {
  const result = work(numberOf(value!))
  return Number.isInteger(result) ? result : float(result)
}
function jsonType(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'boolean'
  return isNumber(value) ? 'number' : typeof value === 'string' ? 'string' : isList(value) ? 'array' : 'object'
}
const total = (items: readonly Value[]): number => Array.from(items).reduce<number>((sum, item) => sum + numberOf(item), 0)
const FUNCTIONS: ReadonlyMap<string, Call> = new Map<string, Call>(Object.entries({
  abs: numeric(Math.abs),
  ceil: numeric(Math.ceil),
  floor: numeric(Math.floor),
  avg: ([items]) => (listArg(items).length ? float(total(listArg(items)) / listArg(items).length) : null),
  sum: ([items]) => total(listArg(items)),
  contains: ([box, item]) => (typeof box === 'string' ? box.includes(textArg(item)) : includes(listArg(box), item!)),
  starts_with: ([text, part]) => textArg(text).startsWith(textArg(part)),
  ends_with: ([text, part]) => textArg(text).endsWith(textArg(part)),
  join: ([glue, items]) => listArg(items).map(textArg).join(textArg(glue)),
  keys: ([dict]) => [...dictArg(dict).keys()],
  values: ([dict]) => [...dictArg(dict).values()],
  length: ([value]) => lengthOf(value!),
  map: ([, items], by) => listArg(items).map((item) => by(item)),
  max: ([items]) => extreme(listArg(items), (item) => item, 1),
  min: ([items]) => extreme(listArg(items), (item) => item, -1),
  max_by: ([items], by) => extreme(listArg(items), by, 1),
  min_by: ([items], by) => extreme(listArg(items), by, -1),
  merge: (dicts) => new Map(dicts.flatMap((one) => [...dictArg(one)])),
  not_null: (values) => values.find((value) => value !== null) ?? null,
  reverse: ([value]) => (typeof value === 'string' ? Array.from(value).reverse().join('') : Array.from(listArg(value)).reverse()),
  sort: ([items]) => Array.from(listArg(items)).sort((a, b) => compare(a, b)),
  sort_by: ([items], by) => Array.from(listArg(items)).sort((a, b) => compare(by(a), by(b))),
  to_array: ([value]) => (isList(value) ? value : [value!]),
  to_number: ([value]) => (isNumber(value) && typeof value !== 'boolean' ? value : typeof value === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? parseJson(value) : null),
  to_string: ([value]) => (typeof value === 'string' ? value : dumpJson(value!, { indent: 0, sort: false, ascii: false, separators: [',', ':'] })),
  type: ([value]) => jsonType(value!),
} satisfies Record<string, Call>))
