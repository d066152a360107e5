import type { View } from '../template/objects.ts'
import type { Value } from '../value/value.ts'

/** A mapping whose members are made when looked at, once. */
export class HostView implements View {
  readonly opaque = 'view'
  readonly #names: () => Iterable<string>
  readonly #make: (key: string) => Value | undefined
  readonly #made = new Map<string, Value | undefined>()

  constructor(names: () => Iterable<string>, make: (key: string) => Value | undefined) {
    this.#names = names
    this.#make = make
  }

  get(key: string): Value | undefined {
    if (!this.#made.has(key)) this.#made.set(key, this.#make(key))
    return this.#made.get(key)
  }

  keys(): Iterable<string> {
    return this.#names()
  }
}
