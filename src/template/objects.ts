import type { Opaque, Value } from '../value/value.ts'
import type { Call, Keywords } from './scope.ts'

/** An object whose attributes templates can read: a namespace, a loop, a date. */
export interface Attributed extends Opaque {
  attribute(name: string): Value | undefined
}
export const isAttributed = (value: unknown): value is Attributed =>
  typeof value === 'object' && value !== null && typeof (value as { attribute?: unknown }).attribute === 'function'

/**
 * A mapping whose members are made when they are looked at (`hostvars`). It gives rendered values: whoever makes it renders in
 * the scope the members belong to.
 */
export interface View extends Opaque {
  readonly opaque: 'view'
  get(key: string): Value | undefined
  keys(): Iterable<string>
}
export const isView = (value: unknown): value is View => typeof value === 'object' && value !== null && (value as Opaque).opaque === 'view'

/** Every member of a view that has a value, as a plain dict. */
export function unfold(view: View): Map<Value, Value> {
  const members = new Map<Value, Value>()
  for (const key of view.keys()) {
    const value = view.get(key)
    if (value !== undefined) members.set(key, value)
  }
  return members
}

type Invoke = (args: readonly Value[], keywords: Keywords, call: Call) => Value

/** A macro, a global function or a method taken as a value. */
export class Callable implements Attributed {
  readonly opaque = 'function'
  readonly name: string
  readonly invoke: Invoke
  readonly #attributes: ReadonlyMap<string, Value>
  constructor(name: string, invoke: Invoke, attributes: ReadonlyMap<string, Value> = new Map()) {
    this.name = name
    this.invoke = invoke
    this.#attributes = attributes
  }
  attribute(name: string): Value | undefined {
    return name === 'name' ? this.name : this.#attributes.get(name)
  }
}

/** What `namespace()` and `import` make; `{% set ns.x = … %}` writes into it. */
export class Namespace implements Attributed {
  readonly opaque = 'namespace'
  readonly members: Map<string, Value>
  constructor(members: Iterable<readonly [string, Value]>) {
    this.members = new Map(members)
  }
  attribute(name: string): Value | undefined {
    return this.members.get(name)
  }
}

/** `range()`, without making its numbers. */
export class Range implements Opaque {
  readonly opaque = 'range'
  readonly start: number
  readonly stop: number
  readonly step: number
  constructor(start: number, stop: number, step: number) {
    this.start = start
    this.stop = stop
    this.step = step
  }
  get length(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step))
  }
  items(): number[] {
    return Array.from({ length: this.length }, (_, index) => this.start + index * this.step)
  }
}

/** The value of `omit`: a parameter that has it is left out. */
export const OMIT: Opaque = { opaque: 'omit' }
export const isOmit = (value: unknown): boolean => value === OMIT
