import type { Value } from '../../value/value.ts'
import { Callable, type Attributed } from '../objects.ts'
import { fail } from '../template-error.ts'
import { float } from './kind.ts'
import { str } from './text.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
]
const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

/** A Python datetime without a zone: its fields are kept as if they were UTC. */
export class DateTime implements Attributed {
  readonly opaque = 'datetime'
  /** Milliseconds since 1970 of the fields read as UTC. */
  readonly order: number
  /** Seconds east of UTC, for `%z` and `%s`. */
  readonly offset: number
  constructor(milliseconds: number, offset = 0) {
    this.order = milliseconds
    this.offset = offset
  }
  get date(): Date {
    return new Date(this.order)
  }
  text(): string {
    const { date } = this
    const fraction = date.getUTCMilliseconds() ? `.${pad(date.getUTCMilliseconds() * 1000, 6)}` : ''
    return `${date.toISOString().slice(0, 10)} ${date.toISOString().slice(11, 19)}${fraction}`
  }
  attribute(name: string): Value | undefined {
    const { date } = this
    switch (name) {
      case 'year': return date.getUTCFullYear()
      case 'month': return date.getUTCMonth() + 1
      case 'day': return date.getUTCDate()
      case 'hour': return date.getUTCHours()
      case 'minute': return date.getUTCMinutes()
      case 'second': return date.getUTCSeconds()
      case 'microsecond': return date.getUTCMilliseconds() * 1000
      case 'strftime': return new Callable(name, ([format]) => strftime(str(format ?? ''), this))
      case 'timestamp': return new Callable(name, () => float(this.order / 1000 - this.offset))
      case 'isoformat': return new Callable(name, () => this.text().replace(' ', 'T'))
      case 'weekday': return new Callable(name, () => (date.getUTCDay() + 6) % 7)
      case 'date': return new Callable(name, () => new DateTime(this.order - (this.order % 86_400_000), this.offset))
    }
    return undefined
  }
}

/** The difference of two datetimes. */
export class TimeDelta implements Attributed {
  readonly opaque = 'timedelta'
  /** Seconds. */
  readonly order: number
  constructor(seconds: number) {
    this.order = seconds
  }
  get days(): number {
    return Math.floor(this.order / 86_400)
  }
  text(): string {
    const rest = this.order - this.days * 86_400
    const clock = `${Math.floor(rest / 3600)}:${pad(Math.floor((rest % 3600) / 60))}:${pad(Math.floor(rest % 60))}`
    return this.days ? `${this.days} day${Math.abs(this.days) === 1 ? '' : 's'}, ${clock}` : clock
  }
  attribute(name: string): Value | undefined {
    if (name === 'days') return this.days
    if (name === 'seconds') return Math.floor(this.order - this.days * 86_400)
    if (name === 'microseconds') return Math.round((this.order % 1) * 1e6)
    return name === 'total_seconds' ? new Callable(name, () => float(this.order)) : undefined
  }
}

/** The moment as fields of this machine's zone, or of UTC. */
export function dateTimeAt(milliseconds: number, utc: boolean): DateTime {
  const offset = utc ? 0 : -new Date(milliseconds).getTimezoneOffset() * 60
  return new DateTime(milliseconds + offset * 1000, offset)
}

