import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../problem/problem.ts'
import { execute } from './execute.ts'
import { isRunning, observe, type Observed, type Running, viewOf } from './observe.ts'
import { type ClusterPlan, type ClusterWish, isNamedNode, orphans, planOperations } from './plan-operations.ts'
import { presentCluster } from './present.ts'
import type { Reach } from './reach.ts'
import type { Instance } from './topology.ts'

export interface Cluster {
  readonly reach: Reach
  readonly instances: readonly Instance[]
  readonly wish: ClusterWish
  /** Whether a host has no data of an instance that does not run; see `observe`. */
  readonly isFresh: (instance: Instance) => Promise<boolean>
}

/**
 * Looks at all instances, and at the members to be removed that only the cluster knows, until all that know each other agree:
 * after a failover, or when a host comes back, that takes a moment. Milliseconds.
 */
export async function observeCluster(cluster: Cluster, deadline: number, signal?: AbortSignal): Promise<readonly Observed[]> {
  const end = Date.now() + deadline
  for (;;) {
    const observed = await observeOnce(cluster)
    const dispute = findDispute(observed)
    if (dispute === undefined) return observed
    if (Date.now() > end) throw new Problem({ code: 'redis-unsettled', summary: 'The nodes of the cluster do not agree with each other', detail: dispute, hint: 'see that all nodes reach each other on their data and bus ports' })
    await sleep(250, undefined, signal ? { signal } : {})
  }
}

async function observeOnce({ reach, instances, wish, isFresh }: Cluster): Promise<readonly Observed[]> {
  const observed = await Promise.all(instances.map((instance) => observe(reach, instance, isFresh)))
  const guide = observed.find(isRunning)
  if (wish.remove.length === 0 || !guide) return observed
  const known = new Set(observed.filter(isRunning).map((one) => one.id))
  const leaving = new Map(observed.filter(isRunning).flatMap((one) => one.nodes).filter((node) => !known.has(node.id) && node.address !== '').map((node) => [node.id, node]))
  const named = [...leaving.values()].filter((node) => isNamedNode(wish.remove, { node, listedBy: [] }) && !instances.some((own) => own.address === node.address && own.port === node.port))
  // They are reached through a host that is in the inventory; dead ones stay strangers, to be forgotten.
  const more = await Promise.all(named.map(({ address, port, busPort }) => observe(reach, { name: `${address}:${port}`, host: guide.instance.host, address, port, busPort, domains: {} }, async () => false)))
  return [...observed, ...more.filter(isRunning)]
}

/** Two that know each other and see the cluster otherwise: what both list must be the same. */
function findDispute(observed: readonly Observed[]): string | undefined {
  const running = observed.filter(isRunning)
  for (const one of running)
    for (const other of running) {
      if (one.instance.name >= other.instance.name || !one.nodes.some((node) => node.id === other.id)) continue
      const shared = new Set(one.nodes.map((node) => node.id).filter((id) => other.nodes.some((node) => node.id === id)))
      const view = (of: typeof one) => viewOf({ ...of, nodes: of.nodes.filter((node) => shared.has(node.id)) })
      if (view(one) !== view(other)) return `${one.instance.name} and ${other.instance.name} see different owners`
    }
  return undefined
}

export const planCluster = ({ instances, wish }: Cluster, observed: readonly Observed[]): ClusterPlan => planOperations(instances, wish, observed)

export interface Converging {
  readonly progress: (text: string) => void
  readonly signal: AbortSignal
  /** Milliseconds that the nodes may take to agree, before and after; and that replicas may take to copy their data. */
  readonly settleDeadline: number
  readonly syncDeadline: number
  /** Called before an operation is done, and after; a test aborts there. */
  readonly onOperation?: (number: number, when: 'before' | 'after') => void
}

/** Looks, plans and does, until a plan is empty. What other rounds than the first find is the cluster's own doing, so there are few. */
export async function convergeCluster(cluster: Cluster, converging: Converging): Promise<ClusterPlan> {
  const { progress, signal, syncDeadline, onOperation } = converging
  for (let round = 1; ; round++) {
    const { observed, plan } = await planWhenSettled(cluster, converging)
    if (plan.operations.length === 0) return plan
    if (round === 4) throw new Problem({ code: 'redis-no-rest', summary: 'The cluster changes again and again', detail: 'three plans were carried out, and there still is something to do', hint: 'another controller, or a failing node, may be at work' })
    const present = presentCluster(observed, cluster.wish.shards)
    const seated = new Set(plan.placement.shards.flatMap(({ master, replicas }) => [master.name, ...replicas.map(({ name }) => name)]))
    const instances = [...new Set([...cluster.instances, ...observed.map((one) => one.instance)])].filter(({ name }) => seated.has(name) || present.running.has(name))
    await execute(plan.operations, { reach: cluster.reach, instances, progress, signal, syncDeadline, ...(onOperation ? { onOperation } : {}) })
  }
}

/** A failover that is going on ends by itself. */
async function planWhenSettled(cluster: Cluster, converging: Converging): Promise<{ readonly observed: readonly Observed[]; readonly plan: ClusterPlan }> {
  const end = Date.now() + converging.settleDeadline
  for (;;) {
    const observed = await waitForAll(cluster, converging)
    try {
      return { observed, plan: planCluster(cluster, observed) }
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.code !== 'redis-failover-pending' || Date.now() > end) throw thrown
      converging.progress(thrown.message)
      await promoteOrphans(cluster, observed.filter(isRunning))
      await sleep(500, undefined, { signal: converging.signal })
    }
  }
}

/**
 * A master that started anew with an empty disk before its death was noticed lost its address to its successor. Redis never calls
 * such a node failed, so nobody takes over by himself: one replica of each is told to. It is still elected by the majority.
 */
async function promoteOrphans({ reach }: Cluster, running: readonly Running[]): Promise<void> {
  const lost = orphans(running).filter(({ self, nodes }) => nodes.some((node) => node.id === self.master && node.flags.has('noaddr')))
  const first = [...Map.groupBy(lost, ({ self }) => self.master).values()].map(([one]) => one!)
  await Promise.all(first.map(({ instance }) => reach.ask(instance, 'CLUSTER', 'FAILOVER', 'FORCE')))
}

/** In a real run an instance that nothing listens for is being started, or is broken: it gets a moment to come. */
async function waitForAll(cluster: Cluster, { signal, settleDeadline, progress }: Converging): Promise<readonly Observed[]> {
  const end = Date.now() + settleDeadline
  for (;;) {
    const observed = await observeCluster(cluster, settleDeadline, signal)
    const missing = observed.find((one) => one.kind !== 'running')
    if (!missing || Date.now() > end) return observed.map((one) => (one.kind === 'absent' ? { kind: 'silent', instance: one.instance, reason: 'nothing listens there' } : one))
    progress(`waiting for ${missing.instance.name}`)
    await sleep(500, undefined, { signal })
  }
}
