import { type JsonObject, inside, isObject } from './field-set.ts'
import { nameOf, namespaceOf } from './hindrance.ts'
import { labelsOf, selects } from './label-selector.ts'

export interface DrainOptions {
  readonly force: boolean
  readonly ignore_daemonsets: boolean
  readonly delete_emptydir_data: boolean
}

/** What becomes of the pods of a node that is drained. */
export interface Drainage {
  /** They are to be evicted. */
  readonly leaving: readonly JsonObject[]
  /** They are ending already. */
  readonly ending: readonly JsonObject[]
  /** Sentences: what forbids it, with the option that allows it. */
  readonly forbidden: readonly string[]
}

const titleOf = (pod: JsonObject): string => `${namespaceOf(pod)}/${nameOf(pod)}`
const ownerOf = (pod: JsonObject): JsonObject | undefined => {
  const owners = inside(pod, 'metadata', 'ownerReferences')
  return Array.isArray(owners) ? owners.filter(isObject).find(({ controller }) => controller === true) : undefined
}
const isMirror = (pod: JsonObject): boolean => inside(pod, 'metadata', 'annotations', 'kubernetes.io/config.mirror') !== undefined
const hasEnded = (pod: JsonObject): boolean => ['Succeeded', 'Failed'].includes(String(inside(pod, 'status', 'phase')))
const isEnding = (pod: JsonObject): boolean => inside(pod, 'metadata', 'deletionTimestamp') !== undefined
const keepsData = (pod: JsonObject): boolean => {
  const volumes = inside(pod, 'spec', 'volumes')
  return Array.isArray(volumes) && volumes.some((volume) => inside(volume, 'emptyDir') !== undefined)
}

/** As kubectl drain chooses: pods of the kubelet itself stay, those of DaemonSets stay where that is allowed. */
export function drainageOf(pods: readonly JsonObject[], { force, ignore_daemonsets, delete_emptydir_data }: DrainOptions): Drainage {
  const ours = pods.filter((pod) => !isMirror(pod))
  const daemons = ours.filter((pod) => ownerOf(pod)?.kind === 'DaemonSet' && !hasEnded(pod))
  const others = ours.filter((pod) => !daemons.includes(pod))
  const alone = others.filter((pod) => !ownerOf(pod) && !hasEnded(pod) && !isEnding(pod))
  const withData = others.filter((pod) => keepsData(pod) && !hasEnded(pod) && !isEnding(pod))
  const told = (some: readonly JsonObject[], why: string, option: string) => (some.length > 0 ? [`${some.map(titleOf).join(', ')} ${why}: ${option} allows it`] : [])
  return {
    leaving: others.filter((pod) => !isEnding(pod)), ending: others.filter(isEnding),
    forbidden: [
      ...(ignore_daemonsets ? [] : told(daemons, `${daemons.length === 1 ? 'is' : 'are'} of a DaemonSet, which would start anew`, 'ignore_daemonsets: true')),
      ...(force ? [] : told(alone, 'nobody would start elsewhere', 'force: true')),
      ...(delete_emptydir_data ? [] : told(withData, 'would lose data in an emptyDir', 'delete_emptydir_data: true')),
    ],
  }
}

/** Why pods are still on the node: the budget that forbids it, or that they are ending. */
export function blockersOf(drainage: Pick<Drainage, 'leaving' | 'ending'>, budgets: readonly JsonObject[]): readonly string[] {
  const leaving = drainage.leaving.map((pod) => {
    const budget = budgets.find((one) => namespaceOf(one) === namespaceOf(pod) && selects(inside(one, 'spec', 'selector'), labelsOf(pod)) && Number(inside(one, 'status', 'disruptionsAllowed') ?? 0) === 0)
    if (!budget) return `pod ${titleOf(pod)}: it has not gone yet`
    const [healthy, wanted] = [inside(budget, 'status', 'currentHealthy'), inside(budget, 'status', 'desiredHealthy')]
    return `pod ${titleOf(pod)}: the PodDisruptionBudget ${nameOf(budget)} allows no pod to go (${String(healthy ?? 0)} healthy, ${String(wanted ?? '?')} wanted)`
  })
  const ending = drainage.ending.map((pod) => {
    const finalizers = inside(pod, 'metadata', 'finalizers')
    return `pod ${titleOf(pod)}: it is ending, and has ${String(inside(pod, 'metadata', 'deletionGracePeriodSeconds') ?? 30)} s to do so${Array.isArray(finalizers) && finalizers.length > 0 ? `; its finalizers have not let it go: ${finalizers.join(', ')}` : ''}`
  })
  return [...leaving, ...ending]
}
