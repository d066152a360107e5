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

// Variables that shells have without anybody's export: Python sees the environment alone.
const SHELLS_OWN = /^(?:_|IFS|PPID|LINENO|OPT\w+|PS\d|S?RANDOM|SECONDS|E?UID|GROUPS|HOST\w+|MACHTYPE|OSTYPE|SHELLOPTS|BASH\w*|DIRSTACK|EPOCH\w+|FUNCNAME|PIPESTATUS|COMP_\w+|HISTCMD)$/

const expansion = (part: string): string => {
  const name = part.replace(/[${}]/g, '')
  return SHELLS_OWN.test(name) ? `"$(printenv ${name} || printf %s ${quote(part)})"` : shellExpansion(part)
}

const shellExpansion = (part: string): string => `"\${${part.replace(/[${}]/g, '')}-${part.replace(/[${}]/g, '\\$&').replace('\\{', '{')}}"`
