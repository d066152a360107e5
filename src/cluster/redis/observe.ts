import { Problem } from '../../problem/problem.ts'
import { type ClusterNode, parseClientAges, parseInfo, parseNodes } from './nodes.ts'
import { NothingListens, type Reach } from './reach.ts'
import { showRanges } from './slots.ts'
import type { Instance } from './topology.ts'

/** How one instance was found. */
export type Observed =
  | Running
  /** Nothing runs there and nothing of an earlier life is stored: it will be empty when it starts. */
  | { readonly kind: 'absent'; readonly instance: Instance }
  /** It should be there and does not answer. */
  | { readonly kind: 'silent'; readonly instance: Instance; readonly reason: string }

export interface Running {
  readonly kind: 'running'
  readonly instance: Instance
  readonly id: string
  readonly version: string
  /** How it sees the cluster; nodes that only shake hands are left out, their ids are not their own. */
  readonly nodes: readonly ClusterNode[]
  readonly self: ClusterNode
  /** `cluster_state` is ok. */
  readonly ok: boolean
  readonly epoch: number
  readonly keys: number
  /** Of a replica: the link to its master is up and the first copy is done. */
  readonly linkUp: boolean
  /** Milliseconds. */
  readonly nodeTimeout: number
  /** Seconds that the link to the master is old; of a master undefined. */
  readonly linkAge: number | undefined
}

/**
 * Asks one instance for all that plans need. `isFresh` tells, where nothing listens, whether the host has no data of it:
 * only then it may be planned as empty.
 */
export async function observe(reach: Reach, instance: Instance, isFresh: (instance: Instance) => Promise<boolean>): Promise<Observed> {
  try {
    return await observeRunning(reach, instance)
  } catch (thrown) {
    if (thrown instanceof NothingListens && (await isFresh(instance))) return { kind: 'absent', instance }
    if (thrown instanceof Problem && REFUSALS.has(thrown.code)) throw thrown
    return { kind: 'silent', instance, reason: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['redis-wrong-password', 'redis-not-a-cluster', 'redis-too-old'])

/** Of an instance that has to be there. */
export async function observeRunning(reach: Reach, instance: Instance): Promise<Running> {
  // One round trip: the commands travel together.
  const [infoText, nodesText, clusterText, timeout, clients] = await Promise.all([
    reach.ask(instance, 'INFO'), reach.ask(instance, 'CLUSTER', 'NODES').catch(ifNoCluster), reach.ask(instance, 'CLUSTER', 'INFO').catch(ifNoCluster),
    reach.ask(instance, 'CONFIG', 'GET', 'cluster-node-timeout'), reach.ask(instance, 'CLIENT', 'LIST', 'TYPE', 'master'),
  ])
  const info = parseInfo(infoText)
  refuseUnfit(instance, info)
  const cluster = parseInfo(clusterText)
  const all = parseNodes(nodesText)
  const self = all.find((node) => node.flags.has('myself'))
  if (!self) throw new Problem({ code: 'redis-silent', summary: 'Redis does not answer', detail: `${instance.name} does not list itself in CLUSTER NODES` })
  return {
    kind: 'running', instance, id: self.id, version: info.get('redis_version') ?? '', self,
    nodes: all.filter((node) => !node.flags.has('handshake')),
    ok: cluster.get('cluster_state') === 'ok',
    epoch: Number(cluster.get('cluster_my_epoch') ?? 0),
    keys: Number(/keys=(\d+)/.exec(info.get('db0') ?? '')?.[1] ?? 0),
    linkUp: info.get('role') === 'slave' && info.get('master_link_status') === 'up' && info.get('master_sync_in_progress') === '0',
    nodeTimeout: Number(timeout.split(',')[1] ?? 15_000),
    linkAge: self.role === 'replica' ? Math.max(0, ...parseClientAges(clients)) : undefined,
  }
}

const ifNoCluster = (thrown: unknown): string => {
  if (thrown instanceof Problem && thrown.message.includes('cluster support disabled')) return ''
  throw thrown
}

function refuseUnfit(instance: Instance, info: ReadonlyMap<string, string>): void {
  if (info.get('cluster_enabled') !== '1') throw new Problem({ code: 'redis-not-a-cluster', summary: 'An instance runs without cluster mode', detail: instance.name, hint: 'set cluster-enabled yes in its configuration and restart it' })
  const version = info.get('redis_version') ?? '0'
  if (Number(version.split('.')[0]) < 7) throw new Problem({ code: 'redis-too-old', summary: 'Redis 7.0 or newer is needed', detail: `${instance.name} runs ${version}` })
}

export const isRunning = (observed: Observed): observed is Running => observed.kind === 'running'

/** How a node sees who owns which slots and who follows whom, as one text: views agree where the texts are equal. */
export function viewOf(running: Running): string {
  return running.nodes
    .map((node) => (node.role === 'replica' ? `${node.id} follows ${node.master}` : `${node.id} owns ${showRanges(node.slots)}`))
    .sort().join('\n')
}
