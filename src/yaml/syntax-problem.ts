import type { LineCounter, YAMLParseError } from 'yaml'
import { Problem, type Span } from '../problem/problem.ts'

/** What the parser of YAML found wrong, in the words of people who write playbooks. */
export function syntaxProblem(error: YAMLParseError, text: string, file: string, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(error.pos[0])
  const source = text.split('\n')
  // The parser points at a line's beginning where its indentation is wrong; the eye wants the first character.
  const before = source[line - 1]?.slice(0, col - 1).trim() === '' ? /^ */.exec(source[line - 1]?.slice(col - 1) ?? '')![0].length : 0
  const span: Span = { file, line, column: col + before }
  return tabProblem(error, source, span) ?? quoteProblem(error, source, span) ?? templateProblem(source, span) ?? new Problem({ ...explain(error, source, span), span })
}

function tabProblem(error: YAMLParseError, source: readonly string[], span: Span): Problem | undefined {
  const tab = [span.line, span.line + 1].find((line) => /^ *\t/.test(source[line - 1] ?? '') && (error.code === 'TAB_AS_INDENT' || line === span.line))
  if (tab === undefined && error.code !== 'TAB_AS_INDENT') return undefined
  const line = tab ?? span.line
  const column = (source[line - 1]?.indexOf('\t') ?? 0) + 1
  return new Problem({
    code: 'yaml-tab', summary: 'a tab is used for indentation, which YAML does not allow', hint: 'replace the tab by spaces', span: { file: span.file, line, column },
  })
}

/** The parser notices a quote that is never closed where the text ends: the eye wants the line where it was opened. */
function quoteProblem(error: YAMLParseError, source: readonly string[], span: Span): Problem | undefined {
  if (error.code !== 'MISSING_CHAR' || !/closing/.test(error.message)) return undefined
  for (let line = span.line; line > 0; line--) {
    const opened = /(?:^\s*|[:-]\s+|[[{,]\s*)(["'])(?:(?!\1)[^\\]|\\.)*$/.exec(source[line - 1] ?? '')
    if (opened) return new Problem({ ...explain(error, source, span), span: { file: span.file, line, column: (source[line - 1]!.indexOf(opened[1]!, opened.index)) + 1 } })
  }
  return undefined
}

/** `key: {{ x }}/y` and `key: "{{ x }}" y`: both want quotes around the whole value. */
function templateProblem(source: readonly string[], span: Span): Problem | undefined {
  const text = source[span.line - 1] ?? ''
  const bare = /(?:[:-] +|^)(\{\{)/.exec(text)
  if (!bare) return undefined
  return unquotedTemplate({ ...span, column: bare.index + bare[0].length - 1 })
}

export const unquotedTemplate = (span: Span): Problem => new Problem({
  code: 'yaml-unquoted-template', summary: 'a value that begins with {{ must be quoted, or YAML takes it for a mapping',
  hint: 'put the whole value between double quotes: key: "{{ name }}/more"', span,
})

function explain(error: YAMLParseError, source: readonly string[], span: Span): { code: string; summary: string; detail: string; hint?: string } {
  const base = { code: 'yaml-syntax', summary: 'this is not valid YAML' }
  const text = source[span.line - 1] ?? ''
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return { ...base, detail: 'a mapping cannot begin here', hint: /:\s.*:(\s|$)/.test(text) ? 'a text that holds ": " must be quoted' : 'check the indentation of this line and of the one before it' }
    case 'MISSING_CHAR':
      if (/closing/.test(error.message)) return { ...base, detail: 'a quote is opened and never closed', hint: 'inside a text in single quotes a single quote is written twice' }
      if (/map values/.test(error.message)) return { ...base, detail: 'a key without a colon after it', hint: 'check the indentation, or that "key: value" has its colon and space' }
      return { ...base, detail: error.message }
    case 'BAD_INDENT':
      if (/^Flow/.test(error.message)) return { ...base, detail: 'a [ or { is opened and not closed where the indentation ends', hint: 'close it, and indent what is inside it deeper than its key' }
      return { ...base, detail: 'the indentation fits no line above', hint: 'items of one list and keys of one mapping begin in the same column' }
    case 'BAD_SCALAR_START':
      return { ...base, detail: `a text cannot begin with ${text[span.column - 1] ?? 'this character'}`, hint: 'put it between quotes' }
    case 'BAD_DQ_ESCAPE':
      return { ...base, detail: `${error.message.toLowerCase()} in double quotes`, hint: 'write the backslash twice, or use single quotes' }
    case 'UNEXPECTED_TOKEN':
      if (/block-seq-ind on same line/.test(error.message)) return { ...base, detail: 'a list cannot begin on the line of its key', hint: 'begin the list on the next line' }
      if (/at node end/.test(error.message)) return { ...base, detail: 'text after the end of a value', hint: 'a value that begins with a quote ends at the matching quote: put quotes around all of it' }
      return { ...base, detail: error.message }
    default:
      return { ...base, detail: error.message }
  }
}
