import { quote } from './quote.ts'

/**
 * A word for a POSIX shell in which `$NAME`, `${NAME}` and a leading `~` mean what they mean to Python's expandvars and
 * expanduser: variables that are not set stay as they are written, nothing else is interpreted.
 */
export function expandingWord(word: string): string {
  // The slash after it belongs to it: a quoted one would end the shell's interest in the tilde.
  const home = /^~[\w.-]*(?:\/|$)/.exec(word)?.[0] ?? ''
  const rest = word.slice(home.length)
  const parts = rest.split(/(\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})/).filter((part) => part !== '')
  const shown = parts.map((part) => (/^\$[A-Za-z_{]/.test(part) ? expansion(part) : quote(part))).join('')
  return home + (shown || (home ? '' : "''"))
}

const expansion = (part: string): string => `"\${${part.replace(/[${}]/g, '')}-${part.replace(/[${}]/g, '\\$&').replace('\\{', '{')}}"`
