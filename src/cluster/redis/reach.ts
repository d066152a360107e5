import type { Duplex } from 'node:stream'
import { Problem } from '../../problem/problem.ts'
import { isWrongPassword, openClient, type RedisClient } from './client.ts'
import type { Instance } from './topology.ts'

/**
 * Opens a stream to an instance. Rejects with a `NothingListens` where the host says that nobody listens there, and with any
 * other error where it cannot be told.
 */
export type Dial = (instance: Pick<Instance, 'name' | 'host' | 'address' | 'port'>) => Promise<Duplex>

/** The host is there and refused the connection: the process does not run. */
export class NothingListens extends Error {
  override readonly name = 'NothingListens'
}

export interface ReachOptions {
  readonly dial: Dial
  /** Tried in this order: the wanted password first, then the one before it, while it is being changed. */
  readonly passwords: readonly string[]
  /** Milliseconds for dialling and for each command. Default 5000. */
  readonly timeout?: number
}

/** Conversations with instances, opened when first needed and opened again after one was lost. Close it when done. */
export class Reach {
  readonly #options: ReachOptions
  readonly #clients = new Map<string, Promise<RedisClient>>()

  constructor(options: ReachOptions) {
    this.#options = options
  }

  /** Asks one command. A conversation that fails is forgotten, so that the next question opens a new one. */
  async ask(instance: Instance, name: string, ...args: readonly (string | number)[]): Promise<string> {
    const client = await this.#client(instance)
    try {
      return await client.text(name, ...args)
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.code !== 'redis-refused') this.#drop(instance, client)
      throw thrown
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.then((open) => open.close(), () => undefined)
    this.#clients.clear()
  }

  #client(instance: Instance): Promise<RedisClient> {
    const known = this.#clients.get(instance.name)
    if (known) return known
    const opened = this.#open(instance)
    this.#clients.set(instance.name, opened)
    opened.catch(() => this.#clients.delete(instance.name))
    return opened
  }

  async #open(instance: Instance): Promise<RedisClient> {
    const { passwords, timeout } = this.#options
    const attempts: readonly (string | undefined)[] = passwords.length > 0 ? passwords : [undefined]
    let refused: unknown
    for (const password of attempts) {
      const stream = await this.#dial(instance)
      try {
        return await openClient(instance.name, stream, { ...(password === undefined ? {} : { password }), ...(timeout === undefined ? {} : { timeout }) })
      } catch (thrown) {
        if (!isWrongPassword(thrown)) throw thrown
        refused = thrown
      }
    }
    throw refused
  }

  /** A host that is gone lets a connection attempt hang; a stream that comes too late is closed again. */
  #dial(instance: Instance): Promise<Duplex> {
    const timeout = this.#options.timeout ?? 5000
    return new Promise((resolve, reject) => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        reject(new Problem({ code: 'redis-silent', summary: 'Redis does not answer', detail: `no connection to ${instance.name} (${instance.address}:${instance.port}) within ${timeout} ms` }))
      }, timeout)
      this.#options.dial(instance).then((stream) => (late ? stream.destroy() : resolve(stream)), reject).finally(() => clearTimeout(timer))
    })
  }

  #drop(instance: Instance, client: RedisClient): void {
    client.close()
    this.#clients.delete(instance.name)
  }
}
