import { isUnknown, type Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { compare, equal, includes } from '../python/compare.ts'
import { countOf, flag, intOf, isList, isMapping, iterate, lengthOf, listOf, mappingOf, truthy, tuple, typeName } from '../python/kind.ts'
import { calculate } from '../python/operators.ts'
import { str } from '../python/text.ts'
import type { Extra } from '../scope.ts'
import { fail } from '../template-error.ts'
import { Undefined, defined, orElse } from '../undefined.ts'
import { UnknownReached, need } from '../unknown-reached.ts'
import { folded, reader } from './attribute.ts'

const order = (a: Value, b: Value): number => (equal(a, b) ? 0 : compare(a, b))

function sort(items: readonly Value[], reverse: boolean, caseSensitive: boolean, attribute: Value | undefined): Value[] {
  const paths = attribute === undefined || attribute === null ? [undefined] : str(attribute).split(',')
  const fold = folded(caseSensitive)
  const keyed = items.map((item) => ({ item, keys: paths.map((path) => fold(defined(reader(path)(item)))) }))
  const sign = reverse ? -1 : 1
  keyed.sort((a, b) => {
    for (const [index, key] of a.keys.entries()) {
      const difference = order(key, b.keys[index]!)
      if (difference) return sign * difference
    }
    return 0
  })
  return keyed.map(({ item }) => item)
}
function extreme(items: readonly Value[], sign: number, caseSensitive: boolean, attribute: Value | undefined): Value {
  const read = reader(attribute)
  const fold = folded(caseSensitive)
  if (!items.length) return new Undefined('the list is empty, it has no such item')
  return items.reduce((best, item) => (sign * compare(fold(read(item)), fold(read(best))) > 0 ? item : best))
}
export function unique(items: readonly Value[], caseSensitive: boolean, attribute?: Value): Value[] {
  const [read, fold] = [reader(attribute), folded(caseSensitive)]
  const quick = new Set<Value>()
  const slow: Value[] = []
  return items.filter((item) => {
    const key = need(fold(read(item)))
    // Text is by far the most common; it is equal to nothing but text.
    if (typeof key === 'string') return !quick.has(key) && !!quick.add(key)
    return !includes(slow, key) && !!slow.push(key)
  })
}
function groupBy(items: readonly Value[], attribute: Value, fallback: Value | undefined, caseSensitive: boolean): Value[] {
  const [read, fold] = [reader(attribute, fallback), folded(caseSensitive)]
  const keyed = items.map((item) => ({ item, shown: defined(read(item)), key: fold(defined(read(item))) })).sort((a, b) => order(a.key, b.key))
  const groups: { key: Value; shown: Value; members: Value[] }[] = []
  for (const { item, shown, key } of keyed) {
    const last = groups.at(-1)
    if (last && equal(last.key, key)) last.members.push(item)
    else groups.push({ key, shown, members: [item] })
  }
  return groups.map(({ shown, members }) => Object.assign(tuple([shown, members]), { named: new Map<string, Value>([['grouper', shown], ['list', members]]) }))
}
function batch(items: readonly Value[], size: number, fill: Value | undefined): Value[][] {
  const rows: Value[][] = []
  for (let i = 0; i < items.length; i += Math.max(1, size)) rows.push(items.slice(i, i + size))
  if (fill !== undefined && fill !== null) while (rows.length && rows.at(-1)!.length < size) rows.at(-1)!.push(fill)
  return rows
}
function slices(items: readonly Value[], count: number, fill: Value | undefined): Value[][] {
  const [per, extra] = [Math.floor(items.length / count), items.length % count]
  let at = 0
  return Array.from({ length: count }, (_, index) => {
    const row = items.slice(at, (at += per + (index < extra ? 1 : 0)))
    return fill !== undefined && fill !== null && extra && index >= extra ? [...row, fill] : row
  })
}

function map(value: Value, { rest, keywords, call }: Extra): Value {
  const { attribute, default: fallback, ...others } = keywords
  if (attribute !== undefined) return iterate(value).map(reader(attribute, fallback))
  const [name, ...args] = rest
  const plain = fallback === undefined ? others : { ...others, default: fallback }
  return Array.from(iterate(value), (item) => call.applyFilter(str(name ?? fail('map needs a filter or an attribute')), item, args, plain))
}
function select(value: Value, wanted: boolean, byAttribute: boolean, { rest, keywords, call }: Extra): Value {
  const read = byAttribute ? reader(rest[0] ?? fail('an attribute is needed')) : reader(undefined)
  const [name, ...args] = byAttribute ? rest.slice(1) : rest
  const passes = (item: Value): boolean => {
    const part = read(item)
    const verdict = name === undefined ? part : call.applyTest(str(name), part, args, keywords)
    if (isUnknown(verdict)) throw new UnknownReached(verdict)
    return truthy(verdict) === wanted
  }
  return Array.from(iterate(value)).filter(passes)
}

/** Ansible takes the words for nothing, too: YAML reads `[1, None]` as a text. */
const isNull = (item: Value): boolean => item === null || item === 'None' || item === 'null'
function flatten(items: readonly Value[], levels: number, skipNulls: boolean): Value[] {
  return items.flatMap((item) => {
    need(item)
    if (skipNulls && isNull(item)) return []
    return isList(item) && levels > 0 ? flatten(item, levels - 1, skipNulls) : [item]
  })
}
function permutations(items: readonly Value[], size: number): Value[][] {
  if (size === 0) return [[]]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1), size - 1).map((rest) => [item, ...rest]))
}
function combinations(items: readonly Value[], size: number): Value[][] {
  if (size === 0) return [[]]
  return items.flatMap((item, index) => combinations(items.slice(index + 1), size - 1).map((rest) => [item, ...rest]))
}
const product = (lists: readonly (readonly Value[])[]): Value[][] =>
  lists.reduce<Value[][]>((rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])), [[]])
