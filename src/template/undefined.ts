import type { Opaque, Value } from '../value/value.ts'
import { TemplateError, type Place } from './template-error.ts'

/** A name, attribute or item that is not there. It may be tested and defaulted; any other use raises its reason. */
export class Undefined implements Opaque {
  readonly opaque = 'undefined'
  readonly reason: string
  /** The variable's name, for "did you mean". */
  readonly subject: string | undefined
  readonly place: Place | undefined
  /** The value of an inline `if` without `else`: prints as nothing. */
  readonly lenient: boolean

  constructor(reason: string, at: { subject?: string | undefined; place?: Place | undefined; lenient?: boolean } = {}) {
    this.reason = reason
    this.subject = at.subject
    this.place = at.place
    this.lenient = at.lenient ?? false
  }

  raise(): never {
    throw new TemplateError('undefined', this.reason, { subject: this.subject, place: this.place })
  }
}

/** A value, or what stands for it where there is none. None is a value: `??` would lose it. */
export const orElse = (value: Value | undefined, instead: () => Value): Value => (value === undefined ? instead() : value)

/** The value itself, when it is there. */
export const defined = (value: Value): Value => (value instanceof Undefined && !value.lenient ? value.raise() : value)
