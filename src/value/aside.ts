/**
 * A part of a state that is no part of the comparison: what a probe also saw and plan, steps, diff or result need (old content,
 * who the task acts as). Never makes a state differ.
 */
export class Aside<T = unknown> {
  readonly value: T
  constructor(value: T) {
    this.value = value
  }
}

export const aside = <T>(value: T): Aside<T> => new Aside(value)
