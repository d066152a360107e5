import type { Value } from '../value/value.ts'
import { Callable, type Attributed } from './objects.ts'
import { equal } from './python/compare.ts'
import { tuple } from './python/kind.ts'
import { fail } from './template-error.ts'
import { Undefined, orElse } from './undefined.ts'

/** The `loop` variable of a `for`. */
export class Loop implements Attributed {
  readonly opaque = 'loop'
  index = -1
  readonly #items: readonly Value[]
  readonly #depth: number
  #seen: Value | undefined
  constructor(items: readonly Value[], depth: number) {
    this.#items = items
    this.#depth = depth
  }
  attribute(name: string): Value | undefined {
    const { index } = this
    const { length } = this.#items
    switch (name) {
      case 'index': return index + 1
      case 'index0': return index
      case 'first': return index === 0
      case 'last': return index === length - 1
      case 'length': return length
      case 'revindex': return length - index
      case 'revindex0': return length - index - 1
      case 'depth': return this.#depth
      case 'depth0': return this.#depth - 1
      case 'previtem': return orElse(this.#items[index - 1], () => new Undefined('there is no previous item'))
      case 'nextitem': return orElse(this.#items[index + 1], () => new Undefined('there is no next item'))
      case 'cycle': return new Callable(name, (args) => orElse(args[index % args.length], () => fail('there are no items to cycle')))
      case 'changed': return new Callable(name, (args) => this.#changed(args.length === 1 ? args[0]! : tuple(args)))
    }
    return undefined
  }
  #changed(value: Value): boolean {
    const changed = this.#seen === undefined || !equal(this.#seen, value)
    this.#seen = value
    return changed
  }
}
