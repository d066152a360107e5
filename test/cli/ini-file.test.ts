import { expect, test } from 'vitest'
import { parseIniFile } from '../../src/cli/ini-file.ts'

test('sections, comments, continued values', () => {
  const sections = parseIniFile('# c\n[a]\nx = 1 ; why\nY: two words\n; c\nlist = one,\n  two\n[b]\nz=a#b\n')
  expect([...sections.get('a')!]).toEqual([['x', '1'], ['y', 'two words'], ['list', 'one,\ntwo']])
  expect(sections.get('b')!.get('z')).toBe('a#b')
})
