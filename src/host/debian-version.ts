/** Where a character stands among those that are no digits: `~` before the end of the text, letters before the rest. */
const rank = (char: string | undefined): number => {
  if (char === undefined || /\d/.test(char)) return 0
  return char === '~' ? -1 : /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256
}

/** Two parts of versions by Debian's policy (5.6.12): text and numbers by turns. */
function compareParts(a: string, b: string): number {
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/\d/.test(a[i]!)) || (j < b.length && !/\d/.test(b[j]!))) {
      const difference = rank(a[i]) - rank(b[j])
      if (difference) return difference
      i++
      j++
    }
    const [left = '', right = ''] = [/^\d*/.exec(a.slice(i))?.[0], /^\d*/.exec(b.slice(j))?.[0]]
    const difference = BigInt(left || 0) - BigInt(right || 0)
    if (difference) return difference > 0n ? 1 : -1
    i += left.length
    j += right.length
  }
  return 0
}

/** `epoch:upstream-revision`: below zero where the first is older, above where it is newer. */
export function compareDebianVersions(a: string, b: string): number {
  const parts = (version: string): readonly [string, string, string] => {
    const [, epoch = '0', rest = version] = /^(\d+):([^]*)$/.exec(version) ?? []
    const dash = rest.lastIndexOf('-')
    return dash < 0 ? [epoch, rest, '0'] : [epoch, rest.slice(0, dash), rest.slice(dash + 1)]
  }
  const [left, right] = [parts(a), parts(b)]
  return compareParts(left[0], right[0]) || compareParts(left[1], right[1]) || compareParts(left[2], right[2])
}
