import { expect, test } from 'vitest'
import { showJson } from '../../src/report/show-json.ts'
import { Float, TemplateString, VaultString, dict, fresh } from '../../src/value/value.ts'

test('as Ansible prints it: sorted keys, spaces, characters as they are', () => {
  expect(showJson(dict({ b: [1, null, true], a: 'ü\n' }))).toBe('{"a": "ü\\n", "b": [1, null, true]}')
  expect(showJson(dict({ a: [1], e: new Map(), l: [] }), 4)).toBe('{\n    "a": [\n        1\n    ],\n    "e": {},\n    "l": []\n}')
})
test('values that JSON has no word for', () => {
  const values = dict({ big: 12345678901234567890n, float: new Float(3), later: fresh('a restart'), template: new TemplateString('{{ x }}'), vault: new VaultString('c', () => 'secret') })
  expect(showJson(values)).toBe('{"big": 12345678901234567890, "float": 3.0, "later": "<unknown: a restart>", "template": "{{ x }}", "vault": "<vault>"}')
  expect(showJson(new Map([[1, 'a'], [null, 'b']] as const))).toBe('{"1": "a", "null": "b"}')
})
