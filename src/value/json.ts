import { type Dict, type Value, Float, TemplateString, Unknown, VaultString, isDict } from './value.ts'

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Text of JSON, or a parsed JSON value, as a `Value`: objects become dicts. Nothing in it is ever a template. */
export function fromJson(json: unknown): Value {
  if (Array.isArray(json)) return json.map(fromJson)
  if (typeof json === 'object' && json !== null) return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)]))
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json
  return null
}

/** A `Value` as JSON: for events, results and tests. Unknowns become `{"unknown": reason}`; vault text is never opened. */
export function toJson(value: Value): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Float) return value.value
  if (value instanceof Unknown) return { unknown: value.reason }
  if (value instanceof TemplateString) return value.source
  if (value instanceof VaultString) return '<vault>'
  if (Array.isArray(value)) return value.map(toJson)
  if (isDict(value)) return toJsonRecord(value)
  return `<${(value as { opaque: string }).opaque}>`
}

function toJsonRecord(value: Dict): { readonly [key: string]: Json } {
  return Object.fromEntries([...value].map(([key, item]) => [typeof key === 'string' ? key : String(toJson(key)), toJson(item)]))
}

