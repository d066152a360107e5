import { filter } from '../define.ts'
import { flag, isNumber, numberOf } from '../python/kind.ts'
import { dateTimeAt, strftime, strptime } from '../python/date-time.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'

function secondsOf(text: string): number {
  const seconds = text.trim() === '' ? NaN : Number(text)
  return Number.isNaN(seconds) ? fail(`Invalid value for epoch value (${text})`) : seconds
}

export const timeFilters = [
  filter('strftime', 'second? utc?', (value, [second, utc]) => {
    const seconds = second === undefined || second === null ? Date.now() / 1000 : isNumber(second) ? numberOf(second) : secondsOf(str(second))
    return strftime(str(value), dateTimeAt(seconds * 1000, flag(utc)))
  }),
  filter('to_datetime', 'format?', (value, [format]) => strptime(str(value), format === undefined ? '%Y-%m-%d %H:%M:%S' : str(format))),
]
