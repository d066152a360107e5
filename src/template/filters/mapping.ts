import { isDict, type Dict, type Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { compare, includes } from '../python/compare.ts'
import { flag, isList, tuple, typeName } from '../python/kind.ts'
import { pairsOf } from '../python/container-methods.ts'
import { repr, str } from '../python/text.ts'
import { fail } from '../template-error.ts'
import { need } from '../unknown-reached.ts'
import { folded } from './attribute.ts'

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
  const dicts = values.flatMap((value) => (isList(value) ? Array.from(value) : [value])).filter((value) => value !== null)
  return dicts.reduce<Dict>((merged, value) => isDict(need(value)) ? merge(merged, value as Dict, recursive, how) : refuse(merged, value), new Map())
}
const refuse = (dict: Dict, other: Value): never =>
  fail(`failed to combine variables, expected dicts but got a '${typeName(dict)}' and a '${typeName(other)}': \n${repr(dict)}\n${repr(other)}`)

function subelements(value: Value, path: Value, skipMissing: boolean): Value[] {
  const keys = isList(path) ? path : typeof path === 'string' ? path.split('.') : fail('subelements must be a list or a string')
  const items = isDict(value) ? [...value.values()] : isList(value) ? value : fail('obj must be a list of dicts or a nested dict')
  return Array.from(items).flatMap((item) => {
    let inner = item
    for (const [index, key] of keys.entries()) {
      const next: Value | undefined = isDict(need(inner)) ? (inner as Dict).get(key) : fail(`the key ${str(keys[index - 1] ?? key)} should point to a dictionary, got '${str(inner)}'`)
      if (next === undefined) return skipMissing ? [] : fail(`could not find ${repr(key)} key in iterated item ${repr(inner)}`)
      inner = next
    }
    return isList(need(inner)) ? Array.from(inner as readonly Value[], (one) => tuple([item, one])) : fail(`the key ${str(keys.at(-1) ?? '')} should point to a list, got '${str(inner)}'`)
  })
}
function rekey(value: Value, key: string, duplicates: string): Value {
  if (duplicates !== 'error' && duplicates !== 'overwrite') fail(`duplicates parameter to rekey_on_member has unknown value: ${duplicates}`)
  const items = isDict(value) ? value.values() : isList(value) ? value : fail('Type is not a valid list, set, or dict')
  const made = new Map<Value, Value>()
  for (const item of items) {
    const name = isDict(need(item)) ? (item as Dict).get(key) : fail('List item is not a valid dict')
    if (name === undefined) return fail(`Key ${key} was not found`)
    if (made.has(name) && duplicates === 'error') fail(`Key ${str(name)} is not unique, cannot correctly turn into dict`)
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
function itemsToDict(value: Value, key: string, item: string): Dict {
  if (!isList(value)) return fail(`items2dict requires a list, got ${typeName(value)} instead.`)
  return new Map(Array.from(value, (one) => {
    const [name, content] = isDict(need(one)) ? [(one as Dict).get(key), (one as Dict).get(item)] : fail('items2dict requires a list of dictionaries')
    if (name === undefined || content === undefined) return fail(`items2dict requires each dictionary in the list to contain the keys '${key}' and '${item}', got ${repr(one)} instead.`)
    return [name, content] as const
  }))
}
const text = (value: Value | undefined, fallback: string): string => (value === undefined ? fallback : str(value))

export const mappingFilters = [
  filter('combine', '* **', (value, _args, { rest, keywords }) => {
    for (const name of Object.keys(keywords)) if (name !== 'recursive' && name !== 'list_merge') fail("'recursive' and 'list_merge' are the only valid keyword arguments")
    return combine([value, ...rest], flag(keywords['recursive']), text(keywords['list_merge'], 'replace'))
  }),
  filter('dict2items', 'key_name? value_name?', (value, [key, item]) => (isDict(value)
    ? Array.from(value, ([k, v]) => new Map<Value, Value>([[text(key, 'key'), k], [text(item, 'value'), v]]))
    : fail(`dict2items requires a dictionary, got ${typeName(value)} instead.`))),
  filter('items2dict', 'key_name? value_name?', (value, [key, item]) => itemsToDict(value, text(key, 'key'), text(item, 'value'))),
  filter('dictsort', 'case_sensitive? by? reverse?', (value, [cased, by, reverse]) => (isDict(value)
    ? dictSort(value, flag(cased), text(by, 'key'), flag(reverse))
    : fail(`dictsort needs a mapping, got ${typeName(value)}`))),
  filter('subelements', 'subelements skip_missing?', (value, [path, skip]) => subelements(value, path!, flag(skip))),
  filter('rekey_on_member', 'key duplicates?', (value, [key, duplicates]) => rekey(value, str(key!), text(duplicates, 'error'))),
  filter('dict community.general.dict', '', (value) => new Map(pairsOf(value))),
  filter('dict_kv community.general.dict_kv', 'key', (value, [key]) => new Map([[key!, value]])),
]
