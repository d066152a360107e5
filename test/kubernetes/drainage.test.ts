import { expect, test } from 'vitest'
import { blockersOf, drainageOf } from '../../src/kubernetes/drainage.ts'
import type { JsonObject } from '../../src/kubernetes/field-set.ts'
import { selects } from '../../src/kubernetes/label-selector.ts'
import { parseQuantity } from '../../src/kubernetes/names.ts'

const pod = (name: string, more: { readonly owner?: string; readonly metadata?: JsonObject; readonly spec?: JsonObject; readonly phase?: string } = {}): JsonObject => ({
  kind: 'Pod', metadata: { name, namespace: 'shop', labels: { app: name }, ...(more.owner ? { ownerReferences: [{ kind: more.owner, controller: true }] } : {}), ...more.metadata }, spec: more.spec ?? {}, status: { phase: more.phase ?? 'Running' },
})
const strict = { force: false, ignore_daemonsets: false, delete_emptydir_data: false }
const names = (pods: readonly JsonObject[]) => pods.map(({ metadata }) => (metadata as JsonObject).name)

test('pods of the kubelet stay, those of DaemonSets only where they may', () => {
  const pods = [pod('static', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }), pod('agent', { owner: 'DaemonSet' }), pod('web', { owner: 'ReplicaSet' })]
  expect(drainageOf(pods, strict)).toMatchObject({ forbidden: ['shop/agent is of a DaemonSet, which would start anew: ignore_daemonsets: true allows it'] })
  const { leaving, forbidden } = drainageOf(pods, { ...strict, ignore_daemonsets: true })
  expect([names(leaving), forbidden]).toEqual([['web'], []])
})

test('what would be lost needs to be allowed, what has ended is nobody\'s loss', () => {
  const pods = [pod('single'), pod('data', { owner: 'ReplicaSet', spec: { volumes: [{ name: 'a', emptyDir: {} }] } }), pod('done', { phase: 'Succeeded', spec: { volumes: [{ name: 'a', emptyDir: {} }] } }), pod('ending', { metadata: { deletionTimestamp: 'now' } })]
  const { leaving, ending, forbidden } = drainageOf(pods, strict)
  expect(forbidden).toEqual(['shop/single nobody would start elsewhere: force: true allows it', 'shop/data would lose data in an emptyDir: delete_emptydir_data: true allows it'])
  expect([names(leaving), names(ending)]).toEqual([['single', 'data', 'done'], ['ending']])
})

test('a budget of another namespace, or that still allows one, is not what keeps a pod', () => {
  const budget = (namespace: string, allowed: number): JsonObject => ({ metadata: { name: 'all', namespace }, spec: { selector: { matchLabels: { app: 'web' } } }, status: { disruptionsAllowed: allowed, currentHealthy: 2, desiredHealthy: 2 } })
  const left = { leaving: [pod('web')], ending: [pod('slow', { metadata: { deletionGracePeriodSeconds: 60, finalizers: ['a/b'] } })] }
  expect(blockersOf(left, [budget('other', 0), budget('shop', 1)])[0]).toBe('pod shop/web: it has not gone yet')
  expect(blockersOf(left, [budget('shop', 0)])).toEqual(['pod shop/web: the PodDisruptionBudget all allows no pod to go (2 healthy, 2 wanted)', 'pod shop/slow: it is ending, and has 60 s to do so; its finalizers have not let it go: a/b'])
})

test('selectors choose as the API does', () => {
  const labels = { app: 'web', tier: 'front' }
  expect([{}, { matchLabels: { app: 'web' } }, { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'x'] }, { key: 'none', operator: 'DoesNotExist' }, { key: 'tier', operator: 'NotIn', values: ['back'] }, { key: 'none', operator: 'NotIn', values: ['a'] }] }].map((selector) => selects(selector, labels))).toEqual([true, true, true])
  expect([null, undefined, { matchLabels: { app: 'x' } }, { matchExpressions: [{ key: 'none', operator: 'Exists' }] }, { matchExpressions: [{ key: 'none', operator: 'In', values: ['a'] }] }].map((selector) => selects(selector, labels))).toEqual([false, false, false, false, false])
})

test('quantities', () => {
  expect(['1', '0.5', '.5', '500m', '1k', '1Ki', '2Gi', '1e3', '1E3', '-1', '1u'].map(parseQuantity)).toEqual([1, 0.5, 0.5, 0.5, 1000, 1024, 2 * 1024 ** 3, 1000, 1000, -1, 1e-6])
  expect(['', '1 Gi', '1GB', 'Gi', '1KI', '0x10', '1,5'].map(parseQuantity)).toEqual([undefined, undefined, undefined, undefined, undefined, undefined, undefined])
})
