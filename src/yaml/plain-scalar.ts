import { Float, type Value } from '../value/value.ts'

/** A plain scalar that YAML 1.1 gives a meaning of its own: `<<` and `=`. */
export type SpecialScalar = 'merge' | 'value'

/** What a plain (unquoted) scalar is to YAML 1.1 as PyYAML reads it; `special` for `<<` and `=`. */
export interface PlainScalar {
  readonly value: Value
  readonly type: 'null' | 'bool' | 'int' | 'float' | 'timestamp' | 'str' | SpecialScalar
}

const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/
const NULL = /^(?:~|null|Null|NULL|)$/
// Of https://yaml.org/type/: int, float and timestamp. PyYAML wants a sign in the exponent and a dot before it: 1e3 is a string.
const INT = /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/
const FLOAT = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/
const INFINITE = /^([-+]?)\.(?:inf|Inf|INF)$/
const NAN = /^\.(?:nan|NaN|NAN)$/
const DATE = /^\d{4}-\d\d-\d\d$/
const TIME = /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::?(\d\d))?))?$/

export function resolvePlain(text: string): PlainScalar {
  if (NULL.test(text)) return { value: null, type: 'null' }
  if (TRUE.test(text)) return { value: true, type: 'bool' }
  if (FALSE.test(text)) return { value: false, type: 'bool' }
  if (text === '<<') return { value: text, type: 'merge' }
  if (text === '=') return { value: text, type: 'value' }
  if (!/^[-+.0-9]/.test(text)) return { value: text, type: 'str' }
  const number = parseNumber(text)
  if (number) return number
  const time = parseTimestamp(text)
  return time === undefined ? { value: text, type: 'str' } : { value: time, type: 'timestamp' }
}

/** A number of YAML 1.1; `undefined` where the text is none. */
export function parseNumber(text: string): PlainScalar | undefined {
  if (INT.test(text)) return { value: parseInteger(text.replaceAll('_', '')), type: 'int' }
  if (FLOAT.test(text)) return { value: parseFraction(text.replaceAll('_', '')), type: 'float' }
  const infinite = INFINITE.exec(text)
  if (infinite) return { value: infinite[1] === '-' ? -Infinity : Infinity, type: 'float' }
  return NAN.test(text) ? { value: NaN, type: 'float' } : undefined
}

function parseInteger(text: string): number | bigint {
  const negative = text.startsWith('-')
  const digits = text.replace(/^[-+]/, '')
  const size = digits.includes(':') ? sexagesimal(digits) : /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits || '0')
  const value = negative ? -size : size
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

const sexagesimal = (digits: string): bigint => digits.split(':').reduce((total, part) => total * 60n + BigInt(part), 0n)

function parseFraction(text: string): number | Float {
  const sign = text.startsWith('-') ? -1 : 1
  const digits = text.replace(/^[-+]/, '')
  const size = digits.split(':').reduce((total, part) => total * 60 + Number(part), 0)
  const value = sign * size
  return Number.isInteger(value) ? new Float(value) : value
}

/**
 * A date or time as Python prints it: `2026-01-31`, `2026-01-31 22:15:00+01:00`. Ansible holds a date object here; wherever a
 * template or module sees one it becomes this text, so a string it is. Throws a `RangeError` for a day that is in no calendar.
 */
export function parseTimestamp(text: string): string | undefined {
  if (DATE.test(text)) return checkDate(text)
  const match = TIME.exec(text)
  if (!match) return undefined
  const [, year = '', month = '', day = '', hour = '', minute, second, fraction, zone, sign, zoneHour = '', zoneMinute = '00'] = match
  const date = checkDate(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`)
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) throw new RangeError(`${text} is no time of day`)
  const micros = (fraction ?? '').slice(0, 6).padEnd(6, '0')
  const offset = zone === undefined ? '' : zone === 'Z' ? '+00:00' : `${sign}${zoneHour.padStart(2, '0')}:${zoneMinute}`
  return `${date} ${hour.padStart(2, '0')}:${minute}:${second}${micros === '000000' ? '' : `.${micros}`}${offset}`
}

function checkDate(date: string): string {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number)
  const known = new Date(Date.UTC(2000, month - 1, day))
  known.setUTCFullYear(year, month - 1, day)
  if (month < 1 || month > 12 || known.getUTCMonth() !== month - 1 || known.getUTCDate() !== day) throw new RangeError(`${date} is no day of the calendar`)
  return date
}
