import { Float, isDict, type Value } from '../../value/value.ts'
import { isAttributed, isView, Range } from '../objects.ts'
import { problemsOf } from '../../problem/problem.ts'
import { Undefined } from '../undefined.ts'
import { characters, isInt, isList, numberOf } from './kind.ts'

/** Data behind an attribute, methods left aside; `undefined` where there is none. Loading marks group members with their names. */
export function attributeOf(value: Value, name: string): Value | undefined {
  if (isDict(value)) return value.get(name)
  if (isView(value)) return viewMember(value, name)
  if (isAttributed(value)) return value.attribute(name)
  return isList(value) ? (value as { named?: ReadonlyMap<string, Value> }).named?.get(name) : undefined
}

/** Data behind `value[key]`: a dict's key, an index from either end. */
export function itemOf(value: Value, key: Value): Value | undefined {
  if (isDict(value)) return dictItem(value, key)
  if (typeof value === 'string' || isList(value) || value instanceof Range) {
    if (isInt(key) || typeof key === 'boolean') {
      const items = typeof value === 'string' ? characters(value) : value instanceof Range ? value.items() : value
      return items.at(numberOf(key)) === undefined || !inside(numberOf(key), items.length) ? undefined : items.at(numberOf(key))
    }
  }
  return typeof key === 'string' ? attributeOf(value, key) : undefined
}
const inside = (index: number, length: number): boolean => index < length && index >= -length

function dictItem(dict: ReadonlyMap<Value, Value>, key: Value): Value | undefined {
  if (dict.has(key)) return dict.get(key)
  if (key instanceof Float) return dict.get(key.value)
  return typeof key === 'boolean' ? dict.get(key ? 1 : 0) : undefined
}

/** A member that cannot be rendered because a name is missing is undefined itself, so that `default` works on it. */
function viewMember(view: { get(key: string): Value | undefined }, name: string): Value | undefined {
  try {
    return view.get(name)
  } catch (error) {
    const [problem] = problemsOf(error) ?? []
    if (problem?.code !== 'undefined-variable') throw error
    return new Undefined(problem.detail ?? problem.summary)
  }
}
