import type { Value } from '../value/value.ts'
import { repr, str } from './python/text.ts'
import { fail } from './template-error.ts'

const cache = new Map<string, RegExp>()

/** A Python regular expression as a JavaScript one. Throws for what JavaScript cannot express. */
export function regex(pattern: Value, flags: string): RegExp {
  const source = str(pattern)
  const key = `${flags}/${source}`
  let known = cache.get(key)
  if (!known) {
    if (cache.size > 2000) cache.clear()
    cache.set(key, (known = translate(source, flags)))
  }
  known.lastIndex = 0
  return known
}

function translate(source: string, given: string): RegExp {
  const leading = /^\(\?([aiLmsux]+)\)/.exec(source)
  const body = leading ? source.slice(leading[0].length) : source
  const flags = [...new Set([...given, ...(leading?.[1] ?? '').replace(/[^ims]/g, '')])].join('')
  try {
    return new RegExp(rewrite(leading?.[1]?.includes('x') ? withoutSpace(body) : body, flags.includes('m')), flags)
  } catch (error) {
    return fail(`a bad regular expression ${repr(source)}: ${error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : ''}`)
  }
}
const withoutSpace = (pattern: string): string => pattern.replace(/\\[^]|\[(?:\\[^]|[^\]])*\]|\s+|#.*/g, (part) => (/^(\s|#)/.test(part) ? '' : part))

/** `\A`, `\Z`, named groups, `[]…]`, possessive signs, and a `$` that also stands before a last newline. */
function rewrite(pattern: string, multiline: boolean): string {
  let inClass = false
  return pattern.replace(/\\([^])|\(\?P<|\(\?P=(\w+)\)|\(\?P>|\[\]|\[\^\]|[[\]$]/g, (part, escaped?: string, backReference?: string) => {
    if (escaped !== undefined) return escaped === 'A' ? '(?<![^])' : escaped === 'Z' ? '(?![^])' : part
    if (part === '(?P<') return '(?<'
    if (backReference !== undefined) return `\\k<${backReference}>`
    if (inClass) {
      if (part.endsWith(']')) inClass = false
      return part === '[]' ? '[\\]' : part === '[' ? '\\[' : part
    }
    if (part === '[]' || part === '[^]') {
      inClass = true
      return `${part.slice(0, -1)}\\]`
    }
    if (part === '[') inClass = true
    return part === '$' && !multiline ? '(?=\\n?(?![^]))' : part
  })
}

/** Flags of a regular expression from a filter's arguments. */
export const regexFlags = (ignoreCase: boolean, multiline: boolean, more = ''): string => `${more}${ignoreCase ? 'i' : ''}${multiline ? 'm' : ''}`

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\' }
/** A replacement with `\1`, `\g<1>` and `\g<name>`; everything else, `$1` too, is plain text. */
export function expand(replacement: string, groups: readonly (string | undefined)[], named: Readonly<Record<string, string | undefined>> | undefined): string {
  return replacement.replace(/\\(?:g<(\w+)>|(\d{1,2})|([^]))/g, (_all, name?: string, number?: string, char?: string) => {
    if (name !== undefined) return (/^\d+$/.test(name) ? groups[Number(name)] : named?.[name]) ?? ''
    if (number !== undefined) return groups[Number(number)] ?? ''
    return ESCAPES[char!] ?? `\\${char}`
  })
}
