import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/kubernetes/field-set.ts'
import { readinessOf } from '../../src/kubernetes/readiness.ts'

const why = (object: JsonObject): string => {
  const found = readinessOf({ metadata: { generation: 2 }, ...object })
  return found.state === 'ready' ? 'ready' : `${found.state}: ${found.why}`
}

describe('what a kind has for ready', () => {
  test.each<[string, JsonObject, string]>([
    ['Deployment', { status: { observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3 } }, 'waiting: its controller has not looked at it yet'],
    ['Deployment', { spec: { replicas: 3 }, status: { observedGeneration: 2, replicas: 3, updatedReplicas: 2, availableReplicas: 3 } }, 'waiting: 2 of 3 pods are of the new version'],
    ['Deployment', { spec: { replicas: 3 }, status: { observedGeneration: 2, replicas: 4, updatedReplicas: 3, availableReplicas: 3 } }, 'waiting: 1 pods of an old version are still there'],
    ['Deployment', { spec: { replicas: 3 }, status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 1 } }, 'waiting: 1 of 3 pods are available'],
    ['Deployment', { spec: { replicas: 3 }, status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 3 } }, 'ready'],
    ['Deployment', { spec: { replicas: 0 }, status: { observedGeneration: 2 } }, 'ready'],
    ['Deployment', { status: { observedGeneration: 2, conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded', message: 'too late' }] } }, 'failed: too late'],
    ['StatefulSet', { spec: { replicas: 3 }, status: { observedGeneration: 2, updatedReplicas: 2, readyReplicas: 3 } }, 'waiting: 2 of 3 pods are of the new version'],
    ['StatefulSet', { spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 1 } } }, status: { observedGeneration: 2, updatedReplicas: 2, readyReplicas: 3 } }, 'ready'],
    ['StatefulSet', { spec: { replicas: 3, updateStrategy: { type: 'OnDelete' } }, status: { observedGeneration: 2, updatedReplicas: 0, readyReplicas: 2 } }, 'waiting: 2 of 3 pods are ready'],
    ['DaemonSet', { status: { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 } }, 'waiting: 2 of 3 pods are available'],
    ['DaemonSet', { status: { observedGeneration: 2, desiredNumberScheduled: 0 } }, 'ready'],
    ['Pod', { status: { phase: 'Pending' } }, 'waiting: it is Pending'],
    ['Pod', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, 'ready'],
    ['Pod', { status: { phase: 'Succeeded' } }, 'ready'],
    ['Pod', { status: { phase: 'Failed', reason: 'Evicted', message: 'no disk' } }, 'failed: Evicted: no disk'],
    ['Job', { spec: { completions: 3 }, status: { succeeded: 1, failed: 2 } }, 'waiting: 1 of 3 pods have ended well, 2 failed'],
    ['Job', { status: { conditions: [{ type: 'Complete', status: 'True' }] } }, 'ready'],
    ['Job', { status: { conditions: [{ type: 'Failed', status: 'True', reason: 'DeadlineExceeded' }] } }, 'failed: DeadlineExceeded'],
    ['CustomResourceDefinition', {}, 'waiting: it is not Established yet'],
    ['SealedSecret', { status: { observedGeneration: 1, conditions: [{ type: 'Synced', status: 'True' }] } }, 'waiting: its controller has not looked at it yet'],
    ['SealedSecret', { status: { observedGeneration: 2, conditions: [{ type: 'Synced', status: 'False', message: 'no key could decrypt secret' }] } }, 'failed: no key could decrypt secret'],
    ['SealedSecret', { status: { observedGeneration: 2, conditions: [{ type: 'Synced', status: 'True' }] } }, 'ready'],
    ['ConfigMap', {}, 'ready'],
  ])('%s %#', (kind, object, wanted) => expect(why({ kind, ...object })).toBe(wanted))
})

test('a condition that is asked for stands in place of what the kind has for ready', () => {
  const object = { kind: 'Deployment', status: { conditions: [{ type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused' }] } }
  expect(readinessOf(object, { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused' })).toEqual({ state: 'ready' })
  expect(readinessOf(object, { type: 'Progressing', status: 'Unknown', reason: 'Other' })).toEqual({ state: 'waiting', why: 'Progressing is Unknown for another reason: DeploymentPaused' })
  expect(readinessOf(object, { type: 'Progressing', status: 'True', reason: undefined })).toEqual({ state: 'waiting', why: 'Progressing is Unknown (DeploymentPaused)' })
  expect(readinessOf(object, { type: 'Available', status: 'True', reason: undefined })).toEqual({ state: 'waiting', why: 'it has no condition Available yet' })
})
