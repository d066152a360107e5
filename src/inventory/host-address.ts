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
  const begin = text.indexOf('[')
  if (begin < 0) return [text]
  const end = text.indexOf(']', begin)
  if (end < 0) throw bad(text.slice(begin), 'its closing bracket is missing', span)
  const rest = expandRanges(text.slice(end + 1), span)
  return count(text.slice(begin + 1, end), span).flatMap((item) => rest.map((tail) => text.slice(0, begin) + item + tail))
}

function count(range: string, span: Span | undefined): readonly string[] {
  const parts = range.split(':')
  if (parts.length < 2 || parts.length > 3) throw bad(range, 'host range must be begin:end or begin:end:step', span)
  const [from = '', to = '', by = '1'] = parts
  if (to === '') throw bad(range, 'host range must specify end value', span)
  const step = Number(by)
  if (!/^-?\d+$/.test(by) || step === 0) throw bad(range, 'its step is a whole number, and not 0', span)
  if (/^[A-Za-z]$/.test(from) && /^[A-Za-z]$/.test(to)) return letters(range, from, to, step, span)
  const begin = from === '' ? '0' : from
  if (!/^\d+$/.test(begin) || !/^\d+$/.test(to)) throw bad(range, 'both ends are numbers, or both are letters', span)
  const width = begin.length > 1 && begin.startsWith('0') ? begin.length : 0
  if (width > 0 && to.length !== begin.length) throw bad(range, 'host range must specify equal-length begin and end formats', span)
  // As a Python range: backwards or past its end it is empty.
  const length = Math.max(0, Math.ceil((Number(to) + 1 - Number(begin)) / step))
  return Array.from({ length }, (_, i) => String(Number(begin) + i * step).padStart(width, '0'))
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
function letters(range: string, from: string, to: string, step: number, span: Span | undefined): readonly string[] {
  const [begin, end] = [LETTERS.indexOf(from), LETTERS.indexOf(to)]
  if (begin > end) throw bad(range, 'host range must have begin <= end', span)
  return [...LETTERS.slice(begin, end + 1)].filter((_, i) => i % step === 0)
}

const bad = (range: string, why: string, span: Span | undefined): Problem =>
  new Problem({ code: 'inventory-range', summary: 'this range of hosts cannot be counted', detail: `${range.startsWith('[') ? range : `[${range}]`}: ${why}`, ...(span ? { span } : {}) })
