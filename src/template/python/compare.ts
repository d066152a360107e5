import { Float, Tuple, Unknown, isDict, isUnknown, type Dict, type Value } from '../../value/value.ts'
import { isView, unfold } from '../objects.ts'
import { fail } from '../template-error.ts'
import { Undefined } from '../undefined.ts'
import { UnknownReached, need } from '../unknown-reached.ts'
import { isList, isNumber, iterate, numberOf, typeName } from './kind.ts'

/** Python's `==`: by structure, `1 == True == 1.0`, a list is not a tuple. */
export function equal(a: Value, b: Value): boolean {
  if (a instanceof Undefined) return a.lenient ? b instanceof Undefined : a.raise()
  if (b instanceof Undefined) return b.lenient ? false : b.raise()
  if (isUnknown(a)) throw new UnknownReached(a)
  if (isUnknown(b)) throw new UnknownReached(b)
  if (a === b) return true
  if (isNumber(a) && isNumber(b)) return equalNumbers(a, b)
  if (isList(a) && isList(b)) return a instanceof Tuple === b instanceof Tuple && equalLists(a, b)
  if (isView(a)) return equal(unfold(a), b)
  if (isView(b)) return equal(a, unfold(b))
  if (isDict(a) && isDict(b)) return equalDicts(a, b)
  const [left, right] = [orderOf(a), orderOf(b)]
  return left !== undefined && left === right
}
function equalNumbers(a: number | bigint | boolean | Float, b: number | bigint | boolean | Float): boolean {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a === b
  if (typeof a === 'bigint' || typeof b === 'bigint') return (a instanceof Float ? a.value : a) == (b instanceof Float ? b.value : b)
  return numberOf(a) === numberOf(b)
}
// A difference beside an unknown is still a difference, so all members are looked at before giving up.
function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && every(a, (item, index) => equal(item, b[index]!))
}
function equalDicts(a: Dict, b: Dict): boolean {
  return a.size === b.size && every([...a], ([key, item]) => b.has(key) && equal(item, b.get(key)!))
}
function every<T>(items: readonly T[], holds: (item: T, index: number) => boolean): boolean {
  let unknown: UnknownReached | undefined
  for (const [index, item] of items.entries()) {
    try {
      if (!holds(item, index)) return false
    } catch (error) {
      if (!(error instanceof UnknownReached)) throw error
      unknown ??= error
    }
  }
  if (unknown) throw unknown
  return true
}

/** Python's order as a signed number; mixed types raise. */
export function compare(a: Value, b: Value, operator = '<'): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (isNumber(a) && isNumber(b)) {
    if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0
    return numberOf(a) - numberOf(b)
  }
  if (isList(a) && isList(b) && a instanceof Tuple === b instanceof Tuple) {
    for (let i = 0; i < a.length && i < b.length; i++) if (!equal(a[i]!, b[i]!)) return compare(a[i]!, b[i]!, operator)
    return a.length - b.length
  }
  const [left, right] = [orderOf(need(a)), orderOf(need(b))]
  if (left !== undefined && right !== undefined) return left - right
  return fail(`'${operator}' is not supported between '${typeName(a)}' and '${typeName(b)}'`)
}
/** Dates and the like say where they stand. */
const orderOf = (value: Value): number | undefined =>
  typeof value === 'object' && value !== null && 'order' in value && typeof value.order === 'number' ? value.order : undefined

/** By code point, not by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    const [highX, highY] = [x >= 0xd800 && x < 0xe000, y >= 0xd800 && y < 0xe000]
    return highX === highY ? x - y : highX ? 1 : -1
  }
  return a.length - b.length
}

/** Python's `in`: a part of text, a key of a dict, an item of the rest. */
export function contains(box: Value, value: Value): boolean {
  need(box)
  if (typeof box === 'string') {
    need(value)
    return typeof value === 'string' ? box.includes(value) : fail(`'in <str>' needs a str, got ${typeName(value)}`)
  }
  if (isDict(box)) return hasKey(box, need(value))
  if (isView(box)) return [...box.keys()].includes(need(value) as string)
  need(value)
  return includes(iterate(box), value)
}
const hasKey = (dict: Dict, key: Value): boolean => dict.has(key) || (key instanceof Float && dict.has(key.value))

/** Whether a list has an equal item; an unknown item only matters when no other is equal. */
export function includes(items: readonly Value[], value: Value): boolean {
  let unknown: Unknown | undefined
  for (const item of items) {
    try {
      if (equal(item, value)) return true
    } catch (error) {
      if (!(error instanceof UnknownReached)) throw error
      unknown ??= error.unknown
    }
  }
  if (unknown) throw new UnknownReached(unknown)
  return false
}
