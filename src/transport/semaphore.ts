/** At most so many at once; the rest wait in line. */
export class Semaphore {
  #limit: number
  #busy = 0
  readonly #line: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = Math.max(1, limit)
  }

  get limit(): number {
    return this.#limit
  }

  /** Those at work go on; fewer or more begin from now on. */
  set limit(limit: number) {
    this.#limit = Math.max(1, limit)
    this.#admit()
  }

  async with<T>(work: () => Promise<T>): Promise<T> {
    await new Promise<void>((go) => {
      this.#line.push(go)
      this.#admit()
    })
    try {
      return await work()
    } finally {
      this.#busy--
      this.#admit()
    }
  }

  #admit(): void {
    for (; this.#busy < this.#limit && this.#line.length > 0; this.#busy++) this.#line.shift()!()
  }
}