function zip(lists: readonly (readonly Value[])[], length: number, fill: Value): Value[] {
  return Array.from({ length }, (_, index) => tuple(lists.map((list) => (index < list.length ? list[index]! : fill))))
}

const join = (items: readonly Value[], separator: Value | undefined, attribute: Value | undefined): string =>
  Array.from(items, (item) => str(reader(attribute)(item))).join(separator === undefined ? '' : str(separator))
const sum = (items: readonly Value[], attribute: Value | undefined, start: Value): Value =>
  Array.from(items).reduce((total, item) => calculate('+', total, defined(reader(attribute)(item))), start)

export const sequenceFilters = [
  filter('length count', '', (value) => lengthOf(value), 'view'),
  filter('list', '', (value) => listOf(value), 'view'),
  filter('first', '', (value) => orElse(iterate(value)[0], () => new Undefined('the list is empty, it has no first item')), 'view'),
  filter('last', '', (value) => orElse(iterate(value).at(-1), () => new Undefined('the list is empty, it has no last item')), 'view'),
  filter('join', 'd? attribute?', (value, [separator, attribute]) => join(iterate(value), separator, attribute)),
  filter('reverse', '', (value) => (typeof value === 'string' ? Array.from(value).reverse().join('') : listOf(value).reverse())),
  filter('sort', 'reverse? case_sensitive? attribute?', (value, [reverse, cased, attribute]) => sort(iterate(value), flag(reverse), flag(cased), attribute)),
  filter('max', 'case_sensitive? attribute?', (value, [cased, attribute]) => extreme(iterate(value), 1, flag(cased), attribute)),
  filter('min', 'case_sensitive? attribute?', (value, [cased, attribute]) => extreme(iterate(value), -1, flag(cased), attribute)),
  filter('sum', 'attribute? start?', (value, [attribute, start]) => sum(iterate(value), attribute, start ?? 0)),
  filter('unique', 'case_sensitive? attribute?', (value, [cased, attribute]) => {
    const items = Array.from(iterate(value))
    if ((cased === false || (attribute !== undefined && attribute !== null)) && items.map(reader(attribute)).some((key) => isMapping(key) || isList(key))) {
      return fail("Jinja2's unique filter failed and we cannot fall back to Ansible's version as it does not support the parameters supplied")
    }
    return unique(items, flag(cased), attribute)
  }),
  filter('groupby', 'attribute default? case_sensitive?', (value, [attribute, fallback, cased]) => groupBy(Array.from(iterate(value)), attribute!, fallback, flag(cased))),
  filter('batch', 'linecount fill_with?', (value, [size, fill]) => batch(listOf(value), countOf(size), fill)),
  filter('slice', 'slices fill_with?', (value, [count, fill]) => slices(listOf(value), countOf(count), fill)),
  filter('map', '* **', (value, _args, extra) => map(value, extra), 'view'),
  filter('select', '* **', (value, _args, extra) => select(value, true, false, extra)),
  filter('reject', '* **', (value, _args, extra) => select(value, false, false, extra)),
  filter('selectattr', '* **', (value, _args, extra) => select(value, true, true, extra)),
  filter('rejectattr', '* **', (value, _args, extra) => select(value, false, true, extra)),
  filter('flatten', 'levels? skip_nulls?', (value, [levels, skip]) => {
    if (!isList(value)) return fail(`flatten needs a list, got ${typeName(value)}`)
    return flatten(value, intOf(levels, Infinity), flag(skip, true))
  }),
  filter('zip', '*', (value, _args, { rest }) => {
    const lists = [value, ...rest].map(iterate)
    return zip(lists, Math.min(...lists.map((list) => list.length)), null)
  }),
  filter('zip_longest', '* **', (value, _args, { rest, keywords }) => {
    const lists = [value, ...rest].map(iterate)
    return zip(lists, Math.max(...lists.map((list) => list.length)), keywords['fillvalue'] ?? null)
  }),
  filter('product', '* **', (value, _args, { rest, keywords }) => {
    const lists = [value, ...rest].map(iterate)
    return product(Array.from({ length: countOf(keywords['repeat'], 1) }, () => lists).flat()).map(tuple)
  }),
  filter('permutations', 'n?', (value, [size]) => permutations(Array.from(iterate(value)), countOf(size, iterate(value).length)).map(tuple)),
  filter('combinations', 'n', (value, [size]) => combinations(Array.from(iterate(value)), countOf(size)).map(tuple)),
  filter('items', '', (value) => {
    if (value instanceof Undefined) return []
    return isMapping(value) ? Array.from(mappingOf(value)!, (pair) => tuple(pair)) : fail(`items needs a mapping, got ${typeName(value)}`)
  }, 'undefined'),
]
