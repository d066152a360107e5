import { Tuple, isDict, isUnknown, type Value } from '../../value/value.ts'
import { parseLiteral } from '../literal.ts'
import { Callable, isView, unfold, type View } from '../objects.ts'
import { fail, type Place } from '../template-error.ts'
import type { Keywords } from '../scope.ts'
import { Undefined, orElse } from '../undefined.ts'
import { need } from '../unknown-reached.ts'
import { characters, isInt, isList, numberOf, tuple, typeName } from './kind.ts'
import { dictMethods, listMethods, tupleMethods } from './container-methods.ts'
import { attributeOf, itemOf } from './member.ts'
import { stringMethods, type Method } from './string-methods.ts'
import { repr } from './text.ts'

/** The method of that name, ready to be called; `undefined` where the type has none. */
export function methodOf(value: Value, name: string): Method<never> | undefined {
  if (typeof value === 'string') return stringMethods.get(name)
  if (isDict(value)) return dictMethods.get(name)
  if (isView(value)) return viewMethod(name)
  return isList(value) ? (value instanceof Tuple ? tupleMethods : listMethods).get(name) : undefined
}
const viewGet: Method<View> = (view, [key, fallback]) => orElse(attributeOf(view, String(key)), () => fallback ?? null)
function viewMethod(name: string): Method<never> | undefined {
  if (name === 'get') return viewGet
  if (name === 'keys') return (view: View) => [...view.keys()]
  const method = dictMethods.get(name)
  return method && ((view: View, args: readonly Value[], keywords: Keywords) => method(unfold(view), args, keywords))
}

/** `value.name`: methods first, then data. */
export function getAttribute(value: Value, name: string, place?: Place): Value {
  if (value instanceof Undefined || isUnknown(value)) return value
  const method = methodOf(value, name)
  if (method) return new Callable(name, (args, keywords) => method(value as never, args, keywords))
  return orElse(attributeOf(value, name), () => orElse(memberOfText(value, name), () => missing(value, name, place)))
}

/** `value[key]`: data first, then methods. */
export function getItem(value: Value, key: Value, place?: Place): Value {
  if (value instanceof Undefined || isUnknown(value)) return value
  const item = itemOf(value, need(key))
  if (item !== undefined) return item
  const method = typeof key === 'string' ? methodOf(value, key) : undefined
  if (method) return new Callable(key as string, (args, keywords) => method(value as never, args, keywords))
  return orElse(memberOfText(value, key), () => missing(value, key, place))
}
/** Before 2.19 text that a template puts together as a dict became one. It stays text, but where only a dict can be meant it is read as that. */
function memberOfText(value: Value, key: Value): Value | undefined {
  if (typeof value !== 'string' || typeof key !== 'string' || !value.startsWith('{')) return undefined
  const dict = parseLiteral(value)
  return isDict(dict) ? dict.get(key) : undefined
}
function missing(value: Value, key: Value, place?: Place): Undefined {
  return new Undefined(`object of type '${typeName(value)}' has no attribute ${repr(key)}`, { place })
}

/** `value[from:to:step]` of text, lists and tuples. */
export function slice(value: Value, from: Value | undefined, to: Value | undefined, by: Value | undefined): Value {
  need(value)
  if (typeof value !== 'string' && !isList(value)) return fail(`'${typeName(value)}' cannot be sliced`)
  const items = typeof value === 'string' ? characters(value) : value
  const step = bound(by) ?? 1
  if (step === 0) fail('the step of a slice cannot be zero')
  const size = items.length
  const clamp = (index: number | undefined, fallback: number): number =>
    index === undefined ? fallback : index < 0 ? Math.max(index + size, step < 0 ? -1 : 0) : Math.min(index, step < 0 ? size - 1 : size)
  const end = clamp(bound(to), step < 0 ? -1 : size)
  const picked: Value[] = []
  for (let i = clamp(bound(from), step < 0 ? size - 1 : 0); step > 0 ? i < end : i > end; i += step) picked.push(items[i]!)
  return typeof value === 'string' ? picked.join('') : value instanceof Tuple ? tuple(picked) : picked
}
function bound(value: Value | undefined): number | undefined {
  if (value === undefined || value === null) return undefined
  return isInt(value) || typeof value === 'boolean' ? numberOf(value) : fail(`the bounds of a slice must be integers, got ${typeName(need(value))}`)
}
