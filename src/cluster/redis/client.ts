import type { Duplex } from 'node:stream'
import { AbstractConnector, Redis } from 'ioredis'
import { Problem } from '../../problem/problem.ts'

/** What Redis answers: text, numbers, nested lists, nothing. */
export type Reply = string | number | null | readonly Reply[]

/** A conversation with one instance. Every command has a deadline; after `close` every command fails. */
export interface RedisClient {
  command(name: string, ...args: readonly (string | number)[]): Promise<Reply>
  /** The same for commands that answer with text. */
  text(name: string, ...args: readonly (string | number)[]): Promise<string>
  close(): void
}

export interface ClientOptions {
  readonly password?: string
  /** Milliseconds for the greeting and for each command. Default 5000. */
  readonly timeout?: number
}

/** The instance asks for another password, or for one at all. */
export const isWrongPassword = (thrown: unknown): boolean => thrown instanceof Problem && thrown.code === 'redis-wrong-password'

/**
 * Speaks Redis over a stream that is connected already: an SSH channel, a socket. One stream, one life: nothing is retried or
 * sent twice, because a repeated `CLUSTER` command may do harm. `name` is for errors.
 */
export async function openClient(name: string, stream: Duplex, { password, timeout = 5000 }: ClientOptions = {}): Promise<RedisClient> {
  const redis = new Redis({
    Connector: connectorOf(stream),
    // Of a password that Redis does not ask for it warns on the console; so the password is sent by hand.
    lazyConnect: true, protocol: 2, disableClientInfo: true, enableReadyCheck: false, enableOfflineQueue: true, autoResendUnfulfilledCommands: false,
    retryStrategy: null, maxRetriesPerRequest: 0, commandTimeout: timeout, noDelay: false,
  })
  // Errors come out of the commands; without a listener they would be printed as well.
  redis.on('error', () => {})
  const client: RedisClient = {
    command: (command, ...args) => redis.call(command, ...args).then((reply) => reply as Reply, (thrown: unknown) => Promise.reject(asProblem(name, thrown))),
    text: async (command, ...args) => String(await client.command(command, ...args)),
    close: () => { redis.disconnect(); stream.destroy() },
  }
  try {
    await withDeadline(name, timeout, redis.connect())
    if (password !== undefined) await client.command('AUTH', password).catch(ignoreNeedless)
    await client.command('PING')
    return client
  } catch (thrown) {
    client.close()
    throw asProblem(name, thrown)
  }
}

function connectorOf(stream: Duplex) {
  return class extends AbstractConnector {
    constructor() {
      super(0)
    }

    connect() {
      this.stream = asSocket(stream)
      return Promise.resolve(this.stream)
    }
  }
}

/** An SSH channel has none of a socket's knobs; ioredis turns them without asking. */
function asSocket(stream: Duplex): AbstractConnector['stream'] {
  const knobs: Record<string, unknown> = {}
  for (const knob of ['setKeepAlive', 'setNoDelay', 'setTimeout']) if (!(knob in stream)) knobs[knob] = () => stream
  return Object.assign(stream, knobs) as unknown as AbstractConnector['stream']
}

/** Redis without a password refuses AUTH: then anybody may come in, and the password is about to be set. */
function ignoreNeedless(thrown: unknown): void {
  if (!(thrown instanceof Error) || !/without any password configured|no password is set/.test(thrown.message)) throw thrown
}

function withDeadline<T>(name: string, milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Problem({ code: 'redis-silent', summary: 'Redis does not answer', detail: `${name} within ${milliseconds} ms` })), milliseconds)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function asProblem(name: string, thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (/^(WRONGPASS|NOAUTH)|invalid password/.test(message)) return new Problem({ code: 'redis-wrong-password', summary: 'Redis does not take the password', detail: `${name}: ${message}` })
  if (/timed out|connection is closed|ECONN|EPIPE/i.test(message)) return new Problem({ code: 'redis-silent', summary: 'Redis does not answer', detail: `${name}: ${message}` })
  return new Problem({ code: 'redis-refused', summary: 'Redis refused a command', detail: `${name}: ${message}` })
}
