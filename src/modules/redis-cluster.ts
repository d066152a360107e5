import { type Cluster, convergeCluster, observeCluster, planCluster } from '../cluster/redis/cluster.ts'
import { showOperations } from '../cluster/redis/operations.ts'
import type { ClusterPlan } from '../cluster/redis/plan-operations.ts'
import { type SeatRow, presentTable, showTable, wantedTable } from '../cluster/redis/table.ts'
import { defineModule, type Outputs, type TextDiff } from '../contract/define-module.ts'
import type { Acting } from '../host/act.ts'
import { act } from '../host/step.ts'
import { Problem } from '../problem/problem.ts'
import { flag, integer, list, type Params, text } from '../schema/field.ts'
import { dict, type Unknown, unknown } from '../value/value.ts'
import { withClusterLock } from './redis-lock.ts'
import { instanceParams, type Road, roadOf } from './redis-road.ts'

const params = {
  ...instanceParams,
  name: text('What the cluster is called, for its lock.', { default: 'redis' }),
  shards: integer('How many shards, which is how many masters.', { default: 3 }),
  replicas: integer('Copies of each shard besides its master.', { default: 1 }),
  failure_domain: list(text('A level.'), 'The level, or levels from the outermost in, that must never hold two copies of a shard: host, rack, zone, or any name that `domains` has.', { default: ['host'] }),
  accept_quorum_loss: flag('Accept that the loss of one failure domain can stop the cluster, where no placement can survive it.', { default: false }),
  remove: list(text('A name.'), 'What to take out of the cluster: `host:port`, a host, `address:port`, or a node id. Nothing else is ever taken out.', { default: [] }),
  settle_timeout: integer('Seconds that instances may take to start and nodes to agree.', { default: 30 }),
  sync_timeout: integer('Seconds that replicas may take to copy their data.', { default: 600 }),
} as const

interface State {
  /** Who sits where, with what is still to do to get there; unknown where an instance does not answer. */
  readonly seats: readonly SeatRow[] | Unknown
  readonly todo: readonly string[] | Unknown
  readonly plan: ClusterPlan | undefined
  readonly cluster: Cluster
  readonly road: Road
}

/** What a run may mend by waiting, or finds only when it is there: no reason for a dry run to call it a failure. */
const OPEN: ReadonlySet<string> = new Set(['redis-instance-silent', 'redis-unsettled', 'redis-failover-pending', 'redis-silent'])

