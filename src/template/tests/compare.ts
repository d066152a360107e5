import { isUnknown } from '../../value/value.ts'
import { test } from '../define.ts'
import { compare, contains, equal, includes } from '../python/compare.ts'
import { isNumber, iterate, numberOf, truthy } from '../python/kind.ts'
import { calculate } from '../python/operators.ts'
import { fail } from '../template-error.ts'

const remainder = (value: Parameters<typeof calculate>[1], by: Parameters<typeof calculate>[1]): number =>
  isNumber(value) ? numberOf(calculate('%', value, by)) : fail('a number is needed')

export const compareTests = [
  test('eq equalto ==', 'other', (value, [other]) => equal(value, other!)),
  test('ne !=', 'other', (value, [other]) => !equal(value, other!)),
  test('gt greaterthan >', 'other', (value, [other]) => compare(value, other!, '>') > 0),
  test('ge >=', 'other', (value, [other]) => compare(value, other!, '>=') >= 0),
  test('lt lessthan <', 'other', (value, [other]) => compare(value, other!, '<') < 0),
  test('le <=', 'other', (value, [other]) => compare(value, other!, '<=') <= 0),
  test('in', 'seq', (value, [box]) => contains(box!, value), 'view'),
  test('contains', 'seq', (value, [item]) => contains(value, item!), 'view'),
  test('even', '', (value) => remainder(value, 2) === 0),
  test('odd', '', (value) => remainder(value, 2) === 1),
  test('divisibleby', 'num', (value, [by]) => remainder(value, by!) === 0),
  test('subset issubset', 'b', (value, [other]) => iterate(value).every((item) => includes(iterate(other!), item))),
  test('superset issuperset', 'b', (value, [other]) => iterate(other!).every((item) => includes(iterate(value), item))),
  test('all', '', (value) => iterate(value).find(isUnknown) ?? iterate(value).every(truthy)),
  test('any', '', (value) => iterate(value).some((item) => !isUnknown(item) && truthy(item)) || (iterate(value).find(isUnknown) ?? false)),
]
