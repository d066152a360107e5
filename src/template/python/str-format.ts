import type { Value } from '../../value/value.ts'
import type { Keywords } from '../scope.ts'
import { fail } from '../template-error.ts'
import { DateTime, strftime } from './date-time.ts'
import { isFloat, isNumber, lengthOf, numberOf, typeName, wholeOf } from './kind.ts'
import { attributeOf, itemOf } from './member.ts'
import { exponential, fixed, general } from './number-text.ts'
import { floatText } from '../../value/repr.ts'
import { repr, str } from './text.ts'

/** Python's `'{}'.format(…)`. */
export function strFormat(format: string, args: readonly Value[], keywords: Keywords, counter = { next: 0 }): string {
  let text = ''
  for (let i = 0; i < format.length; i++) {
    const char = format[i]!
    if ((char === '{' || char === '}') && format[i + 1] === char) {
      text += char
      i++
    } else if (char === '}') fail("a single '}' in the format string")
    else if (char === '{') {
      const end = closing(format, i)
      text += replaceField(format.slice(i + 1, end), args, keywords, counter)
      i = end
    } else text += char
  }
  return text
}
function closing(format: string, open: number): number {
  let depth = 0
  for (let i = open; i < format.length; i++) {
    if (format[i] === '{') depth++
    else if (format[i] === '}' && --depth === 0) return i
  }
  return fail("an unmatched '{' in the format string")
}
function replaceField(field: string, args: readonly Value[], keywords: Keywords, counter: { next: number }): string {
  const [, path = '', conversion, spec = ''] = /^([^!:]*)(?:!([rsa]))?(?::([^]*))?$/.exec(field) ?? fail('a bad field in the format string')
  const [, first = '', rest = ''] = /^([^.[]*)(.*)$/.exec(path)!
  let value = first === '' ? args[counter.next++] : /^\d+$/.test(first) ? args[Number(first)] : keywords[first]
  for (const step of rest.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
    if (value === undefined) break
    value = step[1] !== undefined ? attributeOf(value, step[1]) : itemOf(value, /^\d+$/.test(step[2]!) ? Number(step[2]) : step[2]!)
  }
  if (value === undefined) return fail(`the format string has a field '${path || counter.next - 1}' that was not given`)
  if (conversion) value = conversion === 's' ? str(value) : repr(value)
  return formatValue(value, spec.includes('{') ? strFormat(spec, args, keywords, counter) : spec)
}

const SPEC = /^(?:([^])?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/
function formatValue(value: Value, spec: string): string {
  if (!spec) return str(value)
  if (value instanceof DateTime) return strftime(spec, value)
  const match = SPEC.exec(spec) ?? fail(`a bad format specification '${spec}'`)
  const [, fill, align, plus, alternate, zero, width, separator, precision, code] = match
  const numeric = isNumber(value)
  if (!numeric && code && code !== 's') return fail(`the format code '${code}' is not for '${typeName(value)}'`)
  const limit = precision === undefined ? undefined : Number(precision)
  let [sign, digits] = numeric ? numberDigits(value, code, limit, alternate) : ['', str(value).slice(0, limit)]
  if (numeric && separator) digits = digits.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, separator))
  if (numeric && !sign && plus && plus !== '-') sign = plus
  const side = align ?? (numeric ? (zero ? '=' : '>') : '<')
  return padded(sign, digits, Number(width ?? 0), side, fill ?? (zero && side === '=' ? '0' : ' '))
}
function padded(sign: string, digits: string, width: number, side: string, fill: string): string {
  const missing = width - lengthOf(sign + digits)
  if (missing <= 0) return sign + digits
  if (side === '=') return sign + fill.repeat(missing) + digits
  const left = side === '<' ? 0 : side === '>' ? missing : missing >> 1
  return fill.repeat(left) + sign + digits + fill.repeat(missing - left)
}
function numberDigits(value: Value, code: string | undefined, precision: number | undefined, alternate: string | undefined): [string, string] {
  if (typeof value === 'boolean' && !code) return ['', str(value)]
  if (!isFloat(value) && (!code || 'bcdnoxX'.includes(code))) return intDigits(wholeOf(value), code, alternate)
  const number = numberOf(value)
  const size = Math.abs(number)
  return [number < 0 || Object.is(number, -0) ? '-' : '', floatDigits(size, code, precision)]
}
function intDigits(value: bigint, code: string | undefined, alternate: string | undefined): [string, string] {
  const size = value < 0n ? -value : value
  if (code === 'c') return ['', String.fromCodePoint(Number(size))]
  const digits = size.toString(code === 'b' ? 2 : code === 'o' ? 8 : code === 'x' || code === 'X' ? 16 : 10)
  const prefix = alternate && code && 'boxX'.includes(code) ? `0${code}` : ''
  return [value < 0n ? '-' : '', prefix + (code === 'X' ? digits.toUpperCase() : digits)]
}
function floatDigits(size: number, code: string | undefined, precision: number | undefined): string {
  const digits = precision ?? 6
  switch (code) {
    case undefined: return precision === undefined ? floatText(size) : general(size, digits, false)
    case '%': return `${fixed(size * 100, digits)}%`
    case 'f':
    case 'F': return fixed(size, digits)
    case 'e':
    case 'E': return exponential(size, digits, code === 'E')
  }
  return general(size, digits, code === 'G')
}
