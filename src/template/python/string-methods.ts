import type { Value } from '../../value/value.ts'
import type { Keywords } from '../scope.ts'
import { fail } from '../template-error.ts'
import { need } from '../unknown-reached.ts'
import { countOf, intOf, isList, iterate, lengthOf, numberOf, tuple, typeName } from './kind.ts'
import { strFormat } from './str-format.ts'

export type Method<T> = (self: T, args: readonly Value[], keywords: Keywords) => Value

/** An argument that must be text. */
export const textOf = (value: Value | undefined): string =>
  typeof value === 'string' ? value : value === undefined ? fail('a str is needed') : fail(`a str is needed, got ${typeName(need(value))}`)

export function strip(text: string, set: Value | undefined, side: 'left' | 'right' | 'both'): string {
  if (set === undefined || set === null) return side === 'both' ? text.trim() : side === 'left' ? text.trimStart() : text.trimEnd()
  const chars = textOf(set)
  let [start, end] = [0, text.length]
  if (side !== 'right') while (start < end && chars.includes(text[start]!)) start++
  if (side !== 'left') while (end > start && chars.includes(text[end - 1]!)) end--
  return text.slice(start, end)
}

/** Without a separator: at runs of whitespace, and the ends do not count. */
export function split(text: string, separator: Value | undefined, limit = -1): string[] {
  if (separator === undefined || separator === null) return splitAtSpace(text, limit)
  const mark = textOf(separator) || fail('empty separator')
  const parts = text.split(mark)
  return limit >= 0 && parts.length > limit + 1 ? [...parts.slice(0, limit), parts.slice(limit).join(mark)] : parts
}
function splitAtSpace(text: string, limit: number): string[] {
  let rest = text.trimStart()
  if (!rest) return []
  if (limit < 0) return rest.trimEnd().split(/\s+/)
  const parts: string[] = []
  while (rest && parts.length < limit) {
    const [all, word = ''] = /^(\S+)\s*/.exec(rest)!
    parts.push(word)
    rest = rest.slice(all.length)
  }
  return rest ? [...parts, rest.trimEnd()] : parts
}
function splitFromRight(text: string, separator: Value | undefined, limit = -1): string[] {
  if (limit < 0) return split(text, separator)
  if (separator !== undefined && separator !== null) {
    const parts = split(text, separator)
    const cut = parts.length - limit
    return cut > 1 ? [parts.slice(0, cut).join(textOf(separator)), ...parts.slice(cut)] : parts
  }
  const parts: string[] = []
  let rest = text.trimEnd()
  while (rest && parts.length < limit) {
    const match = /\s*(\S+)$/.exec(rest)!
    parts.unshift(match[1]!)
    rest = rest.slice(0, match.index)
  }
  return rest ? [rest.trimStart(), ...parts] : parts
}

export function capitalize(text: string): string {
  const [first = '', ...rest] = Array.from(text)
  return first.toUpperCase() + rest.join('').toLowerCase()
}
export const titleCase = (text: string): string => text.replace(/\p{L}+/gu, capitalize)
export function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}
export function replaceText(text: string, old: string, fresh: string, count?: number): string {
  if (count === undefined || count < 0) return text.replaceAll(old, () => fresh)
  const parts = text.split(old)
  return parts.length - 1 <= count ? parts.join(fresh) : parts.slice(0, count + 1).join(fresh) + old + parts.slice(count + 1).join(old)
}
export function justify(text: string, width: number, fill: Value | undefined, side: 'left' | 'right' | 'center'): string {
  const missing = width - lengthOf(text)
  if (missing <= 0) return text
  const char = fill === undefined ? ' ' : textOf(fill)
  if (side === 'left') return text + char.repeat(missing)
  if (side === 'right') return char.repeat(missing) + text
  const left = (missing >> 1) + (missing & width & 1)
  return char.repeat(left) + text + char.repeat(missing - left)
}

