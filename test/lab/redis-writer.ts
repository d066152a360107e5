import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster } from 'ioredis'
import { evenRanges, slotOf } from '../../src/cluster/redis/slots.ts'

/** A write that the cluster acknowledged. Times are milliseconds since the epoch. */
export interface Acknowledged {
  readonly key: string
  readonly shard: number
  readonly begun: number
  readonly at: number
}

/** A key tag in each shard's range of slots. */
const tags = evenRanges(3).map(({ first, last }) => {
  for (let n = 0; ; n++) if (slotOf(`{t${n}}`) >= first && slotOf(`{t${n}}`) <= last) return `{t${n}}`
})

/**
 * Writes to all three slot ranges all the time, as a client of a cluster does. It has deadlines of its own: a client without them can
 * hang for a quarter of an hour on a link that was cut.
 */
export class Writer {
  readonly acknowledged: Acknowledged[] = []
  readonly #cluster: Cluster
  readonly #loops: Promise<void>[]
  #stopped = false

  constructor(nodes: readonly { host: string; port: number }[], password: string) {
    this.#cluster = new Cluster([...nodes], {
      redisOptions: { password, connectTimeout: 1000, commandTimeout: 1000, maxRetriesPerRequest: 0 },
      maxRedirections: 3, slotsRefreshTimeout: 1000, slotsRefreshInterval: 1000, retryDelayOnClusterDown: 100, retryDelayOnFailover: 100, clusterRetryStrategy: () => 100,
    })
    this.#cluster.on('error', () => {})
    this.#loops = tags.map((_, shard) => this.#write(shard))
  }

  /** Whether every range took a write that was begun after that time. */
  takesAllSince(time: number): boolean {
    return tags.every((_, shard) => this.acknowledged.some((write) => write.shard === shard && write.begun > time))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#loops)
  }

  /** Acknowledged writes that are not there any more. */
  async missing(): Promise<readonly Acknowledged[]> {
    const missing: Acknowledged[] = []
    for (const write of this.acknowledged) if ((await this.#cluster.get(write.key)) === null) missing.push(write)
    return missing
  }

  close(): void {
    this.#cluster.disconnect()
  }

  async #write(shard: number): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const key = `${tags[shard]}${process.pid}.${Date.now()}.${n}`
      const begun = Date.now()
      const answer = await Promise.race([this.#cluster.set(key, '1', 'EX', 3600).catch(() => undefined), sleep(1500, undefined)])
      if (answer === 'OK') this.acknowledged.push({ key, shard, begun, at: Date.now() })
      await sleep(20)
    }
  }
}
