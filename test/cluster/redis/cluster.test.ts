import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { type Cluster, convergeCluster, observeCluster, planCluster } from '../../../src/cluster/redis/cluster.ts'
import { showOperations } from '../../../src/cluster/redis/operations.ts'
import type { ClusterWish } from '../../../src/cluster/redis/plan-operations.ts'
import { Reach } from '../../../src/cluster/redis/reach.ts'
import type { Instance } from '../../../src/cluster/redis/topology.ts'
import { LocalServers, whyNoRedis } from './local-servers.ts'

const PASSWORD = 'a-long-password'
const wish: ClusterWish = { shards: 3, replicas: 1, acceptQuorumLoss: false, failureDomain: ['host'], remove: [] }

const closing: (() => unknown)[] = []
afterAll(() => Promise.all(closing.splice(0).reverse().map((close) => close())))

const missing = whyNoRedis()
// Side by side: most of the time is spent waiting for gossip.
describe.skipIf(missing).concurrent(`against redis-server${missing ? ` (${missing})` : ''}`, () => {
  test('creates the planned cluster, and the second run has nothing to do', async () => {
    const { cluster, instances } = await start(sixOnThree)
    const planned = planCluster(cluster, await observeCluster(cluster, 1000))
    expect(showOperations(planned.operations)[0]).toBe('1. give redis1:7000 the slots 0-5460 of shard 1')
    expect(planned.operations.map(({ does }) => does)).toEqual([
      ...Array(3).fill('assign-slots'), ...Array(3).fill('set-epoch'), ...Array(5).fill('meet'), 'wait-known', ...Array(3).fill('replicate'), 'wait-healthy',
    ])
    const empty = planCluster({ ...cluster, reach: reachOf(serversOn(250)) }, instances.map((instance) => ({ kind: 'absent', instance })))
    expect(showOperations(empty.operations)).toEqual(showOperations(planned.operations))
    await converge(cluster)
    expect(await seats(cluster)).toEqual(planned.placement.shards.map(({ master, replicas }) => [master.name, ...replicas.map((r) => r.name)]))
    expect(planCluster(cluster, await observeCluster(cluster, 1000)).operations).toEqual([])
  })

  test('killed before and after every operation, it ends as the same cluster', async () => {
    const { cluster } = await start(sixOnThree)
    const planned = planCluster(cluster, await observeCluster(cluster, 1000))
    const wanted = planned.placement.shards.map(({ master, replicas }) => [master.name, ...replicas.map((r) => r.name)])
    const kills = planned.operations.flatMap((_, index) => (['before', 'after'] as const).map((when) => ({ number: index + 1, when })))
    expect(kills).toHaveLength(32)
    await Promise.all(Array.from({ length: 8 }, (_, lane) => killAll(kills.filter((_, i) => i % 8 === lane), 40 + lane, wanted)))
  }, 120_000)

  test('killed after every operation of one and the same creation', async () => {
    const { cluster } = await start(sixOnThree)
    const { operations } = planCluster(cluster, await observeCluster(cluster, 1000))
    for (let kills = 0; kills < operations.length; kills++) await converge(cluster, killAt(1, 'after')).catch((thrown: unknown) => expect(String(thrown)).toContain('killed'))
    await converge(cluster)
    expect((await seats(cluster)).map((shard) => shard.length)).toEqual([2, 2, 2])
  }, 60_000)

  test('puts the roles back after a host was away', async () => {
    const { cluster, servers, instances } = await start(sixOnThree)
    await converge(cluster)
    const planned = await seats(cluster)
    const host = instances.filter((instance) => instance.host === 'redis1')
    await servers.kill(...host)
    await promoted(cluster, 'redis1')
    expect(await mastersOf(cluster, 'redis1')).toContain('redis2')
    await expect(async () => planCluster(cluster, await observeCluster(cluster, 5000))).rejects.toThrow(/redis1:7000/)
    await servers.start(...host)
    await converge(cluster)
    expect(await seats(cluster)).toEqual(planned)
    expect(planCluster(cluster, await observeCluster(cluster, 5000)).operations).toEqual([])
  }, 60_000)

  test('a host with a fresh disk takes its place again, and its former selves are forgotten', async () => {
    const { cluster, servers, instances } = await start(sixOnThree)
    await converge(cluster)
    const planned = await seats(cluster)
    const host = instances.filter((instance) => instance.host === 'redis2')
    await servers.kill(...host)
    // Before its replicas took over: the plan waits for them.
    servers.clean(...host)
    await servers.start(...host)
    await converge(cluster)
    expect(await seats(cluster)).toEqual(planned)
    for (const one of instances) expect((await cluster.reach.ask(one, 'CLUSTER', 'NODES')).trim().split('\n')).toHaveLength(6)
  }, 60_000)

  test('writes that were acknowledged survive a coordinated failover', async () => {
    const { cluster, instances } = await start(sixOnThree)
    await converge(cluster)
    const shard = (await seats(cluster))[0]!
    const find = (name: string) => instances.find((instance) => instance.name === name)!
    // A key of shard 1: the CRC16 of foo{b} is below 5461.
    const reach = reachOf(cluster)
    let acknowledged = 0
    let stop = false
    const writer = (async () => {
      while (!stop) {
        for (const name of shard) await reach.ask(find(name), 'SET', '{b}counter', acknowledged + 1).then(() => acknowledged++, () => undefined)
      }
    })()
    await sleep(4200)
    await reach.ask(find(shard[1]!), 'CLUSTER', 'FAILOVER')
    await eventually(() => reach.ask(find(shard[1]!), 'ROLE').then((role) => role.startsWith('master')))
    await converge(cluster)
    stop = true
    await writer
    expect(acknowledged).toBeGreaterThan(100)
    expect(await reach.ask(find(shard[0]!), 'GET', '{b}counter')).toBe(String(acknowledged))
    expect((await seats(cluster))[0]).toEqual(shard)
  }, 60_000)

  test('re-points replicas that share a domain with their master, and takes in new instances', async () => {
    const servers = serversOn(30)
    const old = [1, 2, 3, 4, 5, 6].map((host) => servers.instance(host, 7000, { zone: `z${(host + 1) >> 1}` }))
    await servers.start(...old)
    // By host it is fine; by zone it is not: the zones of masters and replicas are as the hosts fell.
    const byHost = clusterOf(servers, old, { ...wish })
    await converge(byHost)
    const byZone = { ...byHost, wish: { ...wish, failureDomain: ['zone'] } }
    await converge(byZone)
    const zone = (name: string) => old.find((instance) => instance.name === name)!.domains['zone']
    const after = await seats(byZone)
    for (const shard of after) expect(new Set(shard.map(zone)).size).toBe(2)
    expect(new Set(after.map(([master]) => zone(master!))).size).toBe(3)
    const more = [7, 8, 9].map((host) => servers.instance(host, 7000, { zone: `z${host - 6}` }))
    await servers.start(...more)
    const bigger = clusterOf(servers, [...old, ...more], { ...wish, replicas: 2, failureDomain: ['zone'] })
    await converge(bigger)
    for (const shard of await seats(bigger)) expect(shard.map((name) => [...old, ...more].find((i) => i.name === name)!.domains['zone']).sort()).toEqual(['z1', 'z2', 'z3'])
  }, 90_000)

  test('takes out only what is named, and refuses what it does not know', async () => {
    const servers = serversOn(31)
    const all = [1, 2, 3, 4].flatMap((host) => [7000, 7003].map((port) => servers.instance(host, port)))
    await servers.start(...all)
    const first = all.filter(({ host }) => host !== 'redis4')
    await converge(clusterOf(servers, first, wish))
    const second = all.filter(({ host }) => host !== 'redis1')
    const without = clusterOf(servers, second, wish)
    await expect(observeCluster(without, 1000).then((observed) => planCluster(without, observed))).rejects.toThrow(/members that the inventory does not name/)
    const removing = clusterOf(servers, second, { ...wish, remove: first.filter(({ host }) => host === 'redis1').map(({ address, port }) => `${address}:${port}`) })
    await converge(removing)
    expect((await seats(removing)).flat().sort()).toEqual(second.map(({ name }) => name))
    expect(planCluster(removing, await observeCluster(removing, 1000)).operations).toEqual([])
    for (const one of first.filter(({ host }) => host === 'redis1')) expect(await reachOf(servers).ask(one, 'CLUSTER', 'NODES')).not.toContain('7003@17003 slave')
  }, 90_000)

  test('refuses keys that joining would lose, and instances without cluster mode', async () => {
    const { cluster, instances } = await start(sixOnThree)
    const reach = reachOf(cluster)
    await reach.ask(instances[0]!, 'CLUSTER', 'ADDSLOTSRANGE', 0, 16383)
    await eventually(() => reach.ask(instances[0]!, 'SET', 'a', 1).then((reply) => reply === 'OK', () => false))
    await expect(observeCluster(cluster, 1000).then((observed) => planCluster(cluster, observed))).rejects.toThrow(/it has 1, 3 are wanted/)
    await reach.ask(instances[0]!, 'CLUSTER', 'DELSLOTSRANGE', 0, 16383)
    await expect(observeCluster(cluster, 1000).then((observed) => planCluster(cluster, observed))).rejects.toThrow(/redis1:7000 holds 1 keys/)
  }, 30_000)

  test('says which instance wants another password', async () => {
    const { cluster, servers } = await start(sixOnThree)
    const reach = new Reach({ dial: servers.dial, passwords: ['wrong'], timeout: 1000 })
    closing.push(() => reach.close())
    await expect(observeCluster({ ...cluster, reach }, 500)).rejects.toThrow(/does not take the password: redis\d:\d+/)
  })
})

