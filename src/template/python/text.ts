import { Float, Tuple, TemplateString, VaultString, isDict, type Value } from '../../value/value.ts'
import { isView, unfold, Callable } from '../objects.ts'
import { Undefined } from '../undefined.ts'
import { need } from '../unknown-reached.ts'
import { isList } from './kind.ts'

/** Python's `str()`. */
export function str(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : floatText(value)
  if (value instanceof Undefined) return value.lenient ? '' : value.raise()
  return repr(value)
}

/** Python's `repr()`: text in quotes, `None`, `True`, tuples in parentheses. */
export function repr(value: Value): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return reprText(value)
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : floatText(value)
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Float) return floatText(value.value)
  if (value instanceof Tuple) return value.length === 1 ? `(${repr(value[0]!)},)` : `(${Array.from(value, repr).join(', ')})`
  if (isList(value)) return `[${value.map((item) => repr(item)).join(', ')}]`
  if (isDict(value)) return `{${Array.from(value, ([key, item]) => `${repr(key)}: ${repr(item)}`).join(', ')}}`
  return reprObject(value)
}
function reprObject(value: Value): string {
  need(value)
  if (isView(value)) return repr(unfold(value))
  if (value instanceof Callable) return `<function ${value.name}>`
  if (value instanceof TemplateString || value instanceof VaultString) return '<template>'
  if (typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'function') return String(value.text())
  return `<${(value as { opaque: string }).opaque}>`
}

/** A float as Python prints it: shortest exact digits, exponent from 1e16 and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const [, sign = '', first = '', rest = '', power = ''] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential())!
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    return `${sign}${first}${rest ? `.${rest}` : ''}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${first}${rest}`
  const digits = (first + rest).padEnd(exponent + 1, '0')
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1) || '0'}`
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }
function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\n\r\t\\]|[\p{C}\p{Zl}\p{Zp}]|\p{Zs}/gu, (char) => ESCAPES[char] ?? (char === ' ' ? char : hexEscape(char)))
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
}
function hexEscape(char: string): string {
  const code = char.codePointAt(0)!
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}
