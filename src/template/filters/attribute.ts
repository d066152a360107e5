import { Undefined } from '../undefined.ts'
import type { Value } from '../../value/value.ts'
import { getItem } from '../python/access.ts'
import { isInt } from '../python/kind.ts'
import { str } from '../python/text.ts'

/** `attribute='a.b.0'` of `map`, `sort`, `groupby` and their like: each part a key, an index or an attribute. */
export function reader(attribute: Value | undefined, fallback?: Value): (value: Value) => Value {
  if (attribute === undefined || attribute === null) return (value) => value
  const path: Value[] = isInt(attribute) ? [attribute] : str(attribute).split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  return (value) => {
    const found = path.reduce((at, part) => getItem(at, part), value)
    return found instanceof Undefined && fallback !== undefined ? fallback : found
  }
}

/** Text as it is compared: Jinja's filters ignore case unless they are told not to. */
export const folded = (caseSensitive: boolean): ((value: Value) => Value) =>
  caseSensitive ? (value) => value : (value) => (typeof value === 'string' ? value.toLowerCase() : value)
