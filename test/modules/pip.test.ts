import { expect, test } from 'vitest'
import { fits, normalName } from '../../src/modules/pip.ts'

test.each([
  ['1.10', '>=1.9', true], ['1.0', '==1', true], ['1.0rc1', '>=1.0', false], ['1.0.post1', '>1.0', true], ['2.1', '>=1,<2', false], ['1.4.9', '~=1.4.2', true], ['1.5', '~=1.4.2', false], ['1.4.2', '==1.4.*', true], ['1.40', '==1.4.*', false], ['3', '!=3.*', false],
] as const)('%s %s: %s', (version, limits, expected) => expect(fits(version, limits)).toBe(expected))

test('compares names as pip does', () => expect(normalName('Foo._-Bar')).toBe('foo-bar'))
