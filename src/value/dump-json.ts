import { Float, type Value, isDict } from './value.ts'
import { toJson } from './json.ts'

/** JSON as Python's `json.dumps` writes it: a space after commas and colons, everything beyond ASCII escaped. */
export function dumpJson(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(dumpJson).join(', ')}]`
  if (isDict(value)) return `{${[...value].map(([key, item]) => `${dumpText(typeof key === 'string' ? key : key === null ? 'null' : String(toJson(key)))}: ${dumpJson(item)}`).join(', ')}}`
  if (value instanceof Float) return `${value.value}.0`
  if (typeof value === 'bigint') return String(value)
  return typeof value === 'string' ? dumpText(value) : JSON.stringify(toJson(value))
}

const dumpText = (text: string): string => JSON.stringify(text).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
