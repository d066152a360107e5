import type { Json } from '../value/json.ts'
import { type JsonObject, inside, isObject } from './field-set.ts'
import { labelsOf, selects } from './label-selector.ts'
import { conditionsOf } from './readiness.ts'

const listOf = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])
export const nameOf = (object: JsonObject): string => String(inside(object, 'metadata', 'name'))
export const namespaceOf = (object: JsonObject): string => String(inside(object, 'metadata', 'namespace') ?? '')

/** Why a pod is not ready, in one sentence; undefined where it is. */
export function hindranceOf(pod: JsonObject): string | undefined {
  const conditions = conditionsOf(pod)
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
  if (inside(pod, 'metadata', 'deletionTimestamp') !== undefined) return 'it is ending'
  if (scheduled?.status === 'False') return `no node takes it: ${String(scheduled.message ?? scheduled.reason)}`
  const status = [...listOf(inside(pod, 'status', 'initContainerStatuses')), ...listOf(inside(pod, 'status', 'containerStatuses'))].map(containerHindrance).find((why) => why !== undefined)
  if (status !== undefined) return status
  if (inside(pod, 'status', 'phase') === 'Failed') return `it failed: ${[inside(pod, 'status', 'reason'), inside(pod, 'status', 'message')].filter(Boolean).join(': ') || 'its containers ended badly'}`
  const ready = conditions.find(({ type }) => type === 'Ready')
  if (ready?.status === 'True' || inside(pod, 'status', 'phase') === 'Succeeded') return undefined
  return ready?.reason === 'ContainersNotReady' ? 'its containers run, and its readiness probe does not succeed' : String(ready?.message ?? 'nothing is known of it yet')
}

function containerHindrance({ name, state, lastState, restartCount, ready }: JsonObject): string | undefined {
  const waiting = inside(state, 'waiting')
  const ended = inside(lastState, 'terminated') ?? inside(state, 'terminated')
  const reason = inside(waiting, 'reason')
  const exit = ended === undefined ? '' : `; it ended with ${inside(ended, 'reason') === 'OOMKilled' ? 'no memory left' : `exit code ${String(inside(ended, 'exitCode'))}`}, ${String(restartCount ?? 0)} restarts`
  if (reason === 'CrashLoopBackOff') return `container ${String(name)} ends again and again${exit}`
  if (/^(?:ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/.test(String(reason))) return `container ${String(name)} does not get its image (${String(reason)})${inside(waiting, 'message') ? `: ${String(inside(waiting, 'message'))}` : ''}`
  if (waiting !== undefined && !/^(?:ContainerCreating|PodInitializing)$/.test(String(reason))) return `container ${String(name)}: ${[reason, inside(waiting, 'message')].filter(Boolean).join(': ')}`
  if (inside(state, 'terminated') !== undefined && !ready && inside(state, 'terminated', 'exitCode') !== 0) return `container ${String(name)} ended with exit code ${String(inside(state, 'terminated', 'exitCode'))}`
  return waiting === undefined ? undefined : `container ${String(name)} is being made`
}

/** The pods of a workload that hinder it, each with the reason. */
export function hinderingPods(workload: JsonObject, pods: readonly JsonObject[]): readonly string[] {
  const selector = inside(workload, 'spec', 'selector')
  return pods.filter((pod) => namespaceOf(pod) === namespaceOf(workload) && selects(selector, labelsOf(pod))).flatMap((pod) => {
    const why = hindranceOf(pod)
    return why === undefined ? [] : [`pod ${nameOf(pod)}: ${why}`]
  })
}
