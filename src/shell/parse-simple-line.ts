/**
 * A shell line as the argument lists of its commands, where that is all it is: commands joined by `|`, `&&`, `||`, `;` or line
 * ends, with output thrown away to /dev/null at most. Undefined where anything is expanded, substituted, matched, assigned or redirected.
 */
export function parseSimpleLine(line: string): readonly (readonly string[])[] | undefined {
  const commands: string[][] = [[]]
  let rest = line.trim().replace(/;$/, '')
  while (rest !== '') {
    const harmless = /^(?:[012]?>\s*\/dev\/null|<\s*\/dev\/null|2>&1|1>&2|>&2)(?=[\s;|&]|$)/.exec(rest)
    const joint = /^(?:\|\||&&|\||;|\n)\s*/.exec(rest)
    const space = /^[ \t]+/.exec(rest)
    if (harmless) rest = rest.slice(harmless[0].length)
    else if (joint) {
      if (commands.at(-1)!.length === 0) return undefined
      commands.push([])
      rest = rest.slice(joint[0].length)
    } else if (space) rest = rest.slice(space[0].length)
    else {
      const word = parseWord(rest)
      if (!word || (commands.at(-1)!.length === 0 && /^\w+=|^(?:if|for|while|until|case|time|function|exec|eval|!|\{)$/.test(word.text))) return undefined
      commands.at(-1)!.push(word.text)
      rest = rest.slice(word.length)
    }
  }
  return commands.at(-1)!.length === 0 ? undefined : commands
}

const PIECE = /^(?:'([^']*)'|"((?:[^"\\$`]|\\["\\$`])*)"|\\([^\n])|([^\s'"\\$`*?[\](){}<>|&;#~!]+|\[(?=\s)|\](?=\s|;|$)|!(?==)|#))/

function parseWord(rest: string): { readonly text: string; readonly length: number } | undefined {
  // A comment at the start of a word; in the middle of one it is a character like others.
  if (rest.startsWith('#')) return undefined
  let text = ''
  let length = 0
  while (length < rest.length && !/^[\s|&;<>]/.test(rest.slice(length))) {
    const piece = PIECE.exec(rest.slice(length))
    if (!piece) return undefined
    const [whole, single, double, escaped, plain] = piece
    text += single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain
    length += whole.length
  }
  return length === 0 ? undefined : { text, length }
}
