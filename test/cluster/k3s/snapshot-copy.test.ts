import { expect, test } from 'vitest'
import { openCopy, sayAge, sealCopy } from '../../../src/cluster/k3s/snapshot-copy.ts'

const copy = { name: 'a-n1-1', taken: new Date('2026-01-02T03:04:05.678Z'), node: 'n1', version: 'v1.34.2+k3s1', token: 'the token', content: Buffer.from([0, 1, 255, ...Array.from({ length: 5000 }, () => 7)]) }

test('a copy opens to the same bytes, and shows nothing', () => {
  const sealed = sealCopy(copy, 'key')
  expect(openCopy(sealed, 'key', 'f')).toEqual(copy)
  expect(sealed).toMatch(/^\$ANSIBLE_VAULT;1\.1;AES256\n[0-9a-f\n]+$/)
  expect(() => openCopy(sealed, 'other', 'f')).toThrow()
  expect(() => openCopy('nothing', 'key', 'f')).toThrow('This is no copy of a snapshot: f')
})
test.each([[0, 'less than a second'], [1, '1 second'], [61, '1 minute 1 second'], [3600, '1 hour'], [3 * 86400 + 4 * 3600 + 59, '3 days 4 hours'], [-5, 'less than a second']])('%i seconds are %s', (seconds, said) => {
  expect(sayAge(new Date(0), new Date(seconds * 1000))).toBe(said)
})
