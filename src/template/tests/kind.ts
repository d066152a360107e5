import { Float, isUnknown, type Value } from '../../value/value.ts'
import { test } from '../define.ts'
import { Callable, Range, isView } from '../objects.ts'
import { flag, isFloat, isInt, isList, isMapping, isNumber, truthy } from '../python/kind.ts'
import { toBool } from '../filters/number.ts'
import { Undefined } from '../undefined.ts'

const holdsItems = (value: Value): boolean => typeof value === 'string' || isList(value) || isMapping(value)

/** What a value is. An unknown is defined; what else it is cannot be said. */
export const kindTests = [
  test('defined', '', (value) => !(value instanceof Undefined), 'undefined', 'unknown', 'view'),
  test('undefined', '', (value) => value instanceof Undefined, 'undefined', 'unknown', 'view'),
  test('none', '', (value) => value === null, 'undefined', 'view'),
  test('string', '', (value) => typeof value === 'string', 'undefined', 'view'),
  test('number', '', isNumber, 'undefined', 'view'),
  test('boolean', '', (value) => typeof value === 'boolean', 'undefined', 'view'),
  test('integer', '', isInt, 'undefined', 'view'),
  test('float', '', isFloat, 'undefined', 'view'),
  test('mapping', '', isMapping, 'undefined', 'view'),
  test('sequence', '', (value) => holdsItems(value) && !isView(value), 'undefined', 'view'),
  test('iterable', '', (value) => holdsItems(value) || value instanceof Range, 'view'),
  test('callable', '', (value) => value instanceof Callable, 'undefined', 'view'),
  test('true', '', (value) => value === true, 'undefined'),
  test('false', '', (value) => value === false, 'undefined'),
  test('truthy', 'convert_bool?', (value, [convert]) => truthy(flag(convert) ? toBool(value) : value)),
  test('falsy', 'convert_bool?', (value, [convert]) => !truthy(flag(convert) ? toBool(value) : value)),
  test('nan isnan', '', (value) => value instanceof Float && Number.isNaN(value.value)),
  test('escaped', '', () => false),
  test('sameas', 'other', (value, [other]) => (isUnknown(value) ? value : Object.is(value, other)), 'undefined', 'unknown', 'view'),
  test('filter', '', (value, _args, { call }) => call.scope.environment.filters.has(String(value))),
  test('test', '', (value, _args, { call }) => call.scope.environment.tests.has(String(value))),
]
