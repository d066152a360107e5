import { Agent, type RequestOptions, request as plain } from 'node:http'
import { Agent as SecureAgent, request as secure } from 'node:https'

/** Whom to ask, and how. */
export interface LoadTarget {
  readonly url: URL
  /** Where to connect to in turn, whatever name the URL has; none: where the name leads. */
  readonly addresses: readonly string[]
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly ca: Buffer | undefined
  readonly verify: boolean
}

export interface LoadOptions {
  /** Requests that are under way at a time, each on a connection that is kept. */
  readonly connections: number
  /** Seconds that count, and seconds before them that do not. */
  readonly seconds: number
  readonly warmUp: number
  /** Seconds after which a request is given up. */
  readonly timeout: number
  readonly signal: AbortSignal
}

export interface Load {
  /** Seconds that were measured. */
  readonly seconds: number
  /** Milliseconds of each request that was answered, in order. */
  readonly latencies: readonly number[]
  /** How many had which status. */
  readonly statuses: Readonly<Record<string, number>>
  /** How many ended without an answer, by why. */
  readonly errors: Readonly<Record<string, number>>
}

/** A request that fails at once is not followed by the next at once. Milliseconds. */
const AFTER_FAILURE = 20

/** Each connection asks, waits for the whole answer, and asks again: what the other side cannot do in time is not asked. */
export async function measureHttp(target: LoadTarget, options: LoadOptions): Promise<Load> {
  const latencies: number[] = []
  const [statuses, errors]: Record<string, number>[] = [{}, {}]
  const counted = performance.now() + options.warmUp * 1000
  const end = counted + options.seconds * 1000
  const ask = async (index: number): Promise<void> => {
    const asking = connectionTo(target, index, options)
    while (performance.now() < end && !options.signal.aborted) {
      const from = performance.now()
      const answer = await asking.once()
      const to = performance.now()
      if (answer.error !== undefined) await new Promise((resolve) => setTimeout(resolve, AFTER_FAILURE))
      // Only what ended while it was measured: what began earlier belongs to the time, too.
      if (to < counted || to > end) continue
      if (answer.error === undefined) latencies.push(to - from)
      const [table, key] = answer.error === undefined ? [statuses!, String(answer.status)] : [errors!, answer.error]
      table[key] = (table[key] ?? 0) + 1
    }
    asking.close()
  }
  await Promise.all(Array.from({ length: options.connections }, (_, index) => ask(index)))
  options.signal.throwIfAborted()
  return { seconds: options.seconds, latencies: latencies.sort((a, b) => a - b), statuses: statuses!, errors: errors! }
}

interface Answer {
  readonly status?: number
  readonly error?: string
}

function connectionTo({ url, addresses, method, headers, body, ca, verify }: LoadTarget, index: number, { timeout }: LoadOptions): { once(): Promise<Answer>; close(): void } {
  const isSecure = url.protocol === 'https:'
  const kept = { keepAlive: true, maxSockets: 1 }
  const agent = isSecure ? new SecureAgent({ ...kept, rejectUnauthorized: verify, servername: url.hostname, ...(ca ? { ca } : {}) }) : new Agent(kept)
  const options: RequestOptions = {
    agent, method, timeout: timeout * 1000, path: `${url.pathname}${url.search}`, host: addresses.length > 0 ? addresses[index % addresses.length]! : url.hostname.replace(/^\[|\]$/g, ''), port: url.port || (isSecure ? 443 : 80),
    headers: { host: url.host, ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
  }
  const once = () => new Promise<Answer>((resolve) => {
    const failed = (error: Error & { readonly code?: string }) => resolve({ error: error.code ?? error.message })
    const request = (isSecure ? secure : plain)(options, (answer) => {
      answer.on('error', failed).on('end', () => resolve({ status: answer.statusCode ?? 0 })).resume()
    })
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }))).on('error', failed).end(body)
  })
  return { once, close: () => agent.destroy() }
}

/** The smallest that so many percent are not above; `sorted` from the smallest on. Undefined of nothing. */
export const percentile = (sorted: readonly number[], percent: number): number | undefined => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
