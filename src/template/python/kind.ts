import { Float, Tuple, Unknown, VaultString, isDict, isUnknown, type Dict, type Value } from '../../value/value.ts'
import { Range, isView, unfold } from '../objects.ts'
import { fail } from '../template-error.ts'
import { Undefined } from '../undefined.ts'
import { UnknownReached, need } from '../unknown-reached.ts'

export const isInt = (value: unknown): value is number | bigint => typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
export const isFloat = (value: unknown): value is number | Float => value instanceof Float || (typeof value === 'number' && !Number.isInteger(value))
/** Python's bool is a number too. */
export const isNumber = (value: unknown): value is number | bigint | boolean | Float =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || value instanceof Float
export const isList = (value: unknown): value is readonly Value[] => Array.isArray(value)
export const isText = (value: unknown): value is string => typeof value === 'string'

/** A float: boxed where it has no fraction, so that it is not taken for an int. */
export const float = (value: number): Value => (Number.isInteger(value) || !Number.isFinite(value) ? new Float(value) : value)
export const int = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
export const tuple = (items: Iterable<Value>): Tuple => Tuple.from(items) as Tuple

/** Python's name of the type, as messages and `type_debug` say it. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'str'
  if (isInt(value)) return 'int'
  if (isFloat(value)) return 'float'
  if (value instanceof Tuple) return 'tuple'
  if (isList(value)) return 'list'
  if (isDict(value) || isView(value)) return 'dict'
  if (value instanceof Undefined) return 'AnsibleUndefined'
  if (value instanceof Unknown) throw new UnknownReached(value)
  if (value instanceof VaultString) return 'AnsibleVaultEncryptedUnicode'
  return 'opaque' in value ? value.opaque : 'str'
}

/** Python truth. Raises for undefined, leaves with an unknown. */
export function truthy(value: Value): boolean {
  if (typeof value === 'boolean') return value
  if (value === null) return false
  if (typeof value === 'string' || isList(value)) return value.length > 0
  if (typeof value === 'number' || typeof value === 'bigint') return Boolean(value) || value !== value
  if (isDict(value)) return value.size > 0
  if (value instanceof Undefined) return value.lenient ? false : value.raise()
  if (isUnknown(value)) throw new UnknownReached(value)
  if (value instanceof Float) return value.value !== 0
  if (value instanceof Range) return value.length > 0
  return true
}

/** The number a value stands for in arithmetic. */
export function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  if (value instanceof Float) return value.value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'bigint') return Number(value)
  return fail(`a number is needed, got ${typeName(need(value))}`)
}
/** An int or bool with all its digits. */
export const wholeOf = (value: Value): bigint => (typeof value === 'bigint' ? value : BigInt(Math.trunc(numberOf(value))))
/** An argument that must be an int. */
export function intOf(value: Value | undefined, fallback?: number): number {
  if (value === undefined || value === null) return fallback ?? fail('an integer is needed')
  return isInt(value) || typeof value === 'boolean' ? numberOf(value) : fail(`an integer is needed, got ${typeName(need(value))}`)
}
/** An argument that says how much: none below zero, and none that would fill the memory. */
export function countOf(value: Value | undefined, fallback?: number): number {
  const count = intOf(value, fallback)
  return count > 10_000_000 ? fail(`${count} is too much`) : Math.max(0, count)
}
/** An argument that switches something on. */
export const flag = (value: Value | undefined, fallback = false): boolean => (value === undefined ? fallback : truthy(value))

/** The items a loop goes over: keys of dicts, characters of text. */
export function iterate(value: Value): readonly Value[] {
  if (isList(value)) return value
  if (isDict(value)) return [...value.keys()]
  if (typeof value === 'string') return Array.from(value)
  if (value instanceof Undefined) return value.lenient ? [] : value.raise()
  if (value instanceof Range) return value.items()
  if (isView(value)) return [...value.keys()]
  return fail(`'${typeName(need(value))}' object is not iterable`)
}
/** The items as a list of their own. */
export const listOf = (value: Value): Value[] => Array.from(iterate(value))

/** Characters by code point: a surrogate pair is one. */
export const characters = (text: string): readonly string[] => (/[\ud800-\udfff]/.test(text) ? Array.from(text) : text.split(''))

export function lengthOf(value: Value): number {
  if (typeof value === 'string') return /[\ud800-\udfff]/.test(value) ? Array.from(value).length : value.length
  if (isList(value) || value instanceof Range) return value.length
  if (isDict(value)) return value.size
  if (isView(value)) return [...value.keys()].length
  return fail(`'${typeName(need(value))}' has no length`)
}

/** A mapping as a dict; `undefined` for anything else. */
export const mappingOf = (value: Value): Dict | undefined => (isDict(value) ? value : isView(value) ? unfold(value) : undefined)
export const isMapping = (value: Value): boolean => isDict(value) || isView(value)
