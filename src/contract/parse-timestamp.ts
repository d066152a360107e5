import { fail } from './failure.ts'

/** Seconds since the epoch from `text` in a `strftime` format with `%Y %m %d %H %M %S %y %j %s`, in the controller's time zone. */
export function parseTimestamp(text: string, format: string): number {
  const parts: string[] = []
  const pattern = format.replace(/%(.)|[.*+?^${}()|[\]\\]/g, (whole, letter: string | undefined) => {
    if (letter === undefined) return `\\${whole}`
    if (letter === '%') return '%'
    const digits = DIGITS[letter]
    if (!digits) return fail(`the time format '${format}' uses %${letter}, which is not known`)
    parts.push(letter)
    return `(${digits})`
  })
  const match = new RegExp(`^${pattern}$`).exec(text)
  if (!match) return fail(`Error while obtaining timestamp for time ${text} using format ${format}: it does not match`)
  return secondsOf(new Map(parts.map((letter, i) => [letter, Number(match[i + 1])])))
}

const DIGITS: Readonly<Record<string, string>> = { Y: '\\d{4}', m: '\\d{1,2}', d: '\\d{1,2}', H: '\\d{1,2}', M: '\\d{1,2}', S: '\\d{1,2}', y: '\\d{2}', j: '\\d{1,3}', s: '\\d+' }

function secondsOf(parts: ReadonlyMap<string, number>): number {
  if (parts.has('s')) return parts.get('s')!
  const short = parts.get('y')
  const year = parts.get('Y') ?? (short === undefined ? 1900 : short + (short < 69 ? 2000 : 1900))
  const day = parts.get('j') ?? parts.get('d') ?? 1
  const month = parts.has('j') ? 0 : (parts.get('m') ?? 1) - 1
  return Math.floor(new Date(year, month, day, parts.get('H') ?? 0, parts.get('M') ?? 0, parts.get('S') ?? 0).getTime() / 1000)
}
