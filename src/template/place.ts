import { readFileSync } from 'node:fs'
import type { Span } from '../problem/problem.ts'
import type { Place } from './template-error.ts'

/** The place of an offset in a template: in its file, or inside the YAML scalar it was written in. */
export function spanOf({ origin, offset }: Place, readSource: (file: string) => string | undefined = readFromDisk): Span | undefined {
  const { source, file, span, skipped } = origin
  const at = Math.min(offset + skipped, source.length)
  const length = Math.max(1, /^[\w.]*/.exec(source.slice(at))![0].replace(/\.$/, '').length)
  if (file !== undefined) return { file, ...lineAndColumn(source, at), length }
  return span && { ...insideScalar(span, source, at, readSource(span.file)), length }
}

function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/**
 * A scalar's text is not what stands in the file: quotes, escapes, indentation and folding are gone. Both are walked side by
 * side, whitespace against whitespace, up to the offset. Where the file cannot be read, the scalar is taken as one line.
 */
function insideScalar(span: Span, source: string, offset: number, file: string | undefined): Span {
  const simple = source.includes('\n') ? span : { ...span, column: span.column + offset + (span.length === source.length + 2 ? 1 : 0) }
  if (file === undefined) return simple
  const text = file.replace(/\r\n?/g, '\n')
  const start = offsetOf(text, span.line, span.column)
  const position = start === undefined ? undefined : align(text, contentStart(text, start), source, offset, text[start] === '"')
  return position === undefined ? (start === undefined ? simple : span) : { ...span, ...lineAndColumn(text, position) }
}
function offsetOf(text: string, line: number, column: number): number | undefined {
  let at = 0
  for (let i = 1; i < line; i++) {
    at = text.indexOf('\n', at) + 1
    if (at === 0) return undefined
  }
  return at + column - 1 < text.length ? at + column - 1 : undefined
}
/** Behind the quote, or behind the header line of a block scalar. */
function contentStart(text: string, start: number): number {
  const first = text[start]
  if (first === '"' || first === "'") return start + 1
  const header = /[|>][-+\d]*[ \t]*(#.*)?\n/y
  header.lastIndex = start
  return header.test(text) ? header.lastIndex : start
}

const ESCAPED = /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[^])/y
/** Where in `text` the character of `source` at `offset` stands; `undefined` where the two do not belong together. */
function align(text: string, start: number, source: string, offset: number, doubleQuoted: boolean): number | undefined {
  let [at, i] = [start, 0]
  while (i < offset || isSpace(text[at])) {
    if (at >= text.length) return undefined
    ESCAPED.lastIndex = at
    const escaped = doubleQuoted && text[at] === '\\' ? ESCAPED.exec(text) : null
    if (escaped) {
      at = ESCAPED.lastIndex
      if (escaped[0] === '\\\n') continue
      i++
    } else if (isSpace(text[at]) || isSpace(source[i])) {
      if (i >= offset && isSpace(source[i])) return at
      at = skipSpace(text, at)
      i = Math.min(skipSpace(source, i), offset)
    } else if (text[at] === source[i]) {
      at += text.startsWith("''", at) && source[i + 1] !== "'" ? 2 : 1
      i++
    } else return undefined
  }
  return at
}
const isSpace = (char: string | undefined): boolean => char !== undefined && /\s/.test(char)
function skipSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text[at])) at++
  return at
}

function readFromDisk(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // Then the place is as good as the span alone can say.
  }
}
