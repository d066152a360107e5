import { createHash } from 'node:crypto'
import { execFile } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ApiServer } from './api-server.ts'
import { type Controller, startController } from './sealed-secrets-controller.ts'

const run = promisify(execFile)
const SERVICE = 'sealed-secrets-controller'

/** What a cluster would do beside an API server, as far as sealed secrets want it. */
export interface LittleCluster {
  /** Thrown away when it is asked for next: as if it were another cluster. */
  empty(): Promise<void>
  close(): Promise<void>
}

/**
 * Plays the nodes and controllers: starts the real controller of sealed secrets as its Deployment says, makes its Service lead there, runs Jobs
 * that compare a Secret with a sum, and clears namespaces away.
 */
export async function startLittleCluster(server: ApiServer): Promise<LittleCluster> {
  const address = Object.values(networkInterfaces()).flat().find((one) => one?.family === 'IPv4' && !one.internal)!.address
  const kubectl = async (...args: readonly string[]): Promise<string> => (await run(`${server.programs}/kubectl`, [`--kubeconfig=${server.kubeconfig}`, '--cache-dir=/dev/null/none', ...args], { maxBuffer: 1e8 })).stdout
  const get = async (...args: readonly string[]): Promise<any> => JSON.parse(await kubectl('get', ...args, '-o', 'json', '--ignore-not-found').then((text) => text || '{}'))
  const patch = (status: object, kind: string, namespace: string, name: string) => kubectl('patch', kind, name, '-n', namespace, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
  let controller: Controller | undefined
  let started = ''
  let busy = true

  async function deploy(): Promise<void> {
    const { metadata, spec } = await get('deployment', SERVICE, '-n', 'kube-system')
    if (!metadata) return
    const [container] = spec.template.spec.containers
    const flags = [...container.args, ...(container.env ?? []).map(({ name, value }: { name: string; value: string }) => `--${name.replace('SEALED_SECRETS_', '').toLowerCase().replaceAll('_', '-')}=${value}`)]
    const wanted = JSON.stringify([metadata.uid, spec.template])
    if (wanted === started) return
    await controller?.close()
    controller = await startController(server, flags, address)
    await reach(controller.port)
    await patch({ observedGeneration: metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }, 'deployment', 'kube-system', SERVICE)
    started = wanted
  }

  /** The API server hands requests on to pods alone. */
  async function reach(port: number): Promise<void> {
    await hand(server, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'controller', namespace: 'kube-system' }, spec: { containers: [{ name: 'a', image: 'a' }] } })
    await patch({ podIP: address, podIPs: [{ ip: address }] }, 'pod', 'kube-system', 'controller')
    await hand(server, { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: SERVICE, namespace: 'kube-system' }, subsets: [{ addresses: [{ ip: address, targetRef: { kind: 'Pod', name: 'controller', namespace: 'kube-system' } }], ports: [{ name: 'http', port }] }] })
  }

  async function work(): Promise<void> {
    for (const { metadata, status, spec } of (await get('jobs', '-A')).items ?? []) {
      if (status.conditions) continue
      const { namespace, name } = metadata
      const [{ secret: { secretName } }, { configMap }] = spec.template.spec.volumes
      const { data: secret } = await get('secret', secretName, '-n', namespace)
      const { data: sums } = await get('configmap', configMap.name, '-n', namespace)
      const sum = createHash('sha256').update(Buffer.from(secret?.value ?? '', 'base64')).digest('hex')
      const [type, before, reason] = sums.sum === `${sum}  /proof/value\n` ? ['Complete', 'SuccessCriteriaMet', 'CompletionsReached'] : ['Failed', 'FailureTarget', 'BackoffLimitExceeded']
      const time = new Date().toISOString().replace(/\.\d+/, '')
      const condition = (one: string) => ({ type: one, status: 'True', reason, lastTransitionTime: time, lastProbeTime: time })
      await patch({ startTime: time, ...(type === 'Complete' ? { completionTime: time, succeeded: 1 } : { failed: 1 }), uncountedTerminatedPods: {}, conditions: [condition(before!), condition(type!)] }, 'job', namespace, name)
    }
  }

  async function clear(): Promise<void> {
    for (const { metadata, status } of (await get('namespaces')).items ?? []) {
      if (status.phase !== 'Terminating') continue
      await kubectl('delete', 'sealedsecrets,secrets,configmaps,jobs', '--all', '-n', metadata.name, '--cascade=background')
      await hand(server, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: metadata.name }, spec: { finalizers: [] } }, 'replace', '--raw', `/api/v1/namespaces/${metadata.name}/finalize`)
    }
  }

  const tended = (async () => {
    for (; busy; await sleep(300)) {
      for (const part of [deploy, work, clear]) {
        // What is not there yet, or is written at the same time, is so the next time.
        if (busy) await part().catch((error: Error) => process.env['TUTTI_SHOW'] && console.error(part.name, error.message))
      }
    }
  })()
  return {
    async empty() {
      await kubectl('delete', 'deployment', SERVICE, '-n', 'kube-system')
      await controller?.close()
      controller = undefined
      started = ''
      await kubectl('delete', 'secrets', '-n', 'kube-system', '-l', 'sealedsecrets.bitnami.com/sealed-secrets-key')
      await kubectl('delete', 'crd', 'sealedsecrets.bitnami.com', '--ignore-not-found')
    },
    async close() {
      busy = false
      await tended
      await controller?.close()
    },
  }
}

/** Hands an object over on the standard input. */
function hand(server: ApiServer, object: object, ...args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const words = args.length > 0 ? args : ['apply', '--server-side', '--force-conflicts', '--field-manager=little-cluster']
    const child = execFile(`${server.programs}/kubectl`, [`--kubeconfig=${server.kubeconfig}`, '--cache-dir=/dev/null/none', ...words, '-f', '-'], (error) => (error ? reject(error) : resolve()))
    child.stdin!.end(JSON.stringify(object))
  })
}
