import type { Inclusion } from './include.ts'

/** Where a task stands in the order of a play: compared number by number. */
export type Place = readonly number[]

/** How a task ended for a host, as far as the others must know. */
export interface Report {
  readonly lost: boolean
  /** Its failure is everybody's: `any_errors_fatal`, `run_once`. */
  readonly fatal: boolean
  readonly inclusions: readonly Inclusion[]
}

/** The hosts that take one task together, and what they share while they do. */
export class Round {
  readonly hosts: readonly string[]
  readonly task: string
  /** Hosts wait for each other: what happens to one may concern all. */
  readonly together: boolean
  #announced = false
  #once: Promise<unknown> | undefined
  readonly #reports = new Map<string, Report>()
  #everyone: PromiseWithResolvers<ReadonlyMap<string, Report>> | undefined
  #first: string | undefined

  constructor(hosts: readonly string[], task: string, together: boolean) {
    this.hosts = hosts
    this.task = task
    this.together = together
  }

  /** Whether the host is the first to ask: what concerns all hosts of the round is done by one of them. */
  isFirst(host: string): boolean {
    return (this.#first ??= host) === host
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

  /** Waits until every host of the round has told how it ended; answers what all of them told, in their order. */
  meet(host: string, report: Report): Promise<ReadonlyMap<string, Report>> {
    this.#everyone ??= Promise.withResolvers<ReadonlyMap<string, Report>>()
    this.#reports.set(host, report)
    if (this.#reports.size === this.hosts.length) this.#everyone.resolve(new Map(this.hosts.map((name) => [name, this.#reports.get(name)!])))
    return this.#everyone.promise
  }
}

/** When a host may go on to a task: the strategies differ in nothing else. */
export interface Gate {
  /** Resolves with the round of hosts that take the task together; `undefined` for a host that must not go on. */
  arrive(host: string, place: Place): Promise<Round | undefined>
  /** The host is done with the play. */
  leave(host: string): void
  /** The host is out, unless something brings it back: answers whether it goes on, once the others are done. */
  park(host: string): Promise<boolean>
}

/** Whether a host must turn back: the play is over for it, or another host's failure is its own. */
type Stops = (host: string) => boolean

/** Hosts that wait for the others to be done. */
class Parked {
  readonly active: Set<string>
  readonly #stops: Stops
  readonly #waiting = new Map<string, (goesOn: boolean) => void>()
  constructor(hosts: readonly string[], stops: Stops) {
    this.active = new Set(hosts)
    this.#stops = stops
  }

  park(host: string): Promise<boolean> {
    const waits = new Promise<boolean>((decide) => this.#waiting.set(host, decide))
    this.leave(host)
    return waits
  }

  leave(host: string): void {
    this.active.delete(host)
    if (this.active.size > 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [name] of waiting) if (!this.#stops(name)) this.active.add(name)
    for (const [name, decide] of waiting) decide(this.active.has(name))
  }
}

/** `free` and `host_pinned`: nobody waits for anybody. */
export class FreeGate implements Gate {
  #count = 0
  readonly #stops: Stops
  readonly #parked: Parked
  constructor(hosts: readonly string[], stops: Stops) {
    this.#stops = stops
    this.#parked = new Parked(hosts, stops)
  }
  arrive(host: string): Promise<Round | undefined> {
    return Promise.resolve(this.#stops(host) ? undefined : new Round([host], `f${++this.#count}`, false))
  }
  leave(host: string): void {
    this.#parked.leave(host)
  }
  park(host: string): Promise<boolean> {
    return this.#parked.park(host)
  }
}

let rounds = 0

/** `linear`: all hosts wait for each other; then those that stand at the earliest task take it. */
export class LinearGate implements Gate {
  readonly #parked: Parked
  readonly #order: readonly string[]
  readonly #stops: Stops
  readonly #waiting = new Map<string, { readonly place: Place; readonly go: (round: Round | undefined) => void }>()

  constructor(hosts: readonly string[], stops: Stops) {
    this.#parked = new Parked(hosts, stops)
    this.#order = hosts
    this.#stops = stops
  }

  arrive(host: string, place: Place): Promise<Round | undefined> {
    return new Promise((go) => {
      this.#waiting.set(host, { place, go })
      this.#release()
    })
  }

  leave(host: string): void {
    this.#parked.leave(host)
    this.#release()
  }

  park(host: string): Promise<boolean> {
    const waits = this.#parked.park(host)
    this.#release()
    return waits
  }

  #release(): void {
    if (this.#waiting.size === 0 || this.#waiting.size < this.#parked.active.size) return
    const stopped = [...this.#waiting.keys()].filter(this.#stops)
    // Those that turn back come again, or leave: the others go on then.
    if (stopped.length > 0) return this.#send(stopped, undefined)
    const first = [...this.#waiting.values()].map(({ place }) => place).reduce((a, b) => (comparePlaces(b, a) < 0 ? b : a))
    const hosts = this.#order.filter((host) => this.#waiting.has(host) && comparePlaces(this.#waiting.get(host)!.place, first) === 0)
    this.#send(hosts, new Round(hosts, `t${++rounds}`, true))
  }

  #send(hosts: readonly string[], round: Round | undefined): void {
    const gone = hosts.map((host) => this.#waiting.get(host)!.go)
    for (const host of hosts) this.#waiting.delete(host)
    for (const go of gone) go(round)
  }
}

export function comparePlaces(a: Place, b: Place): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}
