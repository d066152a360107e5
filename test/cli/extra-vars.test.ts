import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readExtraVars } from '../../src/cli/extra-vars.ts'
import { TemplateString, dict } from '../../src/value/value.ts'
import { project } from '../playbook/project.ts'

test('words are text, later ones win', () => expect(readExtraVars(['a=1 b="x y"', 'a=2'])).toEqual(dict({ a: '2', b: 'x y' })))
test('YAML and JSON keep their types', () => expect(readExtraVars(['{"a": 1, "b": [true]}', '{c: x}'])).toEqual(dict({ a: 1, b: [true], c: 'x' })))
test('files', () => expect(readExtraVars([`@${join(project({ 'v.yml': 'a: 1\n' }), 'v.yml')}`])).toEqual(dict({ a: 1 })))
test('a name that stands twice is refused, unless a setting says otherwise', () => {
  expect(() => readExtraVars(['{a: 1, a: 2}'])).toThrow(/duplicate dict key/)
  expect(readExtraVars(['{a: 1, a: 2}'], undefined, 'ignore')).toEqual(dict({ a: 2 }))
})
test('templates are rendered later', () => expect(readExtraVars(['a={{ b }}']).get('a')).toBeInstanceOf(TemplateString))
test('words without a name are left out where somebody is told', () => {
  const told: string[] = []
  expect(readExtraVars(['a=1 word b: c'], undefined, 'refuse', ({ detail }) => told.push(detail!))).toEqual(dict({ a: '1' }))
  expect(told).toEqual([expect.stringContaining('word b: c')])
})
test.each(['word', 'a=1 word', '[1]', 'a="x'])('%j is refused', (text) => expect(() => readExtraVars([text])).toThrow(/name=value/))
