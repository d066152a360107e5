import { Problem } from '../../problem/problem.ts'
import { copiesPerShard, type Wish } from './feasibility.ts'
import type { ClusterNode } from './nodes.ts'
import { isRunning, type Observed, type Running, viewOf } from './observe.ts'
import type { Operation } from './operations.ts'
import { type Placement, placement } from './placement.ts'
import { type Present, presentCluster, type Stranger } from './present.ts'
import { reseat } from './reseat.ts'
import { type Instance, topology } from './topology.ts'

export interface ClusterWish extends Wish {
  /** The levels that count, outermost first; see `topology`. */
  readonly failureDomain: readonly string[]
  /** What to take out of the cluster: names of instances or hosts, `address:port`, or node ids. Nothing else is ever taken out. */
  readonly remove: readonly string[]
}

export interface ClusterPlan {
  readonly operations: readonly Operation[]
  readonly placement: Placement
  readonly present: Present
}

/**
 * From what was observed to the ordered operations that lead to the wanted cluster: none where it is there already. Pure, and
 * right at every point of an interrupted run, because it looks only at what is. Refuses what it must not touch, with the reason.
 */
export function planOperations(instances: readonly Instance[], wish: ClusterWish, observed: readonly Observed[]): ClusterPlan {
  const staying = instances.filter((instance) => !isNamed(wish.remove, instance))
  const tree = topology(staying, wish.failureDomain)
  const leaving = observed.filter(({ instance }) => isNamed(wish.remove, instance) || !instances.includes(instance))
  refuseSilent(observed.filter((one) => !leaving.includes(one)))
  refusePending(observed.filter(isRunning))
  const present = presentCluster(observed, wish.shards)
  const placed = placement(tree, wish, present.shards)
  const gone = strangersToForget(present, instances, wish.remove)
  const members = memberNames(placed, present, new Set(staying.map((instance) => instance.name)))
  const start = [...slotOperations(placed, present), ...epochOperations(placed, present), ...meetOperations(members, present)]
  const moves = reseat({ placed, present, leaving: leaving.map((one) => one.instance.name).filter((name) => isInside(name, present)), copies: copiesPerShard(wish) })
  const dead = gone.map(({ node, listedBy }, index) => forget(node.id, nameOf(gone[index]!, instances), listedBy))
  const work = [...dead, ...start, ...moves.operations, ...moves.reset.flatMap((name): Operation[] => [{ does: 'reset', instance: name }, forget(present.running.get(name)!.id, name, members)])]
  const operations = work.length > 0 || !isHealthy(members, present) ? [...work, healthy(placed)] : []
  return { operations, placement: placed, present }
}

const healthy = (placed: Placement): Operation => ({
  does: 'wait-healthy', seats: placed.shards.map(({ shard, master, replicas }) => ({ shard, master: master.name, replicas: replicas.map((replica) => replica.name) })),
})

/** Whether a name of `remove` means the instance. */
export const isNamed = (names: readonly string[], { name, host, address, port }: Instance): boolean => [name, host, `${address}:${port}`].some((own) => names.includes(own))
/** Whether a name of `remove` means a node that the inventory does not know. */
export const isNamedNode = (names: readonly string[], { node }: Stranger): boolean => [node.id, `${node.address}:${node.port}`, node.address].some((own) => names.includes(own))

function refuseSilent(observed: readonly Observed[]): void {
  const silent = observed.filter((one) => one.kind === 'silent')
  if (silent.length > 0)
    throw new Problem({
      code: 'redis-instance-silent', summary: 'An instance that belongs to the cluster does not answer', detail: silent.map((one) => `${one.instance.name}: ${one.reason}`).join('; '),
      hint: `bring it back, or name it in remove to take it out: ${silent.map((one) => one.instance.name).join(', ')}`,
    })
}

/** A replica whose master is gone is about to take over: what belongs where is known when it has. */
function refusePending(running: readonly Running[]): void {
  const [waiting] = orphans(running)
  if (waiting)
    throw new Problem({ code: 'redis-failover-pending', summary: 'A failover is going on', detail: `the master of ${waiting.instance.name} is gone, and it has not taken over yet`, hint: 'wait until it has; without a majority of masters it never will, and only CLUSTER FAILOVER TAKEOVER helps' })
}

/** Replicas of masters that own slots and are gone for good: not one of ours, and dead in the replica's eyes. */
export function orphans(running: readonly Running[]): readonly Running[] {
  const ids = new Set(running.map(({ id }) => id))
  return running.filter(({ self, nodes }) => nodes.some((node) => node.id === self.master && !ids.has(node.id) && node.slots.length > 0 && isDead(node)))
}

const isDead = (node: ClusterNode): boolean => !node.connected || ['fail', 'fail?', 'noaddr'].some((flag) => node.flags.has(flag))

