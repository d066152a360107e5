import { isDict, type Dict, type Value } from '../../value/value.ts'
import { fail } from '../template-error.ts'
import { orElse } from '../undefined.ts'
import { need } from '../unknown-reached.ts'
import { compare, equal } from './compare.ts'
import { flag, intOf, iterate, mappingOf, tuple } from './kind.ts'
import { repr } from './text.ts'
import type { Method } from './string-methods.ts'

/** Methods that write into their list or dict: a template that calls one works on copies of the variables. */
export const MUTATING: ReadonlySet<string> = new Set([
  'append', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort', 'clear', 'update', 'setdefault', 'popitem', '__setitem__', '__delitem__',
])

/** Pairs of a mapping, or of a list of pairs. */
export function pairsOf(value: Value): readonly (readonly [Value, Value])[] {
  const dict = mappingOf(value)
  if (dict) return [...dict]
  return iterate(need(value)).map((pair) => {
    const [key, item, ...more] = iterate(need(pair))
    return key === undefined || item === undefined || more.length ? fail('pairs are needed') : ([key, item] as const)
  })
}

const given = (argument: Value | undefined): Value => orElse(argument, () => fail('the method needs an argument'))

type Items = Value[]
function indexOf(list: readonly Value[], value: Value | undefined): number {
  const index = list.findIndex((item) => equal(item, given(value)))
  return index < 0 ? fail('the value is not in the list') : index
}
const done = (_effect: unknown): null => null

export const tupleMethods: ReadonlyMap<string, Method<Items>> = new Map<string, Method<Items>>(Object.entries({
  index: (list, [value]) => indexOf(list, value),
  count: (list, [value]) => list.filter((item) => equal(item, given(value))).length,
} satisfies Record<string, Method<Items>>))

export const listMethods: ReadonlyMap<string, Method<Items>> = new Map<string, Method<Items>>([
  ...tupleMethods,
  ...Object.entries({
    append: (list, [value]) => done(list.push(given(value))),
    extend: (list, [more]) => done(list.push(...iterate(need(given(more))))),
    insert: (list, [at, value]) => done(list.splice(intOf(at), 0, given(value))),
    pop: (list, [at]) => orElse(list.splice(intOf(at, -1), 1)[0], () => fail('pop from an empty list')),
    remove: (list, [value]) => done(list.splice(indexOf(list, value), 1)),
    copy: (list) => Array.from(list),
    reverse: (list) => done(list.reverse()),
    sort: (list, _args, keywords) => done(list.sort((a, b) => (flag(keywords['reverse']) ? -1 : 1) * compare(a, b))),
    clear: (list) => done((list.length = 0)),
  } satisfies Record<string, Method<Items>>),
])

type Members = Map<Value, Value>
const keyOf = (key: Value | undefined): Value => need(given(key))
export const dictMethods: ReadonlyMap<string, Method<Members>> = new Map<string, Method<Members>>(Object.entries({
  items: (dict) => Array.from(dict, (pair) => tuple(pair)),
  keys: (dict) => [...dict.keys()],
  values: (dict) => [...dict.values()],
  get: (dict, [key, fallback]) => orElse(dict.get(keyOf(key)), () => fallback ?? null),
  has_key: (dict, [key]) => dict.has(keyOf(key)),
  copy: (dict) => new Map(dict),
  update: (dict, [more], keywords) => {
    for (const [key, value] of more === undefined ? [] : pairsOf(need(more))) dict.set(key, value)
    for (const [key, value] of Object.entries(keywords)) dict.set(key, value)
    return null
  },
  pop: (dict, [key, fallback]) => {
    const value = orElse(orElse(dict.get(keyOf(key)), () => fallback!), () => fail(`there is no key ${repr(keyOf(key))}`))
    dict.delete(keyOf(key))
    return value
  },
  popitem: (dict) => {
    const last = [...dict].at(-1) ?? fail('the dict is empty')
    dict.delete(last[0])
    return tuple(last)
  },
  setdefault: (dict, [key, fallback]) => {
    if (!dict.has(keyOf(key))) dict.set(keyOf(key), fallback ?? null)
    return dict.get(keyOf(key))!
  },
  clear: (dict) => done(dict.clear()),
  __setitem__: (dict, [key, value]) => done(dict.set(keyOf(key), given(value))),
  __delitem__: (dict, [key]) => done(dict.delete(keyOf(key))),
} satisfies Record<string, Method<Members>>))

/** A copy that can be written to without anyone else seeing it. */
export function deepCopy(value: Value): Value {
  if (Array.isArray(value)) return value.map((item: Value) => deepCopy(item))
  return isDict(value) ? copyDict(value) : value
}
const copyDict = (dict: Dict): Value => new Map(Array.from(dict, ([key, item]) => [key, deepCopy(item)]))