/** C's `strftime` in the C locale. */
export function strftime(format: string, when: DateTime): string {
  return format.replace(/%-?([a-zA-Z%])/g, (all, code: string) => {
    const text = field(code, when)
    if (text === undefined) return all
    return all[1] === '-' ? text.replace(/^0+(?=.)/, '') : text
  })
}
function field(code: string, when: DateTime): string | undefined {
  const { date, offset } = when
  const hour = date.getUTCHours()
  const startOfYear = Date.UTC(date.getUTCFullYear(), 0, 1)
  const dayOfYear = Math.floor((when.order - startOfYear) / 86_400_000)
  switch (code) {
    case 'Y': return pad(date.getUTCFullYear(), 4)
    case 'm': return pad(date.getUTCMonth() + 1)
    case 'd': return pad(date.getUTCDate())
    case 'e': return String(date.getUTCDate()).padStart(2)
    case 'H': return pad(hour)
    case 'I': return pad(hour % 12 || 12)
    case 'M': return pad(date.getUTCMinutes())
    case 'S': return pad(date.getUTCSeconds())
    case 'f': return pad(date.getUTCMilliseconds() * 1000, 6)
    case 'p': return hour < 12 ? 'AM' : 'PM'
    case 'y': return pad(date.getUTCFullYear() % 100)
    case 'C': return pad(Math.floor(date.getUTCFullYear() / 100))
    case 'a': return DAYS[date.getUTCDay()]!.slice(0, 3)
    case 'A': return DAYS[date.getUTCDay()]!
    case 'b':
    case 'h': return MONTHS[date.getUTCMonth()]!.slice(0, 3)
    case 'B': return MONTHS[date.getUTCMonth()]!
    case 'j': return pad(dayOfYear + 1, 3)
    case 'U': return pad(Math.floor((dayOfYear + 7 - date.getUTCDay()) / 7))
    case 'W': return pad(Math.floor((dayOfYear + 7 - ((date.getUTCDay() + 6) % 7)) / 7))
    case 'V': return pad(isoWeek(date).week)
    case 'G': return pad(isoWeek(date).year, 4)
    case 'w': return String(date.getUTCDay())
    case 'u': return String(date.getUTCDay() || 7)
    case 's': return String(Math.floor(when.order / 1000) - offset)
    case 'z': return `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 3600))}${pad(Math.floor((Math.abs(offset) % 3600) / 60))}`
    case 'Z': return offset === 0 ? 'UTC' : field('z', when)
    case 'F':
    case 'T':
    case 'D':
    case 'R':
    case 'c':
    case 'x':
    case 'X': return strftime(COMPOUND[code]!, when)
    case 'n': return '\n'
    case 't': return '\t'
    case '%': return '%'
  }
  return undefined
}
const COMPOUND: Readonly<Record<string, string>> = {
  F: '%Y-%m-%d', T: '%H:%M:%S', D: '%m/%d/%y', R: '%H:%M', c: '%a %b %e %H:%M:%S %Y', x: '%m/%d/%y', X: '%H:%M:%S',
}
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * 86_400_000)
  const year = thursday.getUTCFullYear()
  return { year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 604_800_000) + 1 }
}

const NUMBERS: Readonly<Record<string, string>> = { Y: '\\d{4}', m: '\\d{1,2}', d: '\\d{1,2}', H: '\\d{1,2}', I: '\\d{1,2}', M: '\\d{1,2}', S: '\\d{1,2}', y: '\\d{2}', j: '\\d{1,3}', f: '\\d{1,6}' }
/** Text as a datetime after a `strptime` format; raises where it does not match. */
export function strptime(text: string, format: string): DateTime {
  const groups: string[] = []
  const expanded = format.replace(/%([FTDR])/g, (_all, code: string) => COMPOUND[code]!)
  const source = expanded.replace(/%([a-zA-Z%])|[.*+?^${}()|[\]\\]/g, (all, code?: string) => {
    if (code === undefined) return `\\${all}`
    if (code === '%') return '%'
    groups.push(code)
    return `(${NUMBERS[code] ?? wordsFor(code) ?? fail(`'%${code}' is not a known time format`)})`
  }).replace(/\s+/g, '\\s+')
  const match = new RegExp(`^${source}$`, 'i').exec(text) ?? fail(`the time '${text}' does not match the format '${format}'`)
  return assemble(new Map(groups.map((code, index) => [code, match[index + 1]!])))
}
function wordsFor(code: string): string | undefined {
  if (code === 'b' || code === 'h') return MONTHS.map((name) => name.slice(0, 3)).join('|')
  if (code === 'B') return MONTHS.join('|')
  if (code === 'a') return DAYS.map((name) => name.slice(0, 3)).join('|')
  if (code === 'A') return DAYS.join('|')
  if (code === 'p') return 'AM|PM'
  return code === 'z' ? '[+-]\\d\\d:?\\d\\d|Z' : code === 'Z' ? '[A-Za-z]+' : undefined
}
function assemble(fields: ReadonlyMap<string, string>): DateTime {
  const number = (code: string, fallback: number): number => (fields.has(code) ? Number(fields.get(code)) : fallback)
  const named = (fields.get('b') ?? fields.get('h') ?? fields.get('B'))?.slice(0, 3).toLowerCase()
  const month = named ? MONTHS.findIndex((name) => name.toLowerCase().startsWith(named)) : number('m', 1) - 1
  const year = fields.has('y') ? number('y', 0) + (number('y', 0) < 69 ? 2000 : 1900) : number('Y', 1900)
  const half = fields.get('p')?.toUpperCase()
  const hour = half ? (number('I', 12) % 12) + (half === 'PM' ? 12 : 0) : number('H', 0)
  const milliseconds = Number((fields.get('f') ?? '').padEnd(6, '0')) / 1000
  return new DateTime(Date.UTC(year, month, number('d', 1), hour, number('M', 0), number('S', 0), milliseconds))
}
