import { expect, test } from 'vitest'
import { checkRules } from '../../src/contract/check-rules.ts'

const check = (rules: object, named: readonly string[], values: Readonly<Record<string, unknown>> = {}) =>
  checkRules('m', rules as never, (name) => named.includes(name), (name) => values[name]).map(({ detail }) => detail)

test('one of', () => {
  expect(check({ oneOf: [['a', 'b']] }, [])).toEqual(["module 'm': one of 'a', 'b' must be given"])
  expect(check({ oneOf: [['a', 'b']] }, ['b'])).toEqual([])
})
test('at most one of: a default is not given', () => {
  expect(check({ atMostOneOf: [['a', 'b']] }, ['a'], { a: 1, b: 'default' })).toEqual([])
  expect(check({ atMostOneOf: [['a', 'b']] }, ['a', 'b'])).toEqual(["module 'm': 'a', 'b' exclude each other"])
})
test('together', () => expect(check({ together: [['a', 'b']] }, ['a'])).toHaveLength(1))
test('required if: a default will do', () => {
  expect(check({ requiredIf: [['state', 'present', ['value']]] }, ['state'], { state: 'present' })).toEqual(["module 'm': with state: present, 'value' must be given"])
  expect(check({ requiredIf: [['state', 'present', ['value']]] }, ['state'], { state: 'present', value: 'x' })).toEqual([])
})
