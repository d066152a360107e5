import { Tuple, type Value } from '../../value/value.ts'
import { fail } from '../template-error.ts'
import { Undefined, orElse } from '../undefined.ts'
import { isList, isMapping, isNumber, mappingOf, numberOf, typeName, wholeOf } from './kind.ts'
import { exponential, fixed, general } from './number-text.ts'
import { repr, str } from './text.ts'

const FIELD = /%(?:\((.*?)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([^])/g

/** Python's `format % values`. */
export function printf(format: string, values: Value): string {
  const list = values instanceof Tuple ? values : undefined
  let index = 0
  let used = list?.length === 0
  const next = (): Value => {
    if (list ? index >= list.length : used) fail('not enough arguments for format string')
    used = true
    return list ? list[index++]! : values
  }
  const named = (key: string): Value => {
    const dict = mappingOf(values) ?? fail('format requires a mapping')
    used = true
    return orElse(dict.get(key), () => new Undefined(`there is no key '${key}'`).raise())
  }
  const text = format.replace(FIELD, (_all, key: string | undefined, flags: string, wide?: string, fine?: string, code = '') => {
    if (code === '%') return '%'
    const width = wide === '*' ? numberOf(next()) : Number(wide ?? 0)
    const precision = fine === '*' ? numberOf(next()) : fine === undefined ? undefined : Number(fine)
    return convert(key === undefined ? next() : named(key), { flags, width, precision, code })
  })
  const unused = list ? index < list.length && list.length > 0 && !(used && index === 0 && format.includes('%(')) : !used && !isMapping(values) && !isList(values)
  if (unused) fail('not all arguments converted during string formatting')
  return text
}

interface Conversion {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly code: string
}
function convert(value: Value, conversion: Conversion): string {
  const { flags, width, code } = conversion
  const numeric = !'srac'.includes(code)
  const [sign, digits] = numeric ? convertNumber(value, conversion) : ['', convertText(value, conversion)]
  const shown = sign || !numeric ? sign : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
  if (flags.includes('-')) return (shown + digits).padEnd(width)
  return flags.includes('0') && numeric ? shown + digits.padStart(width - shown.length, '0') : (shown + digits).padStart(width)
}
function convertText(value: Value, { code, precision }: Conversion): string {
  if (code === 'c') return typeof value === 'string' ? value : String.fromCodePoint(numberOf(value))
  const text = code === 's' ? str(value) : repr(value)
  return precision === undefined ? text : text.slice(0, precision)
}
function convertNumber(value: Value, { code, flags, precision }: Conversion): [sign: string, digits: string] {
  if ('diuxXo'.includes(code)) return convertInt(value, code, flags, precision)
  if (!'eEfFgG'.includes(code)) return fail(`unsupported format character '${code}'`)
  if (!isNumber(value)) return fail('a float is required')
  const number = numberOf(value)
  const size = Math.abs(number)
  const digits = precision ?? 6
  const upper = code === code.toUpperCase()
  const text = 'fF'.includes(code) ? fixed(size, digits)
    : 'eE'.includes(code) ? exponential(size, digits, upper)
      : general(size, digits, upper, flags.includes('#'))
  return [number < 0 || Object.is(number, -0) ? '-' : '', text]
}
function convertInt(value: Value, code: string, flags: string, precision: number | undefined): [string, string] {
  if (!isNumber(value)) return fail(`%${code} format: a number is required, not ${typeName(value)}`)
  const number = wholeOf(value)
  const size = (number < 0n ? -number : number).toString(code === 'o' ? 8 : 'xX'.includes(code) ? 16 : 10).padStart(precision ?? 0, '0')
  const prefix = flags.includes('#') && 'xXo'.includes(code) ? `0${code}` : ''
  return [number < 0n ? '-' : '', prefix + (code === 'X' ? size.toUpperCase() : size)]
}
