import { Problem } from '../../problem/problem.ts'
import type { ClusterNode } from './nodes.ts'
import { isRunning, type Observed, type Running } from './observe.ts'
import type { PresentShard } from './placement.ts'
import { evenRanges, showRanges, SLOTS, slotsIn, type SlotRange } from './slots.ts'

/** A cluster as it stands, put together from what its instances say about themselves and each other. */
export interface Present {
  readonly running: ReadonlyMap<string, Running>
  /** By shard, from 0: who holds it, and its slots. A shard that nobody serves yet has no master. */
  readonly shards: readonly (PresentShard & { readonly ranges: readonly SlotRange[] })[]
  /** Nodes that views list and that are none of the running instances. */
  readonly strangers: readonly Stranger[]
}

export interface Stranger {
  readonly node: ClusterNode
  /** Who lists it. */
  readonly listedBy: readonly string[]
}

/** Derives the shards. Refuses slots that are divided otherwise than `shards` asks, and keys on instances that hold no shard. */
export function presentCluster(observed: readonly Observed[], shards: number): Present {
  const running = new Map(observed.filter(isRunning).map((one) => [one.instance.name, one]))
  const owners = [...running.values()].filter((one) => ownSlots(one, running).length > 0)
  const found = matchShards(owners.map((one) => ({ one, ranges: ownSlots(one, running) })), shards)
  const present = found.map((owner, index): Present['shards'][number] => {
    if (!owner) return { copies: [], ranges: [evenRanges(shards)[index]!] }
    const followers = [...running.values()].filter((one) => one.self.role === 'replica' && one.self.master === owner.one.id)
    return { master: owner.one.instance.name, copies: [owner.one, ...followers].map((one) => one.instance.name), ranges: owner.ranges }
  })
  refuseForeignKeys(running, present)
  return { running, shards: present, strangers: findStrangers(running) }
}

/**
 * The slots that an instance says are its own. A master that comes back still claims what it owned before; where another
 * instance claims them with a newer epoch, that one is right.
 */
function ownSlots(one: Running, running: ReadonlyMap<string, Running>): readonly SlotRange[] {
  if (one.self.role === 'replica') return []
  const outdated = [...running.values()].some((other) => other !== one && other.self.role === 'master' && other.self.epoch > one.self.epoch && overlap(other.self.slots, one.self.slots))
  return outdated ? [] : one.self.slots
}

const overlap = (a: readonly SlotRange[], b: readonly SlotRange[]): boolean => a.some((x) => b.some((y) => x.first <= y.last && y.first <= x.last))

interface Owner {
  readonly one: Running
  readonly ranges: readonly SlotRange[]
}

/** A whole cluster has its shards in the order of their slots, whatever they are; a half-made one has shards of an even division. */
function matchShards(owners: readonly Owner[], shards: number): readonly (Owner | undefined)[] {
  const covered = owners.reduce((sum, { ranges }) => sum + slotsIn(ranges), 0)
  if (covered === SLOTS && owners.length === shards) return [...owners].sort((a, b) => a.ranges[0]!.first - b.ranges[0]!.first)
  if (covered === SLOTS)
    throw new Problem({
      code: 'redis-other-shards', summary: 'The cluster has another number of shards', detail: `it has ${owners.length}, ${shards} are wanted`,
      hint: `set shards to ${owners.length}; moving slots of a living cluster to another number of shards is not supported`,
    })
  const even = evenRanges(shards).map((range) => showRanges([range]))
  const strange = owners.find(({ ranges }) => !even.includes(showRanges(ranges)))
  if (strange)
    throw new Problem({
      code: 'redis-foreign-slots', summary: 'The cluster serves only some of its slots, and divides them otherwise', detail: `${strange.one.instance.name} owns ${showRanges(strange.ranges)}`,
      hint: 'bring its missing masters back, or repair its slots with redis-cli --cluster check and fix',
    })
  return even.map((range) => owners.find(({ ranges }) => showRanges(ranges) === range))
}

function refuseForeignKeys(running: ReadonlyMap<string, Running>, shards: readonly PresentShard[]): void {
  const held = new Set(shards.flatMap(({ copies }) => copies))
  const foreign = [...running.values()].find((one) => one.keys > 0 && one.self.role === 'master' && !held.has(one.instance.name))
  if (foreign) throw new Problem({ code: 'redis-foreign-keys', summary: 'An instance holds keys but no shard of this cluster', detail: `${foreign.instance.name} holds ${foreign.keys} keys`, hint: 'save or delete them first: joining would lose them' })
}

function findStrangers(running: ReadonlyMap<string, Running>): readonly Stranger[] {
  const known = new Set([...running.values()].map((one) => one.id))
  const found = new Map<string, { node: ClusterNode; listedBy: string[] }>()
  for (const one of running.values())
    for (const node of one.nodes) {
      if (known.has(node.id)) continue
      const stranger = found.get(node.id) ?? { node, listedBy: [] }
      stranger.listedBy.push(one.instance.name)
      found.set(node.id, stranger)
    }
  return [...found.values()]
}
