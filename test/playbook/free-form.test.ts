import { expect, test } from 'vitest'
import { parseFreeForm, splitWords } from '../../src/playbook/free-form.ts'

const words = (text: string) => splitWords(text)?.map((word) => word.text)

test.each([
  ['a b=c', ['a', 'b=c']], ['a="b c" d', ['a="b c"', 'd']], ["a='b \"c' d", ["a='b \"c'", 'd']], ['a={{ b | c("d e") }} f', ['a={{ b | c("d e") }}', 'f']],
  ['a={% if b %} c {% endif %} d', ['a={% if b %}', 'c', '{% endif %}', 'd']], ['a=b\\ c d', ['a=b\\ c', 'd']], ['  ', []], ["it's {{ 'a' }}'", ["it's {{ 'a' }}'"]],
])('splits %j', (text, expected) => expect(words(text)).toEqual(expected))
test.each(['a="b', 'a={{ b', "it's"])('finds the quote that is open in %j', (text) => expect(words(text)).toBeUndefined())

test('names and values, without quotes and escapes', () => {
  expect(parseFreeForm('a="b c" d=\'e\' f=g\\=h i="j\\"k"')?.named.map(({ name, value }) => [name, value])).toEqual([['a', 'b c'], ['d', 'e'], ['f', 'g=h'], ['i', 'j"k']])
})
test("escapes of Python's texts mean in a value what they mean there; others stay", () => {
  expect(parseFreeForm(String.raw`a='\b(.+)\b' b='\\b' c='"\1"' d=\x41\u00e9`)?.named.map(({ value }) => value)).toEqual(['\b(.+)\b', '\\b', '"\\1"', 'Aé'])
})
test.each([
  ['cat <<E\n a\n  b\nE\n', 'cat <<E\n a\n  b\nE\n'], ['chdir=/tmp\n\necho a\n', 'echo a\n'], ['echo a \\\n"b" \\\n   c\necho d\n', 'echo a "b"   c\necho d\n'],
  ["echo 'a \\\nb'", "echo 'a \\\nb'"], ['echo a chdir=/tmp\necho b', 'echo a echo b'], ['echo a chdir=/tmp', 'echo a'], ['echo a \nchdir=/tmp\n', 'echo a \n'], [' \n', ''],
])('the command of %j', (text, command) => expect(parseFreeForm(text, new Set(['chdir']))?.rest).toBe(command))
test('a command keeps its own spaces, lines and equal signs', () => {
  const parsed = parseFreeForm('FOO=1 run  "a  b" \\\n  --x=y  chdir=/tmp creates="/a b" z', new Set(['chdir', 'creates']))
  expect(parsed?.named.map(({ name, value }) => [name, value])).toEqual([['chdir', '/tmp'], ['creates', '/a b']])
  expect(parsed?.rest).toBe('FOO=1 run  "a  b"  --x=y  z')
})
