import type { Json } from '../value/json.ts'
import { type JsonObject, inside, isObject } from './field-set.ts'

/** Whether an object is what one waits for, and if not, why not. `failed`: waiting any longer is of no use. */
export type Readiness = { readonly state: 'ready' } | { readonly state: 'waiting' | 'failed'; readonly why: string }

export interface WaitCondition {
  readonly type: string
  readonly status: string
  readonly reason: string | undefined
}

const READY: Readiness = { state: 'ready' }
const waiting = (why: string): Readiness => ({ state: 'waiting', why })
const failed = (why: string): Readiness => ({ state: 'failed', why })

export const conditionsOf = (object: Json | undefined): readonly JsonObject[] => {
  const found = inside(object, 'status', 'conditions')
  return Array.isArray(found) ? found.filter(isObject) : []
}
const conditionOf = (object: Json | undefined, type: string): JsonObject | undefined => conditionsOf(object).find((one) => one.type === type)
const said = (condition: JsonObject | undefined): string => [condition?.reason, condition?.message].filter(Boolean).join(': ')
const count = (object: JsonObject, ...keys: readonly string[]): number => Number(inside(object, ...keys) ?? 0)

/** By the kind; kinds that have no state of their own are ready when they are there. With `condition` nothing but that counts. */
export function readinessOf(object: JsonObject, condition?: WaitCondition): Readiness {
  if (condition) return meets(object, condition)
  if (typeof object.kind === 'string' && Object.hasOwn(BY_KIND, object.kind)) return BY_KIND[object.kind]!(object)
  return READY
}

function meets(object: JsonObject, { type, status, reason }: WaitCondition): Readiness {
  const found = conditionOf(object, type)
  if (!found) return waiting(`it has no condition ${type} yet`)
  if (String(found.status).toLowerCase() !== status.toLowerCase()) return waiting(`${type} is ${String(found.status)}${said(found) ? ` (${said(found)})` : ''}`)
  return reason === undefined || found.reason === reason ? READY : waiting(`${type} is ${status} for another reason: ${String(found.reason)}`)
}

const isSeen = (object: JsonObject): boolean => count(object, 'status', 'observedGeneration') >= count(object, 'metadata', 'generation')
const UNSEEN = waiting('its controller has not looked at it yet')

function deployment(object: JsonObject): Readiness {
  const wanted = inside(object, 'spec', 'replicas') === undefined ? 1 : count(object, 'spec', 'replicas')
  const progressing = conditionOf(object, 'Progressing')
  if (!isSeen(object)) return UNSEEN
  if (progressing?.reason === 'ProgressDeadlineExceeded') return failed(String(progressing.message ?? 'its progress deadline has passed'))
  const [updated, all, available] = [count(object, 'status', 'updatedReplicas'), count(object, 'status', 'replicas'), count(object, 'status', 'availableReplicas')]
  if (updated < wanted) return waiting(`${updated} of ${wanted} pods are of the new version`)
  if (all > updated) return waiting(`${all - updated} pods of an old version are still there`)
  return available < wanted ? waiting(`${available} of ${wanted} pods are available`) : READY
}

function statefulSet(object: JsonObject): Readiness {
  const wanted = inside(object, 'spec', 'replicas') === undefined ? 1 : count(object, 'spec', 'replicas')
  if (!isSeen(object)) return UNSEEN
  const [updated, ready] = [count(object, 'status', 'updatedReplicas'), count(object, 'status', 'readyReplicas')]
  const partition = count(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition')
  if (inside(object, 'spec', 'updateStrategy', 'type') !== 'OnDelete' && updated < wanted - partition) return waiting(`${updated} of ${wanted - partition} pods are of the new version`)
  return ready < wanted ? waiting(`${ready} of ${wanted} pods are ready`) : READY
}

function daemonSet(object: JsonObject): Readiness {
  if (!isSeen(object)) return UNSEEN
  const [wanted, updated, available] = [count(object, 'status', 'desiredNumberScheduled'), count(object, 'status', 'updatedNumberScheduled'), count(object, 'status', 'numberAvailable')]
  if (inside(object, 'spec', 'updateStrategy', 'type') !== 'OnDelete' && updated < wanted) return waiting(`${updated} of ${wanted} pods are of the new version`)
  return available < wanted ? waiting(`${available} of ${wanted} pods are available`) : READY
}

function pod(object: JsonObject): Readiness {
  const phase = inside(object, 'status', 'phase')
  if (phase === 'Succeeded') return READY
  if (phase === 'Failed') return failed(said(object.status as JsonObject) || 'it ended in failure')
  const ready = conditionOf(object, 'Ready')
  return ready?.status === 'True' ? READY : waiting(said(ready) || `it is ${String(phase ?? 'Pending')}`)
}

function job(object: JsonObject): Readiness {
  if (conditionOf(object, 'Complete')?.status === 'True') return READY
  const broken = conditionOf(object, 'Failed')
  if (broken?.status === 'True') return failed(said(broken))
  return waiting(`${count(object, 'status', 'succeeded')} of ${inside(object, 'spec', 'completions') === undefined ? 1 : count(object, 'spec', 'completions')} pods have ended well, ${count(object, 'status', 'failed')} failed`)
}

const established = (type: string) => (object: JsonObject): Readiness => {
  const found = conditionOf(object, type)
  return found?.status === 'True' ? READY : waiting(said(found) || `it is not ${type} yet`)
}

/** Synced counts for the version that it was said of alone. */
function sealedSecret(object: JsonObject): Readiness {
  const synced = conditionOf(object, 'Synced')
  if (!synced || !isSeen(object)) return UNSEEN
  return synced.status === 'True' ? READY : failed(said(synced) || 'the controller could not open it')
}

const BY_KIND: Readonly<Record<string, (object: JsonObject) => Readiness>> = {
  Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet, Pod: pod, Job: job, CustomResourceDefinition: established('Established'), APIService: established('Available'), SealedSecret: sealedSecret,
}
