/** Where a task stands in the order of a play: compared number by number. */
export type Place = readonly number[]

/** The hosts that take one task together, and what they share while they do. */
export class Round {
  readonly hosts: readonly string[]
  readonly task: string
  #announced = false
  #once: Promise<unknown> | undefined
  readonly #settled = new Map<string, boolean>()
  #everyone: { promise: Promise<number>; resolve: (failed: number) => void } | undefined

  constructor(hosts: readonly string[], task: string) {
    this.hosts = hosts
    this.task = task
  }

  /** Runs the first time only: the header of a task is printed once for all hosts. */
  announce(say: () => void): void {
    if (this.#announced) return
    this.#announced = true
    say()
  }

  /** `run_once`: the first to come does it, the others get the same answer. */
  once<T>(perform: () => Promise<T>): Promise<T> {
    return (this.#once ??= perform()) as Promise<T>
  }

  #asked: Promise<string | undefined> | undefined
  /** `--step`: one question for all hosts. */
  ask(question: () => Promise<string | undefined>): Promise<string | undefined> {
    return (this.#asked ??= question())
  }

  /** Waits until every host of the round has told how it ended; answers how many failed. */
  settle(host: string, failed: boolean): Promise<number> {
    this.#everyone ??= Promise.withResolvers<number>()
    this.#settled.set(host, failed)
    if (this.#settled.size === this.hosts.length) this.#everyone.resolve([...this.#settled.values()].filter(Boolean).length)
    return this.#everyone.promise
  }
}

/** When a host may go on to a task: the strategies differ in nothing else. */
export interface Gate {
  /** Resolves with the round of hosts that take the task together; `undefined` when the play is over. */
  arrive(host: string, place: Place): Promise<Round | undefined>
  /** The host is done with this part of the play. */
  leave(host: string): void
}

/** `free` and `host_pinned`: nobody waits for anybody. */
export class FreeGate implements Gate {
  #count = 0
  readonly #over: () => boolean
  constructor(over: () => boolean) {
    this.#over = over
  }
  arrive(host: string): Promise<Round | undefined> {
    return Promise.resolve(this.#over() ? undefined : new Round([host], `f${++this.#count}`))
  }
  leave(): void {}
}

let rounds = 0

/** `linear`: all hosts wait for each other; then those that stand at the earliest task take it. */
export class LinearGate implements Gate {
  readonly #active: Set<string>
  readonly #order: readonly string[]
  readonly #over: () => boolean
  readonly #waiting = new Map<string, { readonly place: Place; readonly go: (round: Round | undefined) => void }>()

  constructor(hosts: readonly string[], over: () => boolean) {
    this.#active = new Set(hosts)
    this.#order = hosts
    this.#over = over
  }

  arrive(host: string, place: Place): Promise<Round | undefined> {
    return new Promise((go) => {
      this.#waiting.set(host, { place, go })
      this.#release()
    })
  }

  leave(host: string): void {
    this.#active.delete(host)
    this.#release()
  }

  #release(): void {
    if (this.#waiting.size === 0 || this.#waiting.size < this.#active.size) return
    if (this.#over()) return this.#send([...this.#waiting.keys()], undefined)
    const first = [...this.#waiting.values()].map(({ place }) => place).reduce((a, b) => (comparePlaces(b, a) < 0 ? b : a))
    const hosts = this.#order.filter((host) => this.#waiting.has(host) && comparePlaces(this.#waiting.get(host)!.place, first) === 0)
    this.#send(hosts, new Round(hosts, `t${++rounds}`))
  }

  #send(hosts: readonly string[], round: Round | undefined): void {
    for (const host of hosts) {
      const { go } = this.#waiting.get(host)!
      this.#waiting.delete(host)
      go(round)
    }
  }
}

export function comparePlaces(a: Place, b: Place): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}
