import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiObject, K3sApi } from './k3s-api.ts'

export interface NodeChange {
  readonly node: string
  readonly what: string
  /** Milliseconds since the epoch, when it was heard. */
  readonly at: number
}

/** What became of the nodes, as the cluster itself tells it, in the order of etcd's revisions: "n1 cordoned", "n1 v1.34.2+k3s1" … */
export class NodeWatch {
  readonly changes: NodeChange[] = []
  readonly #api: K3sApi
  readonly #addresses: readonly string[]
  readonly #known = new Map<string, ReadonlyMap<string, string>>()
  readonly #end = new AbortController()
  #since = '0'
  #done: Promise<void> | undefined

  constructor(api: K3sApi, addresses: readonly string[]) {
    this.#api = api
    this.#addresses = addresses
  }

  async start(): Promise<this> {
    const { items, metadata } = await this.#api.ask(this.#addresses[0]!, 'GET', '/api/v1/nodes')
    for (const node of items as readonly ApiObject[]) this.#known.set(node.metadata.name, stateOf(node))
    this.#since = metadata.resourceVersion
    this.#done = this.#follow()
    return this
  }

  /** From one server to the next: a watch ends when its server does, and another takes it up at the same revision. */
  async #follow(): Promise<void> {
    for (let turn = 0; !this.#end.signal.aborted; turn++) {
      await this.#api.watch(this.#addresses[turn % this.#addresses.length]!, '/api/v1/nodes', this.#since, (type, node) => this.#hear(type, node), this.#end.signal).catch(() => sleep(300))
    }
  }

  #hear(type: string, node: ApiObject): void {
    this.#since = node.metadata.resourceVersion
    if (type === 'BOOKMARK') return
    const { name } = node.metadata
    const [before, now] = [this.#known.get(name), type === 'DELETED' ? undefined : stateOf(node)]
    if (!before || !now) this.changes.push({ node: name, what: now ? 'added' : 'deleted', at: Date.now() })
    else for (const [key, value] of now) if (before.get(key) !== value) this.changes.push({ node: name, what: value, at: Date.now() })
    if (now) this.#known.set(name, now)
    else this.#known.delete(name)
  }

  async stop(): Promise<readonly NodeChange[]> {
    await sleep(500)
    this.#end.abort()
    await this.#done
    return this.changes
  }
}

const stateOf = ({ spec, status }: ApiObject): ReadonlyMap<string, string> =>
  new Map([
    ['pods', spec.unschedulable ? 'cordoned' : 'uncordoned'],
    ['version', status.nodeInfo.kubeletVersion],
    ['ready', status.conditions?.find((one: any) => one.type === 'Ready')?.status === 'True' ? 'Ready' : 'not Ready'],
  ])
