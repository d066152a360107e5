import { isUnknown, type Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { getItem } from '../python/access.ts'
import { flag, isList, truthy, typeName } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { TemplateError } from '../template-error.ts'
import { Undefined } from '../undefined.ts'

function mandatory(value: Value, message: Value | undefined): Value {
  if (!(value instanceof Undefined)) return value
  const subject = `Mandatory variable ${value.subject ? `'${value.subject}' ` : ''} not defined.`
  throw new TemplateError('failed', message === undefined || message === null ? subject : str(message), { place: value.place })
}

/** Filters that look at what is not there or not known. */
export const chooseFilters = [
  filter('default d', 'default_value? boolean?', (value, [fallback, whenFalse]) => {
    if (isUnknown(value)) return value
    const missing = value instanceof Undefined || (flag(whenFalse) && !truthy(value))
    return missing ? fallback === undefined ? '' : fallback : value
  }, 'undefined', 'unknown', 'view'),
  filter('mandatory', 'msg?', (value, [message]) => mandatory(value, message), 'undefined'),
  filter('type_debug', '', (value) => typeName(value), 'undefined', 'view'),
  filter('ternary', 'true_val false_val none_val?', (value, [yes, no, none]) => {
    if (isUnknown(value)) return value
    if (value === null && none !== undefined && none !== null) return none
    return truthy(value) ? yes! : no!
  }, 'undefined', 'unknown', 'view'),
  filter('extract', 'container morekeys?', (value, [container, more]) => {
    const keys = more === undefined || more === null ? [] : isList(more) ? more : [more]
    return keys.reduce<Value>((at, key) => getItem(at, key), value instanceof Undefined ? value : getItem(container!, value))
  }, 'undefined', 'view'),
]
