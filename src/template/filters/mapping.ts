import { isDict, type Dict, type Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { compare, includes } from '../python/compare.ts'
import { flag, isList, iterate, tuple, typeName } from '../python/kind.ts'
import { pairsOf } from '../python/container-methods.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'
import { Undefined } from '../undefined.ts'
import { need } from '../unknown-reached.ts'
import { folded, reader } from './attribute.ts'

const LIST_MERGES = ['replace', 'keep', 'append', 'prepend', 'append_rp', 'prepend_rp'] as const
type ListMerge = (typeof LIST_MERGES)[number]

function merge(left: Dict, right: Dict, recursive: boolean, lists: ListMerge): Dict {
  const merged = new Map(left)
  for (const [key, theirs] of right) {
    const ours = merged.get(key)
    if (recursive && isDict(ours) && isDict(theirs)) merged.set(key, merge(ours, theirs, recursive, lists))
    else if (isList(ours) && isList(theirs)) merged.set(key, mergeLists(ours, theirs, lists))
    else merged.set(key, theirs)
  }
  return merged
}
function mergeLists(ours: readonly Value[], theirs: readonly Value[], how: ListMerge): readonly Value[] {
  const without = (): Value[] => Array.from(ours).filter((item) => !includes(theirs, item))
  switch (how) {
    case 'replace': return theirs
    case 'keep': return ours
    case 'append': return [...ours, ...theirs]
    case 'prepend': return [...theirs, ...ours]
    case 'append_rp': return [...without(), ...theirs]
    case 'prepend_rp': return [...theirs, ...without()]
  }
}
function combine(values: readonly Value[], recursive: boolean, lists: string): Value {
  const how = LIST_MERGES.find((one) => one === lists) ?? fail(`'list_merge' is one of ${LIST_MERGES.join(', ')}, not '${lists}'`)
  const dicts = values.flatMap((value) => (isList(value) ? Array.from(value).flat(9) as Value[] : [value]))
  return dicts.reduce<Dict>((merged, value) => {
    need(value)
    return isDict(value) ? merge(merged, value, recursive, how) : fail(`combine needs mappings, got ${typeName(value)}`)
  }, new Map())
}

const member = (item: Value, key: string, what: string): Value => {
  const value = reader(key)(item)
  return value instanceof Undefined ? fail(`${what}: an item has no '${key}'`) : value
}
function subelements(value: Value, path: Value, skipMissing: boolean): Value[] {
  const keys = isList(path) ? path : str(path).split('.')
  const items = isDict(value) ? [...value.values()] : isList(value) ? value : fail('subelements needs a list or a mapping')
  return Array.from(items).flatMap((item) => {
    const inner = keys.reduce<Value>((at, key) => reader(key)(at), item)
    if (inner instanceof Undefined) return skipMissing ? [] : fail(`subelements: an item has no '${str(path)}'`)
    need(inner)
    return isList(inner) ? Array.from(inner, (one) => tuple([item, one])) : fail(`subelements: '${str(path)}' is not a list`)
  })
}
function rekey(value: Value, key: string, duplicates: string): Value {
  const made = new Map<Value, Value>()
  for (const item of isDict(value) ? value.values() : iterate(value)) {
    const name = member(item, key, 'rekey_on_member')
    if (made.has(name) && duplicates === 'error') fail(`rekey_on_member: '${str(name)}' is there twice`)
    made.set(name, item)
  }
  return made
}
function dictSort(dict: Dict, caseSensitive: boolean, by: string, reverse: boolean): Value[] {
  const fold = folded(caseSensitive)
  const index = by === 'key' ? 0 : by === 'value' ? 1 : fail("dictsort goes by 'key' or 'value'")
  const sorted = [...dict].sort((a, b) => compare(fold(a[index]), fold(b[index])))
  return (reverse ? sorted.reverse() : sorted).map(tuple)
}
const text = (value: Value | undefined, fallback: string): string => (value === undefined ? fallback : str(value))

export const mappingFilters = [
  filter('combine', '* **', (value, _args, { rest, keywords }) => {
    for (const name of Object.keys(keywords)) if (name !== 'recursive' && name !== 'list_merge') fail(`the filter 'combine' takes no argument '${name}'`)
    return combine([value, ...rest], flag(keywords['recursive']), text(keywords['list_merge'], 'replace'))
  }),
  filter('dict2items', 'key_name? value_name?', (value, [key, item]) => (isDict(value)
    ? Array.from(value, ([k, v]) => new Map<Value, Value>([[text(key, 'key'), k], [text(item, 'value'), v]]))
    : fail(`dict2items needs a mapping, got ${typeName(value)}`))),
  filter('items2dict', 'key_name? value_name?', (value, [key, item]) => (isList(value)
    ? new Map(Array.from(value, (one) => [member(one, text(key, 'key'), 'items2dict'), member(one, text(item, 'value'), 'items2dict')]))
    : fail(`items2dict needs a list, got ${typeName(value)}`))),
  filter('dictsort', 'case_sensitive? by? reverse?', (value, [cased, by, reverse]) => (isDict(value)
    ? dictSort(value, flag(cased), text(by, 'key'), flag(reverse))
    : fail(`dictsort needs a mapping, got ${typeName(value)}`))),
  filter('subelements', 'subelements skip_missing?', (value, [path, skip]) => subelements(value, path!, flag(skip))),
  filter('rekey_on_member', 'key duplicates?', (value, [key, duplicates]) => rekey(value, str(key!), text(duplicates, 'error'))),
  filter('dict community.general.dict', '', (value) => new Map(pairsOf(value))),
  filter('dict_kv community.general.dict_kv', 'key', (value, [key]) => new Map([[key!, value]])),
]
