import { expect, test } from 'vitest'
import { evaluate } from '../../../src/template/template.ts'
import { scopeOf } from '../scope-of.ts'

const value = (expression: string) => evaluate(expression, scopeOf({}))

test.each([
  ["query('sequence', 'start=0 end=3')", ['0', '1', '2', '3']], ["query('sequence', '1-10/4:host%02d')", ['host01', 'host05', 'host09']], ["query('sequence', '5-3/-1')", ['5', '4', '3']],
  ["query('sequence', 'count=0')", []], ["query('sequence', 'start=0x0f00 count=2 format=%04x')", ['0f00', '0f01']], ["query('sequence', start=1, end=2)", ['1', '2']],
])('%s', (expression, expected) => expect(value(expression)).toEqual(expected))

test.each([
  ["lookup('sequence', 'start=1 junk=3')", "unrecognized arguments to with_sequence: ['junk']"], ["lookup('sequence', 'A-4/2')", "Invalid type for option 'start'"],
  ["lookup('sequence', 'start=1')", 'must specify count or end'], ["lookup('sequence', '4-1')", 'to count backwards make stride negative'],
  ["lookup('sequence', 'start=1 end=4 stride=-2')", "to count forward don't make stride negative"], ["lookup('sequence', 'start=1 end=4 format=d')", 'bad formatting string: d'],
])('%s is refused', (expression, message) => expect(() => value(expression)).toThrow(message))
