import { expect, test } from 'vitest'
import { Float, Tuple } from '../../src/value/value.ts'
import { parsePythonLiteral } from '../../src/inventory/python-literal.ts'

test.each<[string, unknown]>([
  ['1', 1], ['-1', -1], ['+1', 1], ['1_000', 1000], ['0x1F', 31], ['0o17', 15], ['0b11', 3], ['00', 0], ['1.5', 1.5], ['1.0', new Float(1)], ['1e3', new Float(1000)], ['.5', 0.5], ['99999999999999999999', 99999999999999999999n],
  ['True', true], ['False', false], ['None', null], ['"x"', 'x'], ["'x' \"y\"", 'xy'], ["r'\\d'", '\\d'], ["'\\x41\\n\\101\\q'", 'A\nA\\q'], ["'''a'b'''", "a'b"],
  ['[1, "a", [True,],]', [1, 'a', [true]]], ["{'a': {'b': None}}", new Map([['a', new Map([['b', null]])]])], ['(1, 2)', Tuple.from([1, 2])], ['(1,)', Tuple.from([1])], ['(1)', 1], ['()', new Tuple()], ['1, 2', Tuple.from([1, 2])],
  ['80 # a comment', 80],
])('%s', (text, value) => {
  expect(parsePythonLiteral(text)).toEqual(value)
})

test.each(['true', 'yes', 'null', '0644', '1.2.3', '10.0.0.1', 'x', 'a b', '[1, 2', '{1}x', "'open", 'True1', '1 2', '', "{'a'}", '[a]', '{{ x }}', '-"a"'])('%s is a text', (text) => {
  expect(parsePythonLiteral(text)).toBe(undefined)
})
