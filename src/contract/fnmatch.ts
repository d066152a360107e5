/** A shell pattern as a regular expression for a whole name: `*`, `?`, `[…]`, `[!…]`. A slash is a character like any other. */
export function fnmatch(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)(\]?[^\]]*)\]|[^]/g, (part, not: string | undefined, inside: string | undefined) => {
    if (inside !== undefined) return `[${not ? '^' : ''}${inside.replace(/[\\\]^]/g, '\\$&')}]`
    if (part === '*') return '[^]*'
    return part === '?' ? '[^]' : part.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
  })
  return new RegExp(`^(?:${source})$`)
}
