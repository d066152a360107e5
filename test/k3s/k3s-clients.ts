import { get } from 'node:http'
import { request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { K3sApi } from './k3s-api.ts'

/** One after the other, all the time, at the first address that answers: what clients outside see while a cluster is worked on. */
abstract class Client {
  /** What was acknowledged, in order. */
  readonly acknowledged: string[] = []
  attempts = 0
  /** Milliseconds between two answers, the longest. */
  longest = 0
  /** How often each address answered, and how often not. */
  readonly tally = new Map<string, { yes: number; no: number }>()
  readonly #addresses: readonly string[]
  readonly #pause: number
  #last = Date.now()
  #ends = false
  #done: Promise<void> | undefined

  constructor(addresses: readonly string[], pause: number) {
    this.#addresses = addresses
    this.#pause = pause
    for (const address of addresses) this.tally.set(address, { yes: 0, no: 0 })
  }

  protected abstract attempt(address: string, number: number): Promise<string>

  start(): this {
    this.#last = Date.now()
    this.#done = this.#go()
    return this
  }

  async #go(): Promise<void> {
    // The first address changes, so that none is asked only when another one fails.
    for (let turn = 0; !this.#ends; turn++, await sleep(this.#pause)) {
      for (let next = 0; next < this.#addresses.length; next++) {
        const address = this.#addresses[(turn + next) % this.#addresses.length]!
        const got = await this.attempt(address, ++this.attempts).catch(() => undefined)
        this.tally.get(address)![got === undefined ? 'no' : 'yes']++
        if (got === undefined) continue
        this.acknowledged.push(got)
        this.#measure()
        break
      }
    }
  }

  #measure(): void {
    const now = Date.now()
    this.longest = Math.max(this.longest, now - this.#last)
    this.#last = now
  }

  async stop(): Promise<void> {
    this.#ends = true
    await this.#done
    this.#measure()
  }

  say(): string {
    const each = [...this.tally].map(([address, { yes, no }]) => `${address} ${yes}${no > 0 ? ` (and ${no} not)` : ''}`)
    return `${this.acknowledged.length} of ${this.attempts} acknowledged, the longest time without one ${(this.longest / 1000).toFixed(1)} s; ${each.join(', ')}`
  }
}

/** Writes ConfigMaps, each of another name. */
export class ConfigMapWriter extends Client {
  readonly #api: K3sApi
  constructor(api: K3sApi, servers: readonly string[]) {
    super(servers, 250)
    this.#api = api
  }

  protected async attempt(address: string, number: number): Promise<string> {
    const name = `written-${number}`
    await this.#api.ask(address, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name }, data: { number: `${number}` } }, 4000)
    return name
  }

  /** Acknowledged writes that are not there. */
  async lost(address: string): Promise<readonly string[]> {
    const { items } = await this.#api.ask(address, 'GET', '/api/v1/namespaces/default/configmaps')
    const there = new Set(items.map((one: any) => one.metadata.name))
    return this.acknowledged.filter((name) => !there.has(name))
  }
}

/** Asks for a page on every node, at the same port. */
export class HttpClient extends Client {
  readonly #port: number
  constructor(nodes: readonly string[], port: number) {
    super(nodes, 100)
    this.#port = port
  }

  protected attempt(address: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = get({ host: address, port: this.#port, agent: false }, (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', reject)
        answer.on('end', () => (answer.statusCode === 200 ? resolve(/pod=(\S+)/.exec(text)?.[1] ?? text) : reject(new Error(`${answer.statusCode}`))))
      })
      const late = setTimeout(() => asked.destroy(new Error('no answer in 2 s')), 2000)
      asked.on('error', reject).on('close', () => clearTimeout(late))
    })
  }
}

/** Pods that tell who they are, spread over the nodes, two of them always there, behind a port of every node. */
export const webApp = (port: number) => ({
  apiVersion: 'v1', kind: 'List', items: [
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 3, selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            terminationGracePeriodSeconds: 5,
            topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'web' } } }],
            containers: [{ name: 'web', image: 'docker.io/library/probe:1.0.0', imagePullPolicy: 'Never', args: ['serve', '8080'], ports: [{ containerPort: 8080 }], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }],
          },
        },
      },
    },
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web', namespace: 'default' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, nodePort: port }] } },
  ],
})

/** Adds one to the counter, by the name and the certificate of its Ingress, on every node. */
export class CounterClient extends Client {
  readonly #host: string
  readonly #ca: Buffer
  constructor(nodes: readonly string[], host: string, ca: Buffer) {
    super(nodes, 100)
    this.#host = host
    this.#ca = ca
  }

  protected attempt(address: string): Promise<string> {
    return this.ask(address, 'POST', '/count')
  }

  /** What the page says now, as text. */
  async ask(address: string, method: string, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: address, port: 443, servername: this.#host, ca: this.#ca, agent: false, method, path, headers: { host: this.#host, accept: 'application/json' } }, (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', reject)
        answer.on('end', () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(`${answer.statusCode} ${text}`))))
      })
      const late = setTimeout(() => asked.destroy(new Error('no answer in 4 s')), 4000)
      asked.on('error', reject).on('close', () => clearTimeout(late)).end()
    })
  }
}
