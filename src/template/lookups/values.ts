import { isDict, type Value } from '../../value/value.ts'
import { randomInt } from 'node:crypto'
import { getItem } from '../python/access.ts'
import { flag, isList, iterate, mappingOf, tuple, typeName } from '../python/kind.ts'
import { printf } from '../python/printf.ts'
import { str } from '../python/text.ts'
import type { Keywords } from '../scope.ts'
import { fail } from '../template-error.ts'
import { Undefined } from '../undefined.ts'
import { need } from '../unknown-reached.ts'
import { lookup, splitTerm } from './define-lookup.ts'

const listTerm = (value: Value): readonly Value[] => (isList(need(value)) ? Array.from(value as readonly Value[]) : [value])
/** Lists among the terms are opened by one level; whether an unknown is a list cannot be said. */
const oneLevel = (terms: readonly Value[]): Value[] => terms.flatMap((term) => listTerm(term))
const allLevels = (terms: readonly Value[]): Value[] =>
  terms.flatMap((term) => (isList(need(term)) ? allLevels(Array.from(term as readonly Value[])) : term === null || term === 'None' || term === 'null' ? [] : [term]))

function pairs(term: Value): Value[] {
  const dict = mappingOf(need(term)) ?? fail(`with_dict expects a dict, got ${typeName(term)}`)
  return [...dict].map(([key, value]) => new Map<Value, Value>([['key', key], ['value', value]]))
}
function product(lists: readonly (readonly Value[])[]): Value[] {
  if (!lists.length) return fail('the lookup needs at least one list')
  return lists.reduce<Value[][]>((rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])), [[]])
}
/** Rows of lists side by side; a nested row is opened, as Ansible does. */
function together(terms: readonly Value[]): Value[] {
  const lists = terms.map((term) => listTerm(term))
  if (!lists.length) return fail("the lookup 'together' needs at least one list")
  const length = Math.max(...lists.map((list) => list.length))
  return Array.from({ length }, (_, index) => lists.flatMap((list) => {
    const item = index < list.length ? list[index]! : null
    return isList(item) ? allLevels(item) : [item]
  }))
}

/** The lookup, other than the filter, takes the inner list out of the item. */
function without(item: Value, [key, ...rest]: readonly string[]): Value {
  if (!isDict(item) || key === undefined) return item
  const copy = new Map(item)
  if (rest.length) copy.set(key, without(item.get(key)!, rest))
  else copy.delete(key)
  return copy
}
function subelements(terms: readonly Value[]): Value[] {
  const [items, path, flags] = terms
  if (items === undefined || path === undefined) return fail("the lookup 'subelements' needs a list and the name of its inner list")
  const skipMissing = isDict(flags) && flag(flags.get('skip_missing'))
  const all = isDict(items) ? [...items.values()] : iterate(items)
  return Array.from(all).flatMap((item) => {
    if (isDict(item) && item.get('skipped') === true) return []
    const inner = str(path).split('.').reduce<Value>((at, key) => getItem(at, key), item)
    if (inner instanceof Undefined) return skipMissing ? [] : fail(`the lookup 'subelements': an item has no '${str(path)}'`)
    return isList(need(inner)) ? Array.from(inner as readonly Value[], (one) => tuple([without(item, str(path).split('.')), one])) : fail(`the lookup 'subelements': '${str(path)}' is not a list`)
  })
}

const SHORT = /^(?:(0x[\da-f]+|\d+)-)?(0x[\da-f]+|\d+)(?:\/(-?\d+))?(?::(.*))?$/i
/** `start=1 end=5 stride=2 format=host%02d`, or short: `1-5/2:host%02d`. */
function sequence(term: Value, options: Keywords): Value[] {
  const { text, options: inline } = splitTerm(term, ['start', 'end', 'count', 'stride', 'format'])
  const [, shortStart, shortEnd, shortStride, shortFormat] = SHORT.exec(text) ?? (text === '' ? [] : fail(`'${text}' is not a sequence`))
  const given = (name: string, short: string | undefined): string | undefined =>
    inline.get(name) ?? (options[name] === undefined || options[name] === null ? short : str(options[name]))
  const number = (name: string, short: string | undefined): number | undefined => {
    const found = given(name, short)
    if (found === undefined) return undefined
    return Number.isInteger(Number(found)) ? Number(found) : fail(`'${name}=${found}' of a sequence is not a whole number`)
  }
  const start = number('start', shortStart) ?? 1
  const count = number('count', undefined)
  const end = number('end', shortEnd)
  if ((count === undefined) === (end === undefined)) return fail("a sequence needs either 'end' or 'count'")
  const stride = number('stride', shortStride) ?? (end !== undefined && end < start ? -1 : 1)
  return counted(start, end ?? start + (count! - 1) * stride, count === 0 ? 0 : stride, given('format', shortFormat) ?? '%d')
}
function counted(start: number, end: number, stride: number, format: string): Value[] {
  if (stride === 0) return []
  if (stride > 0 ? end < start : end > start) return fail(`a sequence cannot go from ${start} to ${end} in steps of ${stride}`)
  const numbers: Value[] = []
  for (let at = start; stride > 0 ? at <= end : at >= end; at += stride) numbers.push(printf(format, at))
  return numbers
}

export const valueLookups = [
  lookup('items', '', (terms) => oneLevel(terms), true),
  lookup('list', '', (terms) => terms, true),
  lookup('flattened community.general.flattened', '', (terms) => allLevels(terms)),
  lookup('dict', '', (terms) => terms.flatMap((term) => (isList(term) ? term : [term])).flatMap((term) => pairs(term)), true),
  lookup('together', '', together, true),
  lookup('nested community.general.cartesian cartesian', '', (terms) => product(terms.map((term) => listTerm(term)))),
  lookup('indexed_items', '', (terms) => oneLevel(terms).map((item, index) => tuple([index, item])), true),
  lookup('subelements', '', subelements, true),
  lookup('sequence', 'start end count stride format', (terms, options) => (terms.length ? terms : ['']).flatMap((term) => sequence(term, options))),
  lookup('random_choice', '', (terms) => (terms.length ? [terms[randomInt(terms.length)]!] : []), true),
]