export const redisCluster = defineModule({
  name: 'redis_cluster',
  summary: 'Keep a Redis Cluster whose masters and replicas never share a failure domain.',
  notes: [
    'Creates the cluster, takes in new instances, re-points replicas that share a domain with a copy of their shard, and gives roles back that a failover moved.',
    'Each instance is reached through the SSH connection of its own host. Run it once for the cluster (`run_once: true`).',
    'A dry run lists the numbered operations. An interrupted run is taken up where it stopped.',
    'A layout that puts two copies of a shard into one domain is refused, with the reason. So is the loss of the majority with one domain, unless `accept_quorum_loss` accepts it.',
    'It does not change the number of shards of a living cluster.',
  ],
  examples: `
- name: Three shards, each with a copy in another zone
  redis_cluster:
    instances:
      - { host: redis1, address: 192.0.2.11, port: 6379, domains: { zone: a } }
      - { host: redis2, address: 192.0.2.12, port: 6379, domains: { zone: b } }
      - { host: redis3, address: 192.0.2.13, port: 6379, domains: { zone: c } }
      - { host: redis4, address: 192.0.2.14, port: 6379, domains: { zone: a } }
      - { host: redis5, address: 192.0.2.15, port: 6379, domains: { zone: b } }
      - { host: redis6, address: 192.0.2.16, port: 6379, domains: { zone: c } }
    shards: 3
    replicas: 1
    failure_domain: zone
    password: "{{ redis_password }}"
  run_once: true
`,
  params,
  eager: false,
  async probe(_host, given, around): Promise<State> {
    const road = roadOf(given, around)
    const cluster = clusterOf(given, road)
    try {
      const plan = planCluster(cluster, await observeCluster(cluster, 5000))
      return { seats: presentTable(plan, cluster.instances, given.failure_domain), todo: showOperations(plan.operations), plan, cluster, road }
    } catch (thrown) {
      if (!(thrown instanceof Problem) || !OPEN.has(thrown.code)) throw thrown
      const open = unknown(thrown.message)
      return { seats: open, todo: open, plan: undefined, cluster, road }
    } finally {
      cluster.reach.close()
    }
  },
  plan({ failure_domain }, before): State {
    if (!before.plan) return { ...before, seats: unknown((before.seats as Unknown).reason), todo: [] }
    if (before.plan.operations.length === 0) return before
    return { ...before, seats: wantedTable(before.plan, before.cluster.instances, failure_domain), todo: [] }
  },
  *apply({ params: given, before }) {
    yield act('create or repair the Redis Cluster', (acting) => converge(given, before.road, acting))
  },
  diff: ({ before, after }): readonly TextDiff[] => [
    { header: { before: 'seats', after: 'seats' }, before: tableText(before.seats), after: tableText(after.seats) },
    ...(Array.isArray(before.todo) && before.todo.length > 0 ? [{ header: { before: 'operations', after: 'operations' }, before: '', after: `${before.todo.join('\n')}\n` }] : []),
  ],
  result({ params: given, after, replies, taken }) {
    const reached = taken ? (replies.at(-1)?.value as ClusterPlan | undefined) : undefined
    const rows = reached ? wantedTable(reached, after.cluster.instances, given.failure_domain) : after.seats
    return { outputs: { ...outputsOf(rows), operations: after.plan ? showOperations(after.plan.operations) : [], quorum_survives: (reached ?? after.plan)?.placement.quorumSurvives } }
  },
})

const tableText = (seats: State['seats']): string => (Array.isArray(seats) ? showTable(seats) : `(unknown: ${(seats as Unknown).reason})\n`)

function outputsOf(rows: State['seats']): Outputs {
  if (!Array.isArray(rows)) return { table: rows as Unknown, shards: rows as Unknown }
  const seats = rows as readonly SeatRow[]
  const shards = Map.groupBy(seats.filter((row) => row.shard !== undefined), (row) => row.shard!)
  return {
    table: showTable(seats),
    table_lines: showTable(seats).trimEnd().split('\n'),
    shards: [...shards].sort(([a], [b]) => a - b).map(([shard, own]) => dict({
      shard, slots: own[0]!.slots ?? null, master: own.find((row) => row.role === 'master')?.instance ?? null, replicas: own.filter((row) => row.role === 'replica').map((row) => row.instance),
    })),
  }
}

function clusterOf(given: Params<typeof params>, road: Road): Cluster {
  const { shards, replicas, accept_quorum_loss, failure_domain, remove } = given
  for (const [what, value, least] of [['shards', shards, 1], ['replicas', replicas, 0]] as const)
    if (value < least) throw new Problem({ code: 'redis-bad-wish', summary: 'A cluster needs at least one shard and no fewer than no replicas', detail: `${what} is ${value}` })
  return { reach: road.open(), instances: road.instances, isFresh: road.isFresh, wish: { shards, replicas, acceptQuorumLoss: accept_quorum_loss, failureDomain: failure_domain, remove } }
}

/** Under the lock everything is looked at again: what was planned may be done by now, or more may have come. */
async function converge(given: Params<typeof params>, road: Road, acting: Acting): Promise<ClusterPlan> {
  const cluster = clusterOf(given, road)
  try {
    return await withClusterLock(given.name, road, acting, (signal) =>
      convergeCluster(cluster, { progress: acting.progress, signal, settleDeadline: given.settle_timeout * 1000, syncDeadline: given.sync_timeout * 1000 }))
  } finally {
    cluster.reach.close()
  }
}
