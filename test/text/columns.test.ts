import { expect, test } from 'vitest'
import { columns, widthOf, wrap } from '../../src/text/columns.ts'

test('columns are as wide as their widest cell, numbers stand right', () => expect(columns([['a', 1, 'x'], ['long', 100, '']])).toBe('a       1  x\nlong  100'))
test.each([['abc', 3], ['über', 4], ['日本', 4], ['e\u0301', 1], ['\x1b[31mred\x1b[0m', 3], ['🙂', 2]])('%j is %i wide', (text, width) => expect(widthOf(text)).toBe(width))
test('wrap breaks at spaces', () => expect(wrap('one two three extraordinarily', 9, '  ')).toBe('  one two\n  three\n  extraordinarily'))
