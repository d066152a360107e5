import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ApiServer } from './api-server.ts'

const run = promisify(execFile)

interface Found {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string; readonly generation: number }
  readonly spec: { readonly replicas?: number; readonly minReplicas?: number; readonly maxReplicas?: number; readonly scaleTargetRef?: { readonly name: string } }
  readonly status?: { readonly observedGeneration?: number; readonly availableReplicas?: number; readonly conditions?: readonly unknown[] }
}

/** Beside an API server without nodes: says of each Deployment and StatefulSet that all its pods run, scales within the bounds of autoscalers, and says that charts are installed. */
export function standInControllers({ programs, kubeconfig }: ApiServer): { stop(): Promise<void> } {
  let going = true
  const kubectl = async (...args: readonly string[]): Promise<string> => (await run(join(programs, 'kubectl'), [`--kubeconfig=${kubeconfig}`, ...args])).stdout
  const patch = ({ kind, metadata: { name, namespace } }: Found, status: object) => kubectl('patch', kind, name, `--namespace=${namespace}`, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
  const tend = async (): Promise<void> => {
    const { items } = JSON.parse(await kubectl('get', 'deployments,statefulsets,horizontalpodautoscalers,helmcharts', '--all-namespaces', '-o', 'json')) as { readonly items: readonly Found[] }
    for (const one of items) {
      if (one.kind === 'HorizontalPodAutoscaler') {
        const target = items.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === one.spec.scaleTargetRef!.name)
        const [now, least, most] = [target?.spec.replicas ?? 1, one.spec.minReplicas!, one.spec.maxReplicas!]
        if (target && (now < least || now > most)) await kubectl('scale', 'deployment', target.metadata.name, `--namespace=${target.metadata.namespace}`, `--replicas=${Math.min(Math.max(now, least), most)}`)
      } else if (one.kind === 'HelmChart') {
        if (!one.status?.conditions) await patch(one, { conditions: [{ type: 'JobCreated', status: 'False', reason: 'NoJob' }, { type: 'Failed', status: 'False' }] })
      } else if (one.status?.observedGeneration !== one.metadata.generation || one.status?.availableReplicas !== (one.spec.replicas ?? 1)) {
        const replicas = one.spec.replicas ?? 1
        await patch(one, { observedGeneration: one.metadata.generation, replicas, readyReplicas: replicas, availableReplicas: replicas, updatedReplicas: replicas, ...(one.kind === 'StatefulSet' ? { currentReplicas: replicas } : {}) })
      }
    }
  }
  const ended = (async () => {
    for (; going; await sleep(300)) await tend().catch(() => undefined)
  })()
  return { stop: () => ((going = false), ended) }
}
