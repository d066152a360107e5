import { Problem } from '../problem/problem.ts'

/**
 * The variables of a dotenv file: `NAME=value`, `export` before it, `#` comments, values bare, in single quotes (as they are) or in double
 * quotes (`\n`, `\t`, `\"`, `\\`), both over several lines. Nothing is replaced (`${X}` stays). Errors name the line, never what stands there.
 */
export function parseEnvFile(source: string, file: string): ReadonlyMap<string, string> {
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  const found = new Map<string, string>()
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at)
    const skipped = /^[ \t]*(?:#[^\n]*)?(?:\n|$)/.exec(rest)
    if (skipped) {
      at += Math.max(1, skipped[0].length)
      continue
    }
    const entry = /^[ \t]*(?:export[ \t]+)?([-.\w]+)[ \t]*=[ \t]*/.exec(rest)
    if (!entry) throw broken('a line is no NAME=value', text, at, file)
    const name = entry[1]!
    if (found.has(name)) throw broken(`${name} is there twice`, text, at, file)
    const value = valueOf(rest.slice(entry[0].length))
    if (!value) throw broken(`the value of ${name} has a quote that is not closed, or something behind it`, text, at, file)
    found.set(name, value.text)
    at += entry[0].length + value.length
  }
  return found
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' }
const END = /^[ \t]*(?:#[^\n]*)?(?:\n|$)/

function valueOf(rest: string): { readonly text: string; readonly length: number } | undefined {
  const quoted = /^"((?:[^"\\]|\\[^])*)"/.exec(rest) ?? /^'([^']*)'/.exec(rest)
  if (!quoted) {
    if (/^["']/.test(rest)) return undefined
    const line = /^[^\n]*\n?/.exec(rest)![0]
    return { text: line.replace(/(?:^|[ \t]+)#.*/, '').trim(), length: line.length }
  }
  const end = END.exec(rest.slice(quoted[0].length))
  if (!end) return undefined
  const text = rest[0] === '"' ? quoted[1]!.replace(/\\([^])/g, (both, char: string) => ESCAPES[char] ?? both) : quoted[1]!
  return { text, length: quoted[0].length + end[0].length }
}

function broken(detail: string, text: string, at: number, file: string): Problem {
  const before = text.slice(0, at).split('\n')
  return new Problem({ code: 'seal-env-file', summary: 'the file of variables cannot be read', detail, hint: 'values with spaces at their ends, quotes or # want quotes around them', span: { file, line: before.length, column: before.at(-1)!.length + 1, concealed: true } })
}
