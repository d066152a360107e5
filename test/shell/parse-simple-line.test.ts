import { expect, test } from 'vitest'
import { parseSimpleLine } from '../../src/shell/parse-simple-line.ts'

test.each<[string, string[][] | undefined]>([
  ['cat a', [['cat', 'a']]],
  ["cat 'a b' \"c d\" e\\ f", [['cat', 'a b', 'c d', 'e f']]],
  ['cat "a\\"b\\$c"', [['cat', 'a"b$c']]],
  ["a'b'\"c\"d", [['abcd']]],
  ["cat ''", [['cat', '']]],
  ['a | b && c || d; e', [['a'], ['b'], ['c'], ['d'], ['e']]],
  ['a\nb', [['a'], ['b']]],
  ['a >/dev/null 2>&1', [['a']]],
  ['[ a != b ]', [['[', 'a', '!=', 'b', ']']]],
  ['a;', [['a']]],
  ["echo 'x", undefined], ['echo "x', undefined], ['echo \\', undefined], ['a &', undefined], ['a |& b', undefined], ['(a)', undefined], ['a > b', undefined], ['a #b', undefined], ['[[ a ]]', undefined], ['a; ; b', undefined],
])('%s', (line, commands) => expect(parseSimpleLine(line)).toEqual(commands))
