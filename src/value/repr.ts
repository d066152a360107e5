import { Float, Tuple, type Value, isDict } from './value.ts'

/** Python's `repr()`: text in quotes, `None`, `True`, tuples in parentheses. `other` writes what is neither plain nor made of what is plain. */
export function repr(value: Value, other: (value: Value) => string): string {
  const inner = (item: Value): string => repr(item, other)
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return reprText(value)
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : floatText(value)
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Float) return floatText(value.value)
  if (value instanceof Tuple) return value.length === 1 ? `(${inner(value[0]!)},)` : `(${Array.from(value, inner).join(', ')})`
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`
  if (isDict(value)) return `{${Array.from(value, ([key, item]) => `${inner(key)}: ${inner(item)}`).join(', ')}}`
  return other(value)
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
