import { expect, test } from 'vitest'
import { isSelectedByTags, splitTags } from '../../src/playbook/tags.ts'

// [own tags, --tags, --skip-tags, selected], each watched on ansible-core 2.19.
test.each([
  ['', '', '', true], ['a', '', '', true], ['never', '', '', false], ['never,a', 'a', '', true], ['never', 'all', '', false], ['never', 'never', '', true],
  ['a', 'b', '', false], ['a,b', 'b', '', true], ['', 'a', '', false], ['always', 'a', '', true], ['', 'untagged', '', true], ['a', 'untagged', '', false],
  ['a', 'tagged', '', true], ['', 'tagged', '', false], ['never', 'tagged', '', false], ['a', '', 'a', false], ['a', '', 'b', true], ['always', '', 'a', true],
  ['always', '', 'always', false], ['', '', 'all', false], ['always', '', 'all', true], ['a', '', 'tagged', false], ['', '', 'tagged', true], ['', '', 'untagged', false], ['a', 'a', 'a', false],
])('tags %j with --tags %j --skip-tags %j: %j', (own, tags, skip, selected) => {
  expect(isSelectedByTags(splitTags([own]), splitTags([tags]), splitTags([skip]))).toBe(selected)
})
test('tags are split at commas', () => expect(splitTags(['a, b', 'c,'])).toEqual(['a', 'b', 'c']))
