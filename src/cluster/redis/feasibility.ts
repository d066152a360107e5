import { Problem } from '../../problem/problem.ts'
import type { Domain, Topology } from './topology.ts'

/** What the user asks of a cluster. */
export interface Wish {
  readonly shards: number
  /** Copies of each shard besides its master. */
  readonly replicas: number
  /** Accept that losing one failure domain can stop the cluster because too few masters are left to vote. */
  readonly acceptQuorumLoss: boolean
}

/** Copies of a shard, the master among them. */
export const copiesPerShard = (wish: Wish): number => wish.replicas + 1
/** The most masters that one domain may hold so that the others are still a majority. */
export const quorumCap = (shards: number): number => Math.ceil(shards / 2) - 1
/** The domains that must not hold two copies of a shard. */
export const separationDomains = (topology: Topology): readonly Domain[] => topology.domains.filter((domain) => domain.level === topology.levels[0])

/**
 * Why no placement can hold the copies of every shard apart, or undefined where one can. Exact: copies in distinct domains
 * exist if and only if there are as many domains as copies and sum over domains of min(capacity, shards) reaches shards * copies.
 */
export function whyNotSeparable(topology: Topology, wish: Wish): Problem | undefined {
  const domains = separationDomains(topology)
  const level = topology.levels[0]!
  const copies = copiesPerShard(wish)
  const asked = `${count(wish.shards, 'shard')} with ${count(wish.replicas, 'replica')} each`
  if (domains.length < copies)
    return new Problem({
      code: 'redis-too-few-domains', summary: 'There are too few failure domains for the copies of a shard',
      detail: `${asked} need ${copies} ${level}s, there ${domains.length === 1 ? 'is' : 'are'} ${domains.length} (${domains.map((d) => d.id).join(', ')})`,
      hint: `add a ${level}, ask for fewer replicas, or name a smaller failure domain`,
    })
  const missing = wish.shards * copies - domains.reduce((sum, domain) => sum + Math.min(capacity(topology, domain), wish.shards), 0)
  if (missing <= 0) return undefined
  return new Problem({
    code: 'redis-capacity-short', summary: 'There are too few Redis instances to keep the copies of every shard apart',
    detail: `${asked} need ${wish.shards * copies} instances in different ${level}s, ${count(missing, 'instance')} short${uselessSurplus(topology, domains, wish.shards)}`,
    hint: `add ${count(missing, 'instance')} in ${level}s that hold fewer than ${wish.shards}`,
  })
}

/** Why losing one domain stops the cluster whatever the placement; used after the solver found that there is none. */
export function quorumLost(topology: Topology, wish: Wish): Problem {
  const domains = separationDomains(topology)
  const level = topology.levels[0]!
  const cap = quorumCap(wish.shards)
  const room = domains.reduce((sum, domain) => sum + Math.min(capacity(topology, domain), cap), 0)
  return new Problem({
    code: 'redis-quorum-cannot-survive', summary: 'The loss of one failure domain would leave too few masters to vote',
    detail: cap === 0
      ? `with ${count(wish.shards, 'shard')} every master is needed for a majority`
      : `of ${wish.shards} masters a ${level} may hold ${cap}, so ${count(domains.length, level)} hold ${room}`,
    hint: `${wish.shards < 3 ? 'use three shards or more' : `add a ${level}`}, or set accept_quorum_loss to accept it`,
  })
}

export const capacity = (topology: Topology, domain: Domain): number => domain.hosts.reduce((sum, host) => sum + topology.instancesOf(host).length, 0)

/** A domain can hold each shard once: what it has beyond that is of no use, and is often why the rest is short. */
function uselessSurplus(topology: Topology, domains: readonly Domain[], shards: number): string {
  const surplus = domains.filter((domain) => capacity(topology, domain) > shards)
  if (surplus.length === 0) return ''
  return `; ${surplus.map((domain) => `${domain.id} holds ${capacity(topology, domain)} of which only ${shards} are useful`).join(', ')}`
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
