import { Problem, type Span } from '../../problem/problem.ts'

/** A word of an INI line without its quotes, and where it began. */
export interface Word {
  readonly text: string
  readonly column: number
  readonly length: number
}

/**
 * The words of a host line. Quotes and backslashes work as in a POSIX shell; an unquoted `#` ends the line even inside a word,
 * as Ansible's INI reader has it (`password=ab#cd` is `ab`: such values are quoted).
 */
export function splitIniLine(line: string, span: Span): readonly Word[] {
  const words: Word[] = []
  let text: string | undefined
  let begin = 0
  const end = (at: number): void => {
    if (text !== undefined) words.push({ text, column: begin + 1, length: at - begin })
    text = undefined
  }
  let at = 0
  for (; at < line.length; at++) {
    const char = line[at]!
    if (char === '#') break
    if (/\s/.test(char)) {
      end(at)
      continue
    }
    if (text === undefined) [text, begin] = ['', at]
    if (char === '\\') text += line[++at] ?? ''
    else if (char === '"' || char === "'") {
      const quoted = readQuoted(line, at, { ...span, column: at + 1, length: 1 })
      text += quoted.text
      at = quoted.end
    } else text += char
  }
  end(at)
  return words
}

function readQuoted(line: string, begin: number, span: Span): { text: string; end: number } {
  const quote = line[begin]
  let text = ''
  for (let at = begin + 1; at < line.length; at++) {
    const char = line[at]!
    if (char === quote) return { text, end: at }
    const next = line[at + 1]
    if (char === '\\' && quote === '"' && (next === '"' || next === '\\')) text += line[++at]
    else text += char
  }
  throw new Problem({ code: 'inventory-quote', summary: 'a quote is opened and never closed', detail: line.trim(), span })
}
