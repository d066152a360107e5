import { floatText, repr as plainRepr } from '../../value/repr.ts'
import { TemplateString, VaultString, type Value } from '../../value/value.ts'
import { isView, unfold, Callable } from '../objects.ts'
import { Undefined } from '../undefined.ts'
import { need } from '../unknown-reached.ts'

/** Python's `str()`. */
export function str(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : floatText(value)
  if (value instanceof Undefined) return value.lenient ? '' : value.raise()
  return repr(value)
}

/** Python's `repr()`: text in quotes, `None`, `True`, tuples in parentheses. */
export const repr = (value: Value): string => plainRepr(value, reprObject)

function reprObject(value: Value): string {
  need(value)
  if (isView(value)) return repr(unfold(value))
  if (value instanceof Callable) return `<function ${value.name}>`
  if (value instanceof TemplateString || value instanceof VaultString) return '<template>'
  if (typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'function') return String(value.text())
  return `<${(value as { opaque: string }).opaque}>`
}
