import { afterAll, describe, expect, test } from 'vitest'
import { convergeCluster } from '../../../src/cluster/redis/cluster.ts'
import { Reach } from '../../../src/cluster/redis/reach.ts'
import { rollOut } from '../../../src/cluster/redis/roll-out.ts'
import { LocalServers, whyNoRedis } from './local-servers.ts'

const missing = whyNoRedis()
describe.skipIf(missing)(`settings of a running cluster${missing ? ` (${missing})` : ''}`, () => {
  const servers = new LocalServers(61)
  const instances = [1, 2, 3].flatMap((host) => [7000, 7003].map((port) => servers.instance(host, port)))
  const reach = new Reach({ dial: servers.dial, passwords: [], timeout: 2000 })
  const said: string[] = []
  const rolling = {
    reach, instances, signal: AbortSignal.timeout(60_000), syncDeadline: 20_000, progress: (text: string) => void said.push(text),
    restart: async (name: string) => {
      const instance = instances.find((one) => one.name === name)!
      await servers.kill(instance)
      await servers.start(instance)
    },
  }
  afterAll(async () => {
    reach.close()
    await servers.close()
  })

  test('are set live, and restart one at a time with a handover of masters', async () => {
    await servers.start(...instances)
    await convergeCluster({ reach, instances, isFresh: async () => false, wish: { shards: 3, replicas: 1, acceptQuorumLoss: false, failureDomain: ['host'], remove: [] } }, { ...rolling, settleDeadline: 10_000 })
    said.length = 0
    await rollOut(new Map(instances.map(({ name }) => [name, [{ setting: 'maxmemory', running: '0', wanted: '100mb' }]])), rolling)
    expect(said).toHaveLength(6)
    expect(await reach.ask(instances[5]!, 'CONFIG', 'GET', 'maxmemory')).toBe('maxmemory,104857600')
    // Replicas are on 7003: they come first.
    expect(said.map((text) => /:(\d+):/.exec(text)![1])).toEqual(['7003', '7003', '7003', '7000', '7000', '7000'])
    said.length = 0
    await rollOut(new Map([instances[0]!, instances[1]!].map(({ name }) => [name, [{ setting: 'tcp-backlog', running: '511', wanted: '512' }]])), rolling)
    expect(said.filter((text) => /^redis1:\d+: (restart|hand|take)/.test(text))).toEqual(['redis1:7003: restart', expect.stringMatching(/^redis1:7000: hand shard 1 over to redis[23]:7003$/), 'redis1:7000: restart', expect.stringMatching(/^redis1:7000: take shard 1 back from redis[23]:7003$/)])
  }, 60_000)

  test('stop where the cluster is not whole', async () => {
    await servers.kill(instances[2]!)
    await expect.poll(() => reach.ask(instances[0]!, 'CLUSTER', 'NODES').then((text) => /:7000@17000 \S*fail /.test(text)), { timeout: 10_000 }).toBe(true)
    const left = { ...rolling, instances: instances.filter((one) => one !== instances[2]) }
    await expect(rollOut(new Map([[instances[0]!.name, [{ setting: 'maxmemory', running: '0', wanted: '1mb' }]]]), left)).rejects.toThrow(/not whole.*before redis1:7000: 127\.61\.1\.2:7000 is seen as failed/)
    expect(await reach.ask(instances[0]!, 'CONFIG', 'GET', 'maxmemory')).toBe('maxmemory,0')
  }, 30_000)
})
