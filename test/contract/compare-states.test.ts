import { expect, test } from 'vitest'
import { compareStates } from '../../src/contract/compare-states.ts'
import { aside } from '../../src/value/aside.ts'
import { fresh, unknown } from '../../src/value/value.ts'

const open = unknown('why')

test.each<[string, unknown, unknown, string]>([
  ['the same', { a: 1, b: [1, { c: 'x' }] }, { a: 1, b: [1, { c: 'x' }] }, 'same'],
  ['another part', { a: 1, b: 2 }, { a: 1, b: 3 }, 'change'],
  ['a part more', { a: 1 }, { a: 1, b: 2 }, 'change'],
  ['bytes', { a: Buffer.from('x') }, { a: Buffer.from('x') }, 'same'],
  ['an unknown found', { a: open }, { a: 1 }, 'unknown'],
  ['an unknown wanted', { a: 1 }, { a: unknown('x') }, 'unknown'],
  ['something surely new', { a: 1 }, { a: fresh('a restart') }, 'change'],
  ['an unknown that is left alone', { a: open, b: 1 }, { a: open, b: 1 }, 'same'],
  ['a sure difference beside an unknown', { a: open, b: 1 }, { a: 2, b: 2 }, 'change'],
  ['what stands aside', { a: 1, b: aside(1) }, { a: 1, b: aside(2) }, 'same'],
])('%s', (_name, before, after, verdict) => expect(compareStates(before, after).verdict).toBe(verdict))

test('says why', () => expect(compareStates({ a: open }, { a: 1 })).toEqual({ verdict: 'unknown', reason: 'why' }))
