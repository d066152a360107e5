import { Problem, type Span } from '../problem/problem.ts'

/** A host as written: `web1`, `web1:2222`, `[::1]:22`; the port where one is said. */
export interface HostAddress {
  readonly name: string
  readonly port?: number
}

const BRACKETED = /^\[([0-9a-fA-F:.]+(?:%\w+)?)\](?::(\d+))?$/
const WITH_PORT = /^((?:[^:\[\]\s]|\[[^\]]*\])+):(\d+)$/

/** Splits off a port. A bare IPv6 address has none; what is no address is a name. */
export function parseAddress(text: string): HostAddress {
  const match = BRACKETED.exec(text) ?? WITH_PORT.exec(text)
  if (!match) return { name: text }
  return { name: match[1]!, ...(match[2] === undefined ? {} : { port: Number(match[2]) }) }
}

/**
 * All hosts of a pattern: `web[01:10:2].example`, `db-[a:f]`. Leading zeros keep the width of the number; the end is included.
 * Throws `inventory-range` for a range that cannot be counted.
 */
export function expandHosts(text: string, span?: Span): readonly HostAddress[] {
  const { name, port } = parseAddress(text)
  return expandRanges(name, span).map((host) => ({ name: host, ...(port === undefined ? {} : { port }) }))
}

function expandRanges(text: string, span: Span | undefined): readonly string[] {
  const match = /\[([^\]:]*:[^\]]*)\]/.exec(text)
  if (!match) return [text]
  const [head, tail] = [text.slice(0, match.index), text.slice(match.index + match[0].length)]
  const rest = expandRanges(tail, span)
  return count(match[1]!, span).flatMap((item) => rest.map((end) => head + item + end))
}

function count(range: string, span: Span | undefined): readonly string[] {
  const [from = '', to = '', by = '1', ...more] = range.split(':')
  const step = Number(by)
  if (more.length > 0 || !Number.isInteger(step) || step < 1) throw bad(range, 'it is written [from:to] or [from:to:step]', span)
  if (/^[A-Za-z]$/.test(from) && /^[A-Za-z]$/.test(to)) return letters(range, from, to, step, span)
  const begin = from === '' ? '0' : from
  if (!/^\d+$/.test(begin) || !/^\d+$/.test(to)) throw bad(range, to === '' ? 'its end is missing' : 'both ends are numbers, or both are letters', span)
  const width = begin.length > 1 && begin.startsWith('0') ? begin.length : 0
  if (width > 0 && to.length !== begin.length) throw bad(range, 'with leading zeros both ends have the same number of digits', span)
  if (Number(begin) > Number(to)) throw bad(range, 'its beginning is after its end', span)
  return Array.from({ length: Math.floor((Number(to) - Number(begin)) / step) + 1 }, (_, i) => String(Number(begin) + i * step).padStart(width, '0'))
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
function letters(range: string, from: string, to: string, step: number, span: Span | undefined): readonly string[] {
  const [begin, end] = [LETTERS.indexOf(from), LETTERS.indexOf(to)]
  if (begin > end) throw bad(range, 'its beginning is after its end', span)
  return [...LETTERS.slice(begin, end + 1)].filter((_, i) => i % step === 0)
}

const bad = (range: string, why: string, span: Span | undefined): Problem =>
  new Problem({ code: 'inventory-range', summary: 'this range of hosts cannot be counted', detail: `[${range}]: ${why}`, ...(span ? { span } : {}) })
