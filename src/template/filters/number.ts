import { Float, type Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { flag, float, int, intOf, isFloat, isNumber, numberOf, typeName } from '../python/kind.ts'
import { fixed } from '../python/number-text.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'
import { need } from '../unknown-reached.ts'

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

function toInt(value: Value, fallback: Value, base: number): Value {
  if (typeof value === 'bigint') return value
  if (isNumber(value)) return Number.isFinite(numberOf(value)) ? Math.trunc(numberOf(value)) : fallback
  if (typeof value !== 'string') return fallback
  const text = value.trim().replaceAll('_', '')
  const whole = wholeNumber(text, base)
  if (whole !== undefined) return int(whole)
  return DECIMAL.test(text) ? Math.trunc(Number(text)) : fallback
}
function wholeNumber(text: string, base: number): bigint | undefined {
  const [, sign, prefix, digits] = /^([+-]?)(0[xX]|0[oO]|0[bB])?([\da-zA-Z]+)$/.exec(text) ?? []
  if (digits === undefined || (prefix && base === 10)) return undefined
  let value = 0n
  for (const char of digits) {
    const digit = parseInt(char, 36)
    if (!(digit < base)) return undefined
    value = value * BigInt(base) + BigInt(digit)
  }
  return sign === '-' ? -value : value
}
function toFloat(value: Value, fallback: Value): Value {
  if (isNumber(value)) return float(numberOf(value))
  const text = typeof value === 'string' ? value.trim() : ''
  if (DECIMAL.test(text)) return float(Number(text))
  if (/^[+-]?(nan|inf|infinity)$/i.test(text)) return new Float(/nan/i.test(text) ? NaN : text.startsWith('-') ? -Infinity : Infinity)
  return fallback
}
function round(value: Value, precision: number, method: string): Value {
  if (!isNumber(value)) return fail('round needs a number')
  if (Math.abs(precision) > 100) return fail('round takes a precision of at most 100 digits')
  const scale = 10 ** precision
  const number = numberOf(value)
  if (method === 'ceil') return float(Math.ceil(number * scale) / scale)
  if (method === 'floor') return float(Math.floor(number * scale) / scale)
  if (method !== 'common') return fail("the method of round is 'common', 'ceil' or 'floor'")
  if (!isFloat(value)) return precision >= 0 ? value : Math.round(number * scale) / scale
  return float(precision >= 0 ? Number(fixed(number, precision)) : Math.round(number * scale) / scale)
}
/** A number, or an error with the filter's name, as Ansible words it. */
const operand = (name: string, value: Value): number => (isNumber(need(value)) ? numberOf(value) : fail(`${name}() can only be used on numbers: must be real number, not ${typeName(value)}`))
function logarithm(value: Value, base: Value | undefined): Value {
  const number = operand('log', value)
  const of = base === undefined ? Math.E : operand('log', base)
  if (number <= 0 || of <= 0) return fail('math domain error')
  return float(of === 10 ? Math.log10(number) : of === 2 ? Math.log2(number) : of === Math.E ? Math.log(number) : Math.log(number) / Math.log(of))
}
function root(value: Value, base: Value | undefined): Value {
  const [number, degree] = [operand('root', value), base === undefined ? 2 : operand('root', base)]
  return float(degree === 2 ? Math.sqrt(number) : degree === 3 ? Math.cbrt(number) : number ** (1 / degree))
}

const UNITS = ['', 'K', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']
function humanReadable(size: number, bits: boolean, unit: Value | undefined): string {
  let power = unit ? UNITS.indexOf(str(unit).toUpperCase()) : UNITS.length - 1
  if (power < 0) return fail(`'${str(unit!)}' is not a unit`)
  if (!unit) while (power > 0 && size < 1024 ** power) power--
  const suffix = power ? UNITS[power] + (bits ? 'b' : 'B') : bits ? 'bits' : 'Bytes'
  return `${fixed(size / 1024 ** power, 2)} ${suffix}`
}
/** `1.5`, `10 KB`, `2M`; `Kb` and `bit` only where bits are asked for: the case of the b is the difference. */
function humanToBytes(text: string, unit: Value | undefined, bits: boolean): Value {
  const [, digits = '', given] = /^(\d*\.?\d*)\s*([A-Za-z]+)?$/.exec(text) ?? []
  if (!/\d/.test(digits)) return fail(`human_to_bytes() can't interpret following string: ${text}`)
  const name = given ?? (unit === undefined || unit === null ? '' : str(unit))
  const [letter, mark] = [name.slice(0, 1).toUpperCase(), bits ? 'b' : 'B']
  const power = letter === 'B' ? 0 : UNITS.indexOf(letter)
  if (power < 0) return fail(`human_to_bytes() failed to convert ${text} (unit = ${name}). The suffix must be one of ${UNITS.slice(1).reverse().join(', ')}, B`)
  const [short, long] = power === 0 ? [mark, bits ? 'bit' : 'byte'] : [letter + mark, letter]
  if (name.length > 1 && name !== short && name.toLowerCase() !== long) return fail(`human_to_bytes() failed to convert ${text}. Value is not a valid string (expect ${short} or ${long})`)
  return Math.round(Number(digits) * 1024 ** power)
}

const TRUE = new Set(['yes', 'on', '1', 'true'])
/** Ansible's `bool`: a few words are true, everything else is false. */
export function toBool(value: Value): Value {
  if (value === null || typeof value === 'boolean') return value
  return typeof value === 'string' ? TRUE.has(value.toLowerCase()) : isNumber(value) && numberOf(value) === 1
}

export const numberFilters = [
  filter('abs', '', (value) => (isFloat(value) ? float(Math.abs(numberOf(value))) : typeof value === 'bigint' ? (value < 0n ? -value : value) : Math.abs(numberOf(value)))),
  filter('int', 'default? base?', (value, [fallback, base]) => toInt(value, fallback === undefined ? 0 : fallback, intOf(base, 10))),
  filter('float', 'default?', (value, [fallback]) => toFloat(value, fallback === undefined ? float(0) : fallback)),
  filter('round', 'precision? method?', (value, [precision, method]) => round(value, intOf(precision, 0), method === undefined ? 'common' : str(method))),
  filter('bool', '', (value) => toBool(value)),
  filter('log', 'base?', (value, [base]) => logarithm(value, base)),
  filter('pow', 'y', (value, [power]) => float(operand('pow', value) ** operand('pow', power!))),
  filter('root', 'base?', (value, [base]) => root(value, base)),
  filter('human_readable', 'isbits? unit?', (value, [bits, unit]) => humanReadable(isNumber(value) ? numberOf(value) : fail(`human_readable() failed on bad input: a number is needed, got ${typeName(value)}`), flag(bits), unit)),
  filter('human_to_bytes', 'default_unit? isbits?', (value, [unit, bits]) => humanToBytes(str(value), unit, flag(bits))),
]