let network = 1
const serversOn = (number: number): LocalServers => {
  const servers = new LocalServers(number, ['--requirepass', PASSWORD, '--masterauth', PASSWORD])
  closing.push(() => servers.close())
  return servers
}
function reachOf(from: LocalServers | Cluster): Reach {
  if (!(from instanceof LocalServers)) return from.reach
  const reach = new Reach({ dial: from.dial, passwords: [PASSWORD], timeout: 2000 })
  closing.push(() => reach.close())
  return reach
}
const clusterOf = (servers: LocalServers, instances: readonly Instance[], wanted: ClusterWish): Cluster => ({ reach: reachOf(servers), instances, wish: wanted, isFresh: async () => false })
const sixOnThree = (servers: LocalServers) => [1, 2, 3].flatMap((host) => [7000, 7003].map((port) => servers.instance(host, port)))

async function start(layout: (servers: LocalServers) => Instance[], number = ++network) {
  const servers = serversOn(number)
  const instances = layout(servers)
  await servers.start(...instances)
  return { servers, instances, cluster: clusterOf(servers, instances, wish) }
}

const converge = (cluster: Cluster, onOperation?: (number: number, when: 'before' | 'after') => void) =>
  convergeCluster(cluster, { progress: () => {}, signal: AbortSignal.timeout(50_000), settleDeadline: 10_000, syncDeadline: 30_000, ...(onOperation ? { onOperation } : {}) })

