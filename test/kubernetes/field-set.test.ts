import { expect, test } from 'vitest'
import { type JsonObject, conflictsOf, fieldsOf, ownFields, sameJson } from '../../src/kubernetes/field-set.ts'

const object = (spec: JsonObject, ...managers: readonly (readonly [string, string, object])[]): JsonObject => ({ spec, metadata: { managedFields: managers.map(([manager, operation, fieldsV1]) => ({ manager, operation, fieldsV1 })) } } as unknown as JsonObject)

test('fields are found by name, by the keys of an item, by value and by index', () => {
  const found = fieldsOf({ ports: [{ port: 80, name: 'a' }, { port: 81, name: 'b' }], finalizers: ['x', 'y'], args: ['p', 'q'], labels: { 'a.b/c': 'd' } }, {
    'f:ports': { 'k:{"port":81}': { '.': {}, 'f:name': {} } }, 'f:finalizers': { 'v:"y"': {} }, 'f:args': { 'i:0': {} }, 'f:labels': { 'f:a.b/c': {} }, 'f:gone': { 'f:x': {} },
  })
  expect([...found]).toEqual([['ports[port=81].name', 'b'], ['finalizers[y]', 'y'], ['args[0]', 'p'], ['labels["a.b/c"]', 'd']])
})

test('a thing of which only that it is there belongs to us', () => {
  expect([...fieldsOf({ volumes: [{ name: 'a', emptyDir: { medium: 'Memory' } }] }, { 'f:volumes': { 'k:{"name":"a"}': { '.': {} } } })]).toEqual([['volumes[name=a]', {}]])
})

test('what left our manifest was ours before, and is seen to go', () => {
  const current = object({ a: 1, b: 2, c: 3 }, ['tutti', 'Apply', { 'f:spec': { 'f:a': {}, 'f:b': {} } }], ['other', 'Update', { 'f:spec': { 'f:c': {} } }])
  const applied = object({ a: 1, c: 3 }, ['tutti', 'Apply', { 'f:spec': { 'f:a': {} } }])
  const { before, after } = ownFields(current, applied, 'tutti')
  expect([[...before], [...after]]).toEqual([[['spec.a', 1], ['spec.b', 2]], [['spec.a', 1]]])
})

test('another owner is a conflict only where the value is another one', () => {
  const current = object({ a: 1, b: 2 }, ['hand', 'Update', { 'f:spec': { 'f:a': {}, 'f:b': {} } }])
  const applied = object({ a: 1, b: 3 }, ['tutti', 'Apply', { 'f:spec': { 'f:a': {}, 'f:b': {} } }])
  expect(conflictsOf(current, applied, 'tutti')).toEqual([{ path: 'spec.b', found: 2, wanted: 3, manager: 'hand' }])
  expect(conflictsOf(undefined, applied, 'tutti')).toEqual([])
})

test('values are compared as JSON', () => {
  expect(sameJson({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true)
  for (const other of [{ a: [1] }, { a: [1, {}] }, { a: [1, { b: null }], c: 1 }, [], null, undefined]) expect(sameJson({ a: [1, { b: null }] }, other)).toBe(false)
})
