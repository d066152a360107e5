/** `did you mean 'x'?` for the nearest of the known names, or `undefined` where none is near. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best === undefined ? undefined : `did you mean '${best}'?`
}

/**
 * The known name that a word is surely a slip of: one letter away, two in a long word. Names that differ only in a number or in a
 * plural are two names.
 */
export function nearestSlip(name: string, known: Iterable<string>): string | undefined {
  const limit = name.length >= 12 ? 3 : 2
  let best: string | undefined
  let bestDistance = limit
  for (const candidate of known) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance || isSibling(name, candidate)) continue
    const distance = editDistance(name, candidate, bestDistance)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}
const isSibling = (a: string, b: string): boolean => `${a}s` === b || `${b}s` === a || a.replace(/\d+/g, '') === b.replace(/\d+/g, '')

/** Optimal string alignment: insertions, deletions, replacements and swapped neighbours. At most `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    ;[before, last] = [last, row]
  }
  return Math.min(last[b.length]!, limit)
}