const slices = (args: readonly Value[]): [number, number | undefined] => [intOf(args[1], 0), args[2] === undefined || args[2] === null ? undefined : intOf(args[2])]
function find(text: string, args: readonly Value[], last = false): number {
  const [start, end] = slices(args)
  const from = start < 0 ? Math.max(0, start + text.length) : start
  const within = text.slice(from, end)
  const index = last ? within.lastIndexOf(textOf(args[0])) : within.indexOf(textOf(args[0]))
  return index < 0 ? -1 : index + from
}
function affix(args: readonly Value[], text: string, holds: (text: string, part: string) => boolean): boolean {
  const [start, end] = slices(args)
  const part = args[0] ?? fail('a str is needed')
  const within = text.slice(start, end)
  return isList(part) ? part.some((one) => holds(within, textOf(one))) : holds(within, textOf(part))
}
const startsWith = (text: string, part: string): boolean => text.startsWith(part)
const endsWith = (text: string, part: string): boolean => text.endsWith(part)
const found = (index: number): number => (index < 0 ? fail('substring not found') : index)
function partition(text: string, mark: string, last: boolean): Value {
  const at = last ? text.lastIndexOf(mark) : text.indexOf(mark)
  if (at < 0) return tuple(last ? ['', '', text] : [text, '', ''])
  return tuple([text.slice(0, at), mark, text.slice(at + mark.length)])
}
function expandTabs(text: string, size: number): string {
  return text.replace(/[^\n]+/g, (line) => {
    let out = ''
    for (const char of line) out += char === '\t' ? ' '.repeat(size - (out.length % size)) : char
    return out
  })
}
const matches = (pattern: RegExp): Method<string> => (text) => pattern.test(text)
const limitOf = (args: readonly Value[], keywords: Keywords): number => numberOf(args[1] ?? keywords['maxsplit'] ?? -1)
const swapCase = (char: string): string => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase())

export const stringMethods: ReadonlyMap<string, Method<string>> = new Map<string, Method<string>>(Object.entries({
  split: (text, args, keywords) => split(text, args[0] ?? keywords['sep'], limitOf(args, keywords)),
  rsplit: (text, args, keywords) => splitFromRight(text, args[0] ?? keywords['sep'], limitOf(args, keywords)),
  splitlines: (text) => splitLines(text),
  strip: (text, [set]) => strip(text, set, 'both'),
  lstrip: (text, [set]) => strip(text, set, 'left'),
  rstrip: (text, [set]) => strip(text, set, 'right'),
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  casefold: (text) => text.toLowerCase(),
  title: (text) => titleCase(text),
  capitalize: (text) => capitalize(text),
  swapcase: (text) => Array.from(text, swapCase).join(''),
  startswith: (text, args) => affix(args, text, startsWith),
  endswith: (text, args) => affix(args, text, endsWith),
  replace: (text, [old, fresh, count]) => replaceText(text, textOf(old), textOf(fresh), count === undefined ? undefined : intOf(count)),
  find: (text, args) => find(text, args),
  rfind: (text, args) => find(text, args, true),
  index: (text, args) => found(find(text, args)),
  rindex: (text, args) => found(find(text, args, true)),
  count: (text, [part]) => text.split(textOf(part)).length - 1,
  join: (text, [items]) => iterate(items ?? fail('join needs a list')).map(textOf).join(text),
  isdigit: matches(/^\p{Nd}+$/u),
  isdecimal: matches(/^\p{Nd}+$/u),
  isnumeric: matches(/^\p{N}+$/u),
  isalpha: matches(/^\p{L}+$/u),
  isalnum: matches(/^[\p{L}\p{N}]+$/u),
  isspace: matches(/^\s+$/),
  isascii: matches(/^[\x00-\x7f]*$/),
  isidentifier: matches(/^[\p{ID_Start}_][\p{ID_Continue}]*$/u),
  isupper: (text) => text !== text.toLowerCase() && text === text.toUpperCase(),
  islower: (text) => text !== text.toUpperCase() && text === text.toLowerCase(),
  istitle: (text) => /\p{L}/u.test(text) && text === titleCase(text),
  zfill: (text, [width]) => (/^[+-]/.test(text) ? text[0] + text.slice(1).padStart(countOf(width) - 1, '0') : text.padStart(countOf(width), '0')),
  center: (text, [width, fill]) => justify(text, countOf(width), fill, 'center'),
  ljust: (text, [width, fill]) => justify(text, countOf(width), fill, 'left'),
  rjust: (text, [width, fill]) => justify(text, countOf(width), fill, 'right'),
  partition: (text, [mark]) => partition(text, textOf(mark), false),
  rpartition: (text, [mark]) => partition(text, textOf(mark), true),
  expandtabs: (text, [size]) => expandTabs(text, Math.max(1, countOf(size, 8))),
  removeprefix: (text, [part]) => (text.startsWith(textOf(part)) ? text.slice(textOf(part).length) : text),
  removesuffix: (text, [part]) => (textOf(part) && text.endsWith(textOf(part)) ? text.slice(0, -textOf(part).length) : text),
  format: (text, args, keywords) => strFormat(text, args, keywords),
  encode: (text) => text,
} satisfies Record<string, Method<string>>))
