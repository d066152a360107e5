import { copiesPerShard, quorumCap, separationDomains, type Wish } from './feasibility.ts'
import { MinCostFlow } from './min-cost-flow.ts'
import { type Domain, type Topology, lineage } from './topology.ts'

/** For each shard the hosts that hold a copy of it. */
export type HostsOfShards = readonly (readonly string[])[]

/** What the placement should stay near to, by shard. */
export interface Near {
  readonly copies: HostsOfShards
  readonly masters: readonly (string | undefined)[]
  /** The placement of the same cluster from nothing: the last tie-break, so that an interrupted creation ends where it began. */
  readonly fresh: HostsOfShards
}

/** "Not in this domain": a branch of the search. */
interface Ban {
  readonly shard: number
  readonly domain: Domain
}

/**
 * Chooses hosts for the copies: never two of a shard in one separation domain; then as few new copies as possible; then as few
 * masters as possible that lose their place; then even loads at every level. With `quorum` only placements whose masters can be
 * spread so that the loss of a domain leaves a majority. Undefined where there is none.
 */
export function placeCopies(topology: Topology, wish: Wish, near: Near, quorum: boolean): HostsOfShards | undefined {
  const open = [attempt(topology, wish, near, quorum, [])]
  for (;;) {
    // Cheapest first; among equals the oldest, to be the same every time.
    const best = open.reduce((a, b) => (b && (!a || b.cost < a.cost) ? b : a), undefined)
    if (!best) return undefined
    const pair = quorum ? crowdedPair(topology, wish, best.hosts) : undefined
    if (!pair) return best.hosts
    open.splice(open.indexOf(best), 1)
    for (const shard of pair.shards) for (const domain of pair.domains) open.push(attempt(topology, wish, near, quorum, [...best.bans, { shard, domain }]))
  }
}

/**
 * Two domains that alone hold more shards than they may have masters. The flow already sees to it that all domains together
 * have room for all masters; with that, Hall's condition can only fail for an even number of shards with two copies each
 * (three domains always have room for all but the case the flow excludes). One of the shards must leave one of the two.
 */
function crowdedPair(topology: Topology, wish: Wish, hosts: HostsOfShards): { shards: number[]; domains: Domain[] } | undefined {
  if (copiesPerShard(wish) !== 2) return undefined
  const pairs = Map.groupBy(hosts.keys(), (shard) => hosts[shard]!.map((host) => topology.separation(host).id).sort().join(' '))
  for (const shards of pairs.values())
    if (shards.length > 2 * quorumCap(wish.shards)) return { shards, domains: hosts[shards[0]!]!.map((host) => topology.separation(host)) }
  return undefined
}

function attempt(topology: Topology, wish: Wish, near: Near, quorum: boolean, bans: readonly Ban[]) {
  const copies = copiesPerShard(wish)
  const price = prices(topology, wish)
  const flow = new MinCostFlow()
  const [source, sink] = [flow.node(), flow.node()]
  const exits = quorum ? quorumExits(flow, wish, sink) : undefined
  const nodes = new Map<Domain, number>()
  for (const domain of topology.domains) {
    const node = flow.node()
    nodes.set(domain, node)
    const size = domain.hosts.reduce((sum, host) => sum + topology.instancesOf(host).length, 0)
    // A unit costs more the fuller the domain is: even loads are the cheapest.
    for (let unit = 0; unit < Math.min(size, wish.shards * domain.hosts.length); unit++)
      flow.arc(node, domain.parent ? nodes.get(domain.parent)! : (exits?.(unit) ?? sink), 1, price.load * (2 * unit + 1))
  }
  const arcs: { shard: number; host: string; handle: number }[] = []
  for (let shard = 0; shard < wish.shards; shard++) {
    const from = flow.node()
    flow.arc(source, from, copies)
    for (const domain of separationDomains(topology)) {
      if (bans.some((ban) => ban.shard === shard && ban.domain === domain)) continue
      const gate = flow.node()
      flow.arc(from, gate, 1)
      for (const host of domain.hosts) arcs.push({ shard, host, handle: flow.arc(gate, nodes.get(topology.hostDomain(host))!, 1, copyPrice(price, near, shard, host)) })
    }
  }
  const { sent, cost } = flow.send(source, sink, wish.shards * copies)
  if (sent < wish.shards * copies) return undefined
  const hosts = Array.from({ length: wish.shards }, (_, shard) => arcs.filter((arc) => arc.shard === shard && flow.used(arc.handle) > 0).map((arc) => arc.host))
  return { hosts, cost, bans }
}

/**
 * All domains together must have room for every master, at most `quorumCap` each: so the copies beyond that number in their
 * domain are at most all copies less one per shard. They leave through a gate of that width.
 */
function quorumExits(flow: MinCostFlow, wish: Wish, sink: number): (unit: number) => number {
  const beyond = flow.node()
  flow.arc(beyond, sink, wish.shards * copiesPerShard(wish) - wish.shards)
  return (unit) => (unit < quorumCap(wish.shards) ? sink : beyond)
}

/** Each price outweighs everything below it. */
function prices(topology: Topology, wish: Wish) {
  const total = wish.shards * copiesPerShard(wish)
  const load = total + 1
  const master = load * topology.levels.length * total ** 2 + load
  return { stray: 1, load, master, move: master * (wish.shards + 1) }
}

function copyPrice(price: ReturnType<typeof prices>, near: Near, shard: number, host: string): number {
  const stray = near.fresh[shard]?.includes(host) ? 0 : price.stray
  if (near.masters[shard] === host) return stray - price.master
  return near.copies[shard]?.includes(host) ? stray : stray + price.move
}

/** The domains around a host, innermost first. */
export const domainsOf = (topology: Topology, host: string): readonly Domain[] => lineage(topology.hostDomain(host))
