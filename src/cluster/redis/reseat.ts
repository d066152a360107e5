import { Problem } from '../../problem/problem.ts'
import type { Operation, ShardSeats } from './operations.ts'
import type { Placement } from './placement.ts'
import type { Present } from './present.ts'

export interface Reseating {
  readonly placed: Placement
  readonly present: Present
  /** Running instances that are to leave the cluster. */
  readonly leaving: readonly string[]
  /** Copies a shard should have. */
  readonly copies: number
}

/**
 * The way from the present seats to the wanted ones, found by playing it through. New copies come first and old ones leave
 * last, so that a shard never has fewer copies than it must; a master leaves only after another took its shard over.
 * `reset` are instances without a seat at the end that hold a copy now, or that are to leave.
 */
export function reseat({ placed, present, leaving, copies }: Reseating): { readonly operations: readonly Operation[]; readonly reset: readonly string[] } {
  const seats = new Seats(placed, present)
  const operations: Operation[] = []
  const settle = () => operations.at(-1)?.does === 'wait-healthy' || operations.length === 0 ? undefined : operations.push({ does: 'wait-healthy', seats: seats.list() })
  for (const [instance, shard] of seats.newcomers()) operations.push(seats.replicate(instance, shard))
  for (;;) {
    const failover = seats.nextFailover()
    if (failover) {
      settle()
      operations.push(seats.failOver(...failover))
      continue
    }
    const stray = seats.nextStray(copies)
    if (!stray) break
    settle()
    operations.push(seats.replicate(...stray))
  }
  const reset = new Set([...seats.seatless(), ...leaving])
  // Whatever is emptied must not be missed: the copies that replace it are in sync first.
  if (reset.size > 0) settle()
  return { operations, reset: [...reset] }
}

/** Who sits where while the plan is played through. Shards count from 0. */
class Seats {
  readonly #masters: string[]
  /** The shard of everybody who holds a copy. */
  readonly #shardOf = new Map<string, number>()
  readonly #wanted = new Map<string, number>()
  readonly #wantedMaster: readonly string[]

  constructor(placed: Placement, present: Present) {
    this.#wantedMaster = placed.shards.map(({ master }) => master.name)
    for (const [shard, { master, replicas }] of placed.shards.entries()) for (const one of [master, ...replicas]) this.#wanted.set(one.name, shard)
    this.#masters = placed.shards.map(({ master }, shard) => present.shards[shard]!.master ?? master.name)
    for (const [shard, { copies }] of present.shards.entries()) for (const name of copies) this.#shardOf.set(name, shard)
    for (const [shard, master] of this.#masters.entries()) this.#shardOf.set(master, shard)
  }

  /** Instances with a seat to take that hold nothing yet. */
  newcomers(): readonly (readonly [instance: string, shard: number])[] {
    return [...this.#wanted].filter(([name]) => !this.#shardOf.has(name))
  }

  /** A shard whose wanted master holds a copy and is not the master; else, to set a stuck master free, one that another copy can take over. */
  nextFailover(): readonly [instance: string, shard: number] | undefined {
    const ready = this.#wantedMaster.findIndex((name, shard) => this.#masters[shard] !== name && this.#shardOf.get(name) === shard)
    if (ready >= 0) return [this.#wantedMaster[ready]!, ready]
    if (this.#strays().some((name) => !this.#masters.includes(name))) return undefined
    const stuck = this.#strays().find((name) => this.#masters.includes(name))
    if (stuck === undefined) return undefined
    const shard = this.#shardOf.get(stuck)!
    const other = [...this.#shardOf].find(([name, own]) => own === shard && name !== stuck)
    if (other) return [other[0], shard]
    throw new Problem({
      code: 'redis-master-cannot-move', summary: 'A master has no copy that could take over', detail: `${stuck} is the only copy of shard ${shard + 1} and belongs elsewhere`,
      hint: 'leave it where it is, or ask for at least one replica first',
    })
  }

  /** A replica on its way to another shard: from a shard with copies to spare where there is one. */
  nextStray(copies: number): readonly [instance: string, shard: number] | undefined {
    const moving = this.#strays().filter((name) => this.#wanted.has(name) && !this.#masters.includes(name))
    const spare = moving.find((name) => [...this.#shardOf.values()].filter((shard) => shard === this.#shardOf.get(name)).length > copies)
    const next = spare ?? moving[0]
    return next === undefined ? undefined : [next, this.#wanted.get(next)!]
  }

  seatless(): readonly string[] {
    return [...this.#shardOf.keys()].filter((name) => !this.#wanted.has(name))
  }

  list(): readonly ShardSeats[] {
    return this.#masters.map((master, shard) => ({ shard: shard + 1, master, replicas: [...this.#shardOf].filter(([name, own]) => own === shard && name !== master).map(([name]) => name) }))
  }

  replicate(instance: string, shard: number): Operation {
    this.#shardOf.set(instance, shard)
    return { does: 'replicate', instance, master: this.#masters[shard]!, shard: shard + 1 }
  }

  failOver(instance: string, shard: number): Operation {
    const from = this.#masters[shard]!
    this.#masters[shard] = instance
    return { does: 'fail-over', instance, from, shard: shard + 1 }
  }

  /** Who holds a copy of a shard that is not its own; without a seat only masters count, the others may stay until the end. */
  #strays(): readonly string[] {
    return [...this.#shardOf].filter(([name, shard]) => (this.#wanted.has(name) ? this.#wanted.get(name) !== shard : this.#masters.includes(name))).map(([name]) => name)
  }
}
