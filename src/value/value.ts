import type { Span } from '../problem/problem.ts'

/**
 * The values of playbooks, templates and results, with Python's distinctions kept where users can see them:
 * a dict is a `Map` (key order, keys of any scalar type, no prototype), a list an array, a tuple a `Tuple`,
 * None is `null`, an int a `number` (or `bigint` past 2^53), a float a `number` with a fraction or a `Float` without one.
 */
export type Value = null | boolean | number | bigint | string | Float | readonly Value[] | Dict | Unknown | TemplateString | VaultString | Opaque
export type Dict = ReadonlyMap<Value, Value>

/** An object that only its owner understands (a lazy view, a callable): it carries a tag to be told apart by. */
export interface Opaque {
  readonly opaque: string
}

/** A float without a fraction: `3.0` must print as `3.0`, not as `3`. */
export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/** A Python tuple: prints with parentheses and is not equal to a list. */
export class Tuple extends Array<Value> {}

/**
 * What a dry run cannot know. `fresh` is surely different from what was before (a change); a plain unknown may or may not differ.
 * Both agree with whatever is found later, and spread through everything they touch.
 */
export class Unknown {
  readonly reason: string
  readonly fresh: boolean
  constructor(reason: string, fresh = false) {
    this.reason = reason
    this.fresh = fresh
  }
}

/** It may or may not differ: the task is `unknown`. `reason` completes "unknown: …". */
export const unknown = (reason: string): Unknown => new Unknown(reason)
/** Surely different from before: the task is a `change`. */
export const fresh = (reason: string): Unknown => new Unknown(reason, true)
export const isUnknown = (value: unknown): value is Unknown => value instanceof Unknown

/**
 * A string of a playbook, vars file or inventory that holds template marks. Only loading makes these: text that comes from
 * hosts is a plain string and is never rendered.
 */
export class TemplateString {
  readonly source: string
  readonly span: Span | undefined
  /** The compiled form, kept by the template engine. */
  compiled: unknown
  constructor(source: string, span?: Span) {
    this.source = source
    this.span = span
  }
}

/** An inline `!vault` value: decrypted when it is first looked at. */
export class VaultString {
  readonly ciphertext: string
  readonly decrypt: () => string
  readonly span: Span | undefined
  constructor(ciphertext: string, decrypt: () => string, span?: Span) {
    this.ciphertext = ciphertext
    this.decrypt = decrypt
    this.span = span
  }
}

const MARKS = /\{\{|\{%|\{#/
/** A `TemplateString` where the text holds template marks, the text itself otherwise. */
export const asTemplate = (text: string, span?: Span): string | TemplateString => (MARKS.test(text) ? new TemplateString(text, span) : text)

export const isDict = (value: unknown): value is Dict => value instanceof Map
/** A dict of string keys from a plain record; `undefined` entries are left out. */
export function dict(record: Readonly<Record<string, Value | undefined>>): Map<Value, Value> {
  const map = new Map<Value, Value>()
  for (const [key, value] of Object.entries(record)) if (value !== undefined) map.set(key, value)
  return map
}

/** The first unknown inside a value, searched through containers. */
export function findUnknown(value: unknown): Unknown | undefined {
  if (value instanceof Unknown) return value
  if (Array.isArray(value)) return firstOf(value)
  if (value instanceof Map) return firstOf(value.values())
  return undefined
}
function firstOf(values: Iterable<unknown>): Unknown | undefined {
  for (const value of values) {
    const found = findUnknown(value)
    if (found) return found
  }
  return undefined
}
