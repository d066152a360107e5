import { expect, test } from 'vitest'
import { compareDebianVersions } from '../../src/host/debian-version.ts'

test.each([
  ['1.0', '<', '1.1'], ['1.9', '<', '1.10'], ['1.0~rc1', '<', '1.0'], ['1.0~~', '<', '1.0~'], ['1:0.9', '>', '2.0'], ['1.0-1', '<', '1.0-2'], ['1.0-1', '>', '1.0'],
  ['1.0', '=', '1.0-0'], ['1.0a', '>', '1.0'], ['1.0a', '<', '1.0+'], ['2.36-9+deb12u10', '>', '2.36-9+deb12u9'], ['1.001', '=', '1.1'], ['1.2.3-4-5', '>', '1.2.3-4'], ['0:1', '=', '1'],
] as const)('%s %s %s', (a, sign, b) => {
  expect(Math.sign(compareDebianVersions(a, b))).toBe({ '<': -1, '=': 0, '>': 1 }[sign])
})
