import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { evaluate } from '../../../src/template/template.ts'
import { toJson } from '../../../src/value/json.ts'
import { scopeOf } from '../scope-of.ts'

const folder = mkdtempSync(join(tmpdir(), 'tutti-lookups-'))
afterAll(() => rmSync(folder, { recursive: true }))
const FILES: Readonly<Record<string, string | Buffer>> = {
  'a.ini': '[DEFAULT]\nbase = /x\n[a]\nkey = %(base)s/y\nOther : v  ; c\nmulti = one\n  two\n\n  three\n# c\nbare\n',
  'b.ini': '[a]\nk1=1\nk2=2\n', 'twice.ini': '[a]\nk=1\nk=2\n', 'latin.ini': Buffer.from('[a]\nk=\xe9t\xe9\n', 'latin1'), 'a.properties': 'k.x = 1\n',
  'p.csv': '# head\nSmith,Jane,"a, b"\n"Von X",Y,"crazy"@z\n"""The Rock"" J",D,\n', 'dict.j2': '{"a": "{{ 1 + 1 }}", "b": [true, null, -1]}\n', 'plain.j2': '{a: 1}',
}
for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, name), content)
const value = (expression: string) => toJson(evaluate(expression, scopeOf({}, { searchPaths: () => [folder] })))

describe('ini', () => {
  test.each([
    ["lookup('ini', 'key', file='a.ini', section='a', allow_no_value=true)", '/x/y'], ["lookup('ini', 'key', file='a.ini', section='a', allow_no_value=true, interpolation=false)", '%(base)s/y'],
    ["lookup('ini', 'other section=a file=a.ini allow_none=true')", 'v  ; c'], ["lookup('ini', 'multi', file='a.ini', section='a', allow_no_value=true)", 'one\ntwo\n\nthree'],
    ["lookup('ini', 'bare', file='a.ini', section='a', allow_no_value=true)", []], ["lookup('ini', 'k[0-9] section=a file=b.ini re=true')", '1,2'],
    ["lookup('ini', 'k', file='latin.ini', section='a', encoding='iso8859-1')", 'été'], ["lookup('ini', 'k.x', type='properties', file='a.properties')", '1'],
  ])('%s', (expression, expected) => expect(value(expression)).toEqual(expected))
  test.each([
    ["lookup('ini', 'key', file='a.ini', section='a')", 'Source contains parsing errors'], ["lookup('ini', 'k', file='twice.ini', section='a')", "Duplicate option in 'twice.ini'"],
    ["lookup('ini', 'k', file='b.ini', section='x')", "No section: 'x'"], ["lookup('ini', 'invalid=option')", "'invalid' is not a valid option"],
    ["lookup('ini', 'file=b.ini', 'k1', section='a')", 'No key to lookup was provided'],
  ])('%s is refused', (expression, message) => expect(() => value(expression)).toThrow(message))
})

test.each([
  ["lookup('csvfile', 'Smith', file='p.csv', delimiter=',', col=2)", 'a, b'], ["lookup('csvfile', 'Von X file=p.csv delimiter=, col=2')", 'crazy@z'], ["lookup('csvfile', '\"The Rock\" J file=p.csv delimiter=,')", 'D'],
  ["lookup('csvfile', 'nobody file=p.csv delimiter=,')", []], ["lookup('template', 'dict.j2')", { a: '2', b: [true, null, -1] }],
  ["lookup('template', 'dict.j2', convert_data=false)", '{"a": "2", "b": [true, null, -1]}\n'], ["lookup('template', 'plain.j2')", '{a: 1}'],
])('%s', (expression, expected) => expect(value(expression)).toEqual(expected))
