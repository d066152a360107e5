import { readFileSync } from 'node:fs'
import type { Problem, Span } from './problem.ts'

/**
 * A problem as text, behind `ERROR!` as Ansible's refusals or behind `warning:`: the summary with its detail, the place, a frame of the source with a caret below it, and the hint.
 * `readSource` gives a file's text, or `undefined` where there is none (an expression from the command line).
 */
export function showProblem(problem: Problem, opening: 'ERROR!' | 'warning:' = 'ERROR!', readSource: (file: string) => string | undefined = readFromDisk): string {
  const { span, hint } = problem
  const lines = [`${opening} ${problem.message} [${problem.code}]`]
  if (span) {
    lines.push(`  --> ${span.file}:${span.line}:${span.column}`)
    const frame = span.concealed ? undefined : showFrame(span, readSource(span.file))
    if (frame) lines.push(frame)
  }
  if (hint) lines.push(`  hint: ${hint}`)
  return lines.join('\n')
}

function showFrame(span: Span, source: string | undefined): string | undefined {
  const text = source?.split(/\r?\n/)[span.line - 1]
  if (text === undefined) return undefined
  const number = String(span.line)
  const gutter = ' '.repeat(number.length)
  const { shown, column } = piece(text, span.column)
  // A tab before the caret must stay a tab, or the caret stands in the wrong place.
  const indent = shown.slice(0, column - 1).replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(span.length ?? 1, shown.length - column + 2)))
  return [`  ${gutter} |`, `  ${number} | ${shown}`, `  ${gutter} | ${indent}${carets}`].join('\n')
}

const LONG = 200
/** Of a very long line (data in one piece) the part around the place. */
function piece(text: string, column: number): { readonly shown: string; readonly column: number } {
  if (text.length <= LONG) return { shown: text, column }
  const from = column <= LONG / 2 ? 0 : column - LONG / 2
  const before = from > 0 ? '…' : ''
  const after = from + LONG < text.length ? '…' : ''
  return { shown: before + text.slice(from, from + LONG) + after, column: column - from + before.length }
}

function readFromDisk(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // The frame is a courtesy: a file that cannot be read again costs only the frame.
  }
}