/** Nodes to be forgotten: named in `remove`, or dead forerunners of an instance that was made anew. Any other stranger is refused. */
function strangersToForget(present: Present, instances: readonly Instance[], remove: readonly string[]): readonly Stranger[] {
  // Redis takes the address away from a node when another one answers there.
  const isForerunner = ({ node }: Stranger) => node.flags.has('noaddr') || [...present.running.values()].some((one) => one.instance.address === node.address && one.instance.port === node.port)
  const gone = present.strangers.filter((stranger) => isNamedNode(remove, stranger) || isForerunner(stranger) || instances.some((own) => isAt(own, stranger) && isNamed(remove, own)))
  const foreign = present.strangers.filter((stranger) => !gone.includes(stranger))
  const show = (strangers: readonly Stranger[]) => strangers.map(({ node }) => `${node.address || '(no address)'}:${node.port} (${node.id.slice(0, 8)})`).join(', ')
  if (foreign.length > 0)
    throw new Problem({
      code: 'redis-foreign-nodes', summary: 'The cluster has members that the inventory does not name', detail: show(foreign),
      hint: 'add them to the inventory, or name them in remove: nothing is taken out of a cluster only because it left the inventory',
    })
  const owning = gone.filter(({ node }) => node.role === 'master' && node.slots.length > 0)
  if (owning.length > 0)
    throw new Problem({
      code: 'redis-lost-shard', summary: 'A node that is gone still owns slots', detail: show(owning),
      hint: 'bring one copy of its shard back, or wait until a replica has taken over; what no copy holds is lost, and only you can decide that it is',
    })
  return gone
}

const isAt = (instance: Instance, { node }: Stranger): boolean => instance.address === node.address && instance.port === node.port
const nameOf = (stranger: Stranger, instances: readonly Instance[]): string => instances.find((one) => isAt(one, stranger))?.name ?? `${stranger.node.address}:${stranger.node.port}`
const forget = (id: string, name: string, by: readonly string[]): Operation => ({ does: 'forget', id, name, by })

/** Who has a seat, and who is in the cluster already and stays. Sorted as the inventory is. */
function memberNames(placed: Placement, present: Present, staying: ReadonlySet<string>): readonly string[] {
  const seats = placed.shards.flatMap(({ master, replicas }) => [master, ...replicas]).map((instance) => instance.name)
  const inside = placed.idle.map((instance) => instance.name).filter((name) => isInside(name, present))
  return [...new Set([...seats, ...inside])].filter((name) => staying.has(name)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}
const isInside = (name: string, present: Present): boolean => (present.running.get(name)?.nodes.length ?? 0) > 1

function slotOperations(placed: Placement, present: Present): readonly Operation[] {
  return placed.shards.flatMap(({ shard, master }): Operation[] => {
    const now = present.shards[shard - 1]!
    return now.master === undefined ? [{ does: 'assign-slots', instance: master.name, shard, ranges: now.ranges }] : []
  })
}

/** Distinct epochs spare new masters the collisions that Redis would solve one by one. Only a node that is alone takes one. */
function epochOperations(placed: Placement, present: Present): readonly Operation[] {
  return placed.shards.flatMap(({ shard, master }): Operation[] => {
    const now = present.running.get(present.shards[shard - 1]!.master ?? master.name)
    return now === undefined || (now.nodes.length === 1 && now.epoch === 0) ? [{ does: 'set-epoch', instance: now?.instance.name ?? master.name, epoch: shard }] : []
  })
}

/** One member that knows most meets all that it does not know; the rest is gossip. */
function meetOperations(members: readonly string[], present: Present): readonly Operation[] {
  const knows = (name: string) => new Set(present.running.get(name)?.nodes.map((node) => node.id))
  const hub = members.reduce((best, name) => (knows(name).size > knows(best).size ? name : best), members[0]!)
  const id = (name: string) => present.running.get(name)?.id
  const unknown = members.filter((name) => name !== hub && (id(name) === undefined || !knows(hub).has(id(name)!)))
  const complete = members.every((name) => members.every((other) => id(other) !== undefined && knows(name).has(id(other)!)))
  return [...unknown.map((to): Operation => ({ does: 'meet', from: hub, to })), ...(complete ? [] : [{ does: 'wait-known', instances: members } as const])]
}

/** Nothing to wait for: every member is fine and sees the same, and every replica is in sync. */
export function isHealthy(members: readonly string[], present: Present): boolean {
  const running = members.map((name) => present.running.get(name)).filter((one): one is Running => one !== undefined)
  const views = new Set(running.map(viewOf))
  return running.length === members.length && views.size === 1 && running.every((one) => one.ok && (one.self.role === 'master' || one.linkUp))
}
