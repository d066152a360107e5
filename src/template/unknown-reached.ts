import { isUnknown, type Unknown, type Value } from '../value/value.ts'
import { Undefined } from './undefined.ts'

/** Thrown where an operation would have to look at an unknown: what it computes is then unknown itself. */
export class UnknownReached {
  readonly unknown: Unknown
  /** A statement depends on it: not one value but the whole template is unknown. */
  readonly whole: boolean
  constructor(unknown: Unknown, whole = false) {
    this.unknown = unknown
    this.whole = whole
  }
}

/** For operations that need the value itself: raises undefined values and leaves with unknown ones. */
export function need(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Undefined && !value.lenient) value.raise()
  if (isUnknown(value)) throw new UnknownReached(value)
  return value
}

/** For statements: an unknown makes the whole template unknown. */
export function needForAll(value: Value): Value {
  if (isUnknown(value)) throw new UnknownReached(value, true)
  return value
}
