import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { createInterface } from 'node:readline'
import { K3S_PORT } from './k3s-hosts.ts'

/** Something of Kubernetes, as its API gives it. */
export interface ApiObject {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string; readonly resourceVersion: string; readonly labels?: object; readonly annotations?: object; readonly creationTimestamp: string; readonly generation?: number; readonly managedFields?: readonly object[] }
  readonly [field: string]: any
}

/** The API of a cluster by the kubeconfig that the playbook put here: without a program on the hosts, so that it can be asked often while they are busy. */
export class K3sApi {
  readonly #agent: Agent
  readonly #port: number
  readonly #headers: Readonly<Record<string, string>>

  constructor({ ca, cert, key, token, port = K3S_PORT }: { readonly ca: Buffer; readonly cert?: Buffer; readonly key?: Buffer; readonly token?: string; readonly port?: number }) {
    this.#agent = new Agent({ ca, keepAlive: false, ...(cert ? { cert } : {}), ...(key ? { key } : {}) })
    this.#port = port
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  }

  static of(kubeconfig: string): K3sApi {
    const text = readFileSync(kubeconfig, 'utf8')
    const [ca, cert, key] = ['certificate-authority-data', 'client-certificate-data', 'client-key-data'].map((name) => Buffer.from(new RegExp(`${name}: "?([\\w+/=]+)`).exec(text)![1]!, 'base64')) as [Buffer, Buffer, Buffer]
    return new K3sApi({ ca, cert, key })
  }

  /** Asks the server at that address. Rejects where it does not answer in time, or with another status than 2xx. */
  ask(address: string, method: string, path: string, body?: object, timeout = 8000): Promise<any> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: address, port: this.#port, method, path, agent: this.#agent, headers: { ...this.#headers, ...(body ? { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' } : {}) } }, (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', reject)
        answer.on('end', () => (answer.statusCode! < 300 ? resolve(JSON.parse(text)) : reject(new Error(`${method} ${path} at ${address}: ${answer.statusCode} ${text.slice(0, 300)}`))))
      })
      const late = setTimeout(() => asked.destroy(new Error(`${method} ${path} at ${address}: no answer in ${timeout} ms`)), timeout)
      asked.on('error', reject).on('close', () => clearTimeout(late)).end(body && JSON.stringify(body))
    })
  }

  /** Every event after that resource version, until the server ends it or `signal` does. */
  async watch(address: string, path: string, since: string, heard: (type: string, object: ApiObject) => void, signal: AbortSignal): Promise<void> {
    const lines = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      const asked = request({ host: address, port: this.#port, headers: this.#headers, path: `${path}?watch=1&allowWatchBookmarks=true&resourceVersion=${since}`, agent: this.#agent, signal, timeout: 20_000 }, resolve)
      asked.on('error', reject).on('timeout', () => asked.destroy(new Error('the watch is silent'))).end()
    })
    for await (const line of createInterface({ input: lines })) {
      const { type, object } = JSON.parse(line)
      if (type === 'ERROR') throw new Error(`the watch of ${path}: ${object.message}`)
      heard(type, object)
    }
  }

  /** All objects of all kinds that can be listed, by "group/version kinds namespace/name". */
  async all(address: string): Promise<ReadonlyMap<string, ApiObject>> {
    const groups: readonly string[] = (await this.ask(address, 'GET', '/apis')).groups.map((group: any) => `/apis/${group.preferredVersion.groupVersion}`)
    const found = new Map<string, ApiObject>()
    for (const group of ['/api/v1', ...groups]) {
      const { resources } = await this.ask(address, 'GET', group)
      for (const { name } of resources.filter((one: any) => one.verbs.includes('list') && !one.name.includes('/'))) {
        const { items } = await this.ask(address, 'GET', `${group}/${name}`)
        for (const item of items as readonly ApiObject[]) found.set(`${group.replace(/^\/apis?\//, '')} ${name} ${item.metadata.namespace ?? ''}/${item.metadata.name}`, item)
      }
    }
    return found
  }
}
