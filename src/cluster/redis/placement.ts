import { chooseMasters } from './choose-masters.ts'
import { quorumLost, whyNotSeparable, type Wish } from './feasibility.ts'
import { type HostsOfShards, placeCopies } from './place-copies.ts'
import { type Instance, type Topology } from './topology.ts'

/** One shard as it stands: names of instances. Names that the topology does not know are not counted. */
export interface PresentShard {
  readonly copies: readonly string[]
  readonly master?: string
}

export interface PlacedShard {
  /** Counts from 1, in the order of the slots. */
  readonly shard: number
  readonly master: Instance
  readonly replicas: readonly Instance[]
}

export interface Placement {
  readonly shards: readonly PlacedShard[]
  /** Instances that nothing needs: they stay empty and outside the cluster. */
  readonly idle: readonly Instance[]
  /** Copies that have to be made on instances that do not hold the shard yet. */
  readonly newCopies: number
  /** Present masters that become replicas. */
  readonly roleChanges: number
  /** Whether a majority of masters is left after the loss of any one failure domain. False only where that was accepted. */
  readonly quorumSurvives: boolean
}

interface OnHosts {
  readonly copies: HostsOfShards
  readonly masters: readonly string[]
}

/**
 * Where the copies of every shard belong, and which is the master. Never two copies of a shard in one failure domain: what
 * cannot be done so is refused with the reason, as is a cluster that one domain can stop, unless the wish accepts it.
 * From `present` it goes the shortest way; without it the same topology always gives the same placement.
 */
export function placement(topology: Topology, wish: Wish, present: readonly PresentShard[] = []): Placement {
  const refused = whyNotSeparable(topology, wish)
  if (refused) throw refused
  const near = presentHosts(topology, wish, present)
  const quorum = solve(topology, wish, near, true)
  if (!quorum && !wish.acceptQuorumLoss) throw quorumLost(topology, wish)
  const { fresh, found } = quorum ?? solve(topology, wish, near, false)!
  const freshInstances = seat(topology, fresh, [], [])
  const seats = seat(topology, found, present, freshInstances)
  const shards = seats.map((own, shard): PlacedShard => {
    const master = own.find((instance) => instance.host === found.masters[shard])!
    return { shard: shard + 1, master, replicas: own.filter((instance) => instance !== master) }
  })
  const used = new Set(seats.flat())
  return {
    shards,
    idle: topology.instances.filter((instance) => !used.has(instance)),
    newCopies: seats.flatMap((own, shard) => own.filter((instance) => !present[shard]?.copies.includes(instance.name))).length,
    roleChanges: shards.filter(({ master }, shard) => present[shard]?.master !== undefined && present[shard].master !== master.name).length,
    quorumSurvives: quorum !== undefined,
  }
}

function solve(topology: Topology, wish: Wish, near: ReturnType<typeof presentHosts>, quorum: boolean): { fresh: OnHosts; found: OnHosts } | undefined {
  const copies = placeCopies(topology, wish, { copies: [], masters: [], fresh: [] }, quorum)
  if (!copies) return undefined
  const fresh = inOrder(topology, { copies, masters: chooseMasters(topology, wish, copies, [], [], quorum)! })
  const found = placeCopies(topology, wish, { ...near, fresh: fresh.copies }, quorum)!
  return { fresh, found: { copies: found, masters: chooseMasters(topology, wish, found, near.masters, fresh.masters, quorum)! } }
}

/** Numbers the shards of a new cluster so that the first masters of the hosts come first, in the order of the hosts. */
function inOrder(topology: Topology, { copies, masters }: OnHosts): OnHosts {
  const hosts = [...new Set(topology.instances.map((instance) => instance.host))]
  const key = (shard: number) => masters.slice(0, shard).filter((host) => host === masters[shard]).length * hosts.length + hosts.indexOf(masters[shard]!)
  const order = [...copies.keys()].sort((a, b) => key(a) - key(b))
  return { copies: order.map((shard) => copies[shard]!), masters: order.map((shard) => masters[shard]!) }
}

function presentHosts(topology: Topology, wish: Wish, present: readonly PresentShard[]) {
  const hostOf = new Map(topology.instances.map((instance) => [instance.name, instance.host]))
  const shards = Array.from({ length: wish.shards }, (_, shard) => present[shard] ?? { copies: [] })
  return {
    copies: shards.map(({ copies }) => copies.flatMap((name) => hostOf.get(name) ?? [])),
    masters: shards.map(({ master }) => (master === undefined ? undefined : hostOf.get(master))),
  }
}

/**
 * Instances for the copies: one that holds the shard already stays (the master first, where a host holds it twice); then the
 * seats of the fresh placement where they are free, then the first free port, empty instances before those that must be re-pointed.
 */
function seat(topology: Topology, { copies, masters }: OnHosts, present: readonly PresentShard[], fresh: readonly (readonly Instance[])[]): readonly (readonly Instance[])[] {
  const taken = new Set<Instance>()
  const seats = copies.map((): Instance[] => [])
  const busy = new Set(present.flatMap((shard) => shard.copies))
  const pass = (choose: (shard: number, own: readonly Instance[]) => Instance | undefined, mastersOnly = false) => {
    for (const [shard, hosts] of copies.entries())
      for (const host of hosts) {
        if (seats[shard]!.some((instance) => instance.host === host) || (mastersOnly && masters[shard] !== host)) continue
        const found = choose(shard, topology.instancesOf(host).filter((instance) => !taken.has(instance)))
        if (found) seats[shard]!.push(found)
        if (found) taken.add(found)
      }
  }
  pass((shard, own) => own.find((instance) => instance.name === present[shard]?.master))
  pass((shard, own) => own.find((instance) => present[shard]?.copies.includes(instance.name)))
  pass((shard, own) => own.find((instance) => fresh[shard]?.includes(instance) && !busy.has(instance.name)))
  for (const mastersOnly of [true, false]) {
    pass((_, own) => own.find((instance) => !busy.has(instance.name)), mastersOnly)
    pass((_, own) => own[0], mastersOnly)
  }
  return seats
}

