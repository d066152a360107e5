import { copiesPerShard, quorumCap, type Wish } from './feasibility.ts'
import { MinCostFlow } from './min-cost-flow.ts'
import { domainsOf, type HostsOfShards } from './place-copies.ts'
import type { Domain, Topology } from './topology.ts'

/**
 * Chooses one copy of each shard as its master: at most `quorumCap` per separation domain where `quorum` asks for it; then at
 * every level the floor or ceiling of a domain's fair part (its copies divided by copies per shard), which integrality of flows
 * makes possible at all levels at once; then as few role changes as possible; then as in `fresh`. Undefined where the cap cannot be kept.
 */
export function chooseMasters(topology: Topology, wish: Wish, hosts: HostsOfShards, present: readonly (string | undefined)[], fresh: readonly (string | undefined)[], quorum: boolean): readonly string[] | undefined {
  const change = wish.shards + 1
  const unbalanced = change * change + change
  const flow = new MinCostFlow()
  const [source, sink] = [flow.node(), flow.node()]
  const nodes = new Map<Domain, number>()
  for (const domain of topology.domains) {
    const node = flow.node()
    nodes.set(domain, node)
    const cap = quorum && !domain.parent ? quorumCap(wish.shards) : Infinity
    addFairArcs(flow, node, domain.parent ? nodes.get(domain.parent)! : sink, fairPart(topology, domain, hosts, wish), Math.min(cap, wish.shards), unbalanced)
  }
  const arcs: { shard: number; host: string; handle: number }[] = []
  for (const [shard, own] of hosts.entries()) {
    const from = flow.node()
    flow.arc(source, from, 1)
    for (const host of own) {
      const cost = (present[shard] === undefined || present[shard] === host ? 0 : change) + (fresh[shard] === host ? 0 : 1)
      arcs.push({ shard, host, handle: flow.arc(from, nodes.get(topology.hostDomain(host))!, 1, cost) })
    }
  }
  if (flow.send(source, sink, wish.shards).sent < wish.shards) return undefined
  return hosts.map((_, shard) => arcs.find((arc) => arc.shard === shard && flow.used(arc.handle) > 0)!.host)
}

const fairPart = (topology: Topology, domain: Domain, hosts: HostsOfShards, wish: Wish): number =>
  hosts.flat().filter((host) => domainsOf(topology, host).includes(domain)).length / copiesPerShard(wish)

/** Below the floor each master is wanted, above the ceiling each one is dear. */
function addFairArcs(flow: MinCostFlow, from: number, to: number, fair: number, cap: number, unbalanced: number): void {
  for (let unit = 0; unit < cap; unit++) flow.arc(from, to, 1, unit < Math.floor(fair) ? -unbalanced : unit < Math.ceil(fair) ? 0 : unbalanced)
}
