import { expect, test } from 'vitest'
import { compareVersions, isInRange } from '../../src/galaxy/version.ts'

test('versions in order', () => {
  const ordered = ['nonsense', '0.9.0', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.2', '1.0.0-alpha.10', '1.0.0-beta', '1.0.0', '1.2.0', '1.10.0', 'v2.0']
  expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered)
})
test.each([
  ['1.2.0', '*', true], ['1.2.0', '>=1.0,<2', true], ['2.0.0', '>=1.0,<2', false], ['1.2.0', '1.2.0', true], ['1.2.1', '==1.2.0', false], ['1.2.1', '!=1.2.0', true],
  ['2.0.0-rc.1', '*', false], ['2.0.0-rc.1', '2.0.0-rc.1', true], ['2.0.0-rc.1', '>=2.0.0-rc.0', true], ['1.0.0', '~1.0', false],
])('%s in %s: %s', (version, range, expected) => expect(isInRange(version, range)).toBe(expected))
test('early versions where they are asked for', () => expect(isInRange('2.0.0-rc.1', '*', true)).toBe(true))
