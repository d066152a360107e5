import { isDict, type Value } from '../../value/value.ts'
import { randomInt } from 'node:crypto'
import { flag, isList, mappingOf, tuple, typeName } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'
import { need } from '../unknown-reached.ts'
import { lookup } from './define-lookup.ts'

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
  if (!lists.length) return fail('with_nested requires at least one element in the nested list')
  return lists.reduce<Value[][]>((rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])), [[]])
}
/** Rows of lists side by side; a nested row is opened, as Ansible does. */
function together(terms: readonly Value[]): Value[] {
  const lists = terms.map((term) => listTerm(term))
  if (!lists.length) return fail('with_together requires at least one element in each list')
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
const TERMS = 'subelements lookup expects a list of two or three items,'
function subelements(terms: readonly Value[]): Value[] {
  const [items, path, flags] = terms
  if (terms.length < 2 || terms.length > 3 || items === undefined || path === undefined) return fail(TERMS)
  if (!(isList(items) || isDict(items)) || typeof path !== 'string') return fail(`${TERMS} first a dict or a list, second a string pointing to the subkey; subelements lookup expects a dictionary, got '${str(items)}'`)
  if (isDict(items) && items.get('skipped') === true) return []
  if (flags !== undefined && !isDict(flags)) return fail(`${TERMS} the optional third item must be a dict with flags skip_missing`)
  const skipMissing = isDict(flags) && flag(flags.get('skip_missing'))
  return (isDict(items) ? [...items.values()] : [...items]).flatMap((item) => pairsOf(item, path.split('.'), skipMissing))
}
/** An item beside each member of the list inside it. */
function pairsOf(item: Value, keys: readonly string[], skipMissing: boolean): Value[] {
  if (!isDict(item)) return fail(`subelements lookup expects a dictionary, got '${str(item)}'`)
  if (item.get('skipped') === true) return []
  let at: Value = item
  for (const [index, key] of keys.entries()) {
    const inner: Value | undefined = isDict(at) ? at.get(key) : undefined
    if (inner === undefined) return skipMissing ? [] : fail(`could not find '${key}' key in iterated item '${str(at)}'`)
    const last = index === keys.length - 1
    if (!last && !isDict(need(inner))) return skipMissing ? [] : fail(`the key ${key} should point to a dictionary, got '${str(inner)}'`)
    if (last && !isList(need(inner))) return fail(`the key ${key} should point to a list, got '${str(inner)}'`)
    at = inner
  }
  return Array.from(at as readonly Value[], (one) => tuple([without(item, keys), one]))
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
  lookup('random_choice', '', (terms) => (terms.length ? [terms[randomInt(terms.length)]!] : []), true),
]
