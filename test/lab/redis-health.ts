import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Redis } from 'ioredis'
import { decrypt } from '../../src/vault/vault.ts'
import type { TestLab } from './with-lab.ts'

const PORTS = [7000, 7003]

/** The password that the role made and keeps beside the inventory. */
export function redisPassword({ file }: TestLab): string {
  const read = (name: string): string => readFileSync(join(dirname(file), '.secrets', name), 'utf8')
  return JSON.parse(decrypt(read('redis-password.vault'), { secrets: [{ id: 'default', secret: Buffer.from(read('redis-password.key').trim()) }] })).secret
}

/** The address from which this machine reaches the hosts of a lab: the role lets only named clients in. */
export const clientAddress = ({ hosts }: TestLab): string => hosts[0]!.address.replace(/\.\d+$/, '.1')

export interface ClusterHealth {
  /** Of each instance, the slots that it holds to be served. */
  readonly slots: readonly number[]
  readonly states: readonly string[]
  /** "host of the master > hosts of its replicas", by the first slot. */
  readonly shards: readonly { readonly master: string; readonly replicas: readonly string[] }[]
}

/** What the cluster says of itself to somebody outside, who knows neither tutti nor ssh: every instance is asked. */
export async function redisHealth(lab: TestLab): Promise<ClusterHealth> {
  const password = redisPassword(lab)
  const answers = await Promise.all(lab.hosts.flatMap(({ address }) => PORTS.map((port) => ask(address, port, password))))
  const infos = answers.map(({ info }) => new Map(info.split('\r\n').map((line) => line.split(':') as [string, string])))
  const shards = parseNodes(answers[0]!.nodes, lab)
  for (const { nodes } of answers) if (JSON.stringify(parseNodes(nodes, lab)) !== JSON.stringify(shards)) throw new Error('the instances do not agree')
  return { slots: infos.map((info) => Number(info.get('cluster_slots_ok'))), states: infos.map((info) => info.get('cluster_state') ?? ''), shards }
}

/** What it looks like when all is well: `expect(await redisHealth(lab)).toEqual(…)` cannot say it, as every run may choose other seats. */
export function isHealthy({ slots, states, shards }: ClusterHealth): boolean {
  const masters = new Set(shards.map(({ master }) => master))
  return slots.length === 6 && slots.every((count) => count === 16384) && states.every((state) => state === 'ok') &&
    shards.length === 3 && masters.size === 3 && shards.every(({ master, replicas }) => replicas.length === 1 && replicas[0] !== master)
}

async function ask(host: string, port: number, password: string): Promise<{ info: string; nodes: string }> {
  const redis = new Redis({ host, port, password, connectTimeout: 5000, commandTimeout: 5000, maxRetriesPerRequest: 0, retryStrategy: () => null, lazyConnect: true })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    return { info: String(await redis.call('CLUSTER', 'INFO')), nodes: String(await redis.call('CLUSTER', 'NODES')) }
  } finally {
    redis.disconnect()
  }
}

/** `id ip:port@bus flags master ping pong epoch link slot…` */
function parseNodes(text: string, lab: TestLab): ClusterHealth['shards'] {
  const lines = text.trim().split('\n').map((line) => line.split(' '))
  const hostOf = (address: string): string => lab.hosts.find((host) => host.address === address.split(':')[0])?.name ?? address
  const masters = lines.filter(([, , flags, , , , , , slot]) => flags!.includes('master') && slot !== undefined).sort((a, b) => Number.parseInt(a[8]!) - Number.parseInt(b[8]!))
  return masters.map(([id, address]) => ({ master: hostOf(address!), replicas: lines.filter(([, , flags, of]) => flags!.includes('slave') && !flags!.includes('fail') && of === id).map(([, at]) => hostOf(at!)) }))
}