const killAt = (number: number, when: string) => (atNumber: number, atWhen: string): void => {
  if (atNumber === number && atWhen === when) throw new Error('killed')
}

async function seats(cluster: Cluster): Promise<string[][]> {
  const { present } = planCluster(cluster, await observeCluster(cluster, 5000))
  return present.shards.map(({ master, copies }) => [master!, ...copies.filter((name) => name !== master)])
}

/** The hosts of the masters that own slots, in the eyes of somebody else than the one that was killed. */
async function mastersOf(cluster: Cluster, killed: string): Promise<readonly string[]> {
  const text = await cluster.reach.ask(cluster.instances.find((instance) => instance.host !== killed)!, 'CLUSTER', 'NODES').catch(() => '')
  const owners = text.split('\n').filter((line) => line.includes('master') && /\d+-\d+$/.test(line))
  return owners.map((line) => cluster.instances.find(({ address, port }) => line.includes(` ${address}:${port}@`))?.host ?? '?')
}

const promoted = (cluster: Cluster, killed: string) => eventually(async () => { const hosts = await mastersOf(cluster, killed); return hosts.length === 3 && !hosts.includes(killed) })

/** `expect.poll` knows its test only in tests that run alone. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 150; i++) {
    if (await isSo()) return
    await sleep(100)
  }
  throw new Error('it never was so')
}

async function killAll(kills: readonly { number: number; when: 'before' | 'after' }[], number: number, wanted: readonly (readonly string[])[]): Promise<void> {
  const servers = serversOn(number)
  const instances = sixOnThree(servers)
  for (const kill of kills) {
    await servers.start(...instances)
    const cluster = clusterOf(servers, instances, wish)
    await expect(converge(cluster, killAt(kill.number, kill.when))).rejects.toThrow('killed')
    await converge(cluster)
    expect({ kill, seats: await seats(cluster) }).toEqual({ kill, seats: wanted })
    cluster.reach.close()
    await servers.kill(...instances)
    servers.clean(...instances)
  }
}
