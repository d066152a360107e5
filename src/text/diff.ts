/** Two texts with what to call them: `before: /etc/x`. An empty name prints as `before` alone. */
export interface TextPair {
  readonly header: { readonly before: string; readonly after: string }
  readonly before: string
  readonly after: string
}

/** A run of lines: kept on both sides, or replaced (either side may be empty). Positions count from 0, ends are exclusive. */
interface Run {
  readonly same: boolean
  readonly a: readonly [number, number]
  readonly b: readonly [number, number]
}

const NO_NEWLINE = '\\ No newline at end of file'

/**
 * The unified difference with three lines of context, in the form that Ansible prints: `--- before: NAME`, `+++ after: NAME`.
 * Without a difference it is empty; otherwise it ends with a newline.
 */
export function unifiedDiff({ header, before, after }: TextPair, context = 3): string {
  if (before === after) return ''
  const a = splitLines(before)
  const b = splitLines(after)
  const name = (side: string, text: string): string => (text ? `${side}: ${text}` : side)
  const lines = [`--- ${name('before', header.before)}`, `+++ ${name('after', header.after)}`]
  for (const hunk of hunks(compareLines(a, b), context)) lines.push(...showHunk(hunk, a, b))
  return `${lines.join('\n')}\n`
}

/** Lines with their newline, so that a missing last one is a difference. */
const splitLines = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

function showHunk(hunk: readonly Run[], a: readonly string[], b: readonly string[]): readonly string[] {
  const lines = [`@@ -${range(hunk[0]!.a[0], hunk.at(-1)!.a[1])} +${range(hunk[0]!.b[0], hunk.at(-1)!.b[1])} @@`]
  const show = (mark: string, source: readonly string[], [from, to]: readonly [number, number]): void => {
    for (const line of source.slice(from, to)) {
      if (line.endsWith('\n')) lines.push(mark + line.slice(0, -1))
      else lines.push(mark + line, NO_NEWLINE)
    }
  }
  for (const run of hunk) {
    if (run.same) show(' ', a, run.a)
    else {
      show('-', a, run.a)
      show('+', b, run.b)
    }
  }
  return lines
}

/** `start,length` of the unified format: a single line has no length, an empty range begins at the line before it. */
function range(from: number, to: number): string {
  if (to - from === 1) return String(from + 1)
  return `${to === from ? from : from + 1},${to - from}`
}

/** Runs of changes with their context; changes whose contexts touch share a hunk. */
function hunks(runs: readonly Run[], context: number): readonly (readonly Run[])[] {
  const groups: Run[][] = []
  let group: Run[] = []
  runs.forEach((run, at) => {
    if (!run.same) return void group.push(run)
    const [from, to] = run.a
    const shift = run.b[0] - from
    const first = at === 0
    const last = at === runs.length - 1
    if (!first && (last || to - from > context * 2)) {
      group.push(slice(from, Math.min(to, from + context), shift))
      groups.push(group)
      group = []
      if (!last) group.push(slice(to - context, to, shift))
    } else if (first) group.push(slice(Math.max(from, to - context), to, shift))
    else group.push(run)
  })
  if (group.some(({ same }) => !same)) groups.push(group)
  return groups
}

const slice = (from: number, to: number, shift: number): Run => ({ same: true, a: [from, to], b: [from + shift, to + shift] })

/**
 * The longest common run of lines, then the same to its left and right (Ratcliff and Obershelp), which is what Python's difflib does:
 * people compare our differences with Ansible's. In long texts very frequent lines are no anchors, so that a megabyte takes no longer than reading it.
 */
function compareLines(a: readonly string[], b: readonly string[]): readonly Run[] {
  const places = placesOf(b)
  const matches: [number, number, number][] = []
  const todo: [number, number, number, number][] = [[0, a.length, 0, b.length]]
  for (let part = todo.pop(); part; part = todo.pop()) {
    const [aFrom, aTo, bFrom, bTo] = part
    const [i, j, length] = longestMatch(a, b, places, aFrom, aTo, bFrom, bTo)
    if (length === 0) continue
    matches.push([i, j, length])
    if (aFrom < i && bFrom < j) todo.push([aFrom, i, bFrom, j])
    if (i + length < aTo && j + length < bTo) todo.push([i + length, aTo, j + length, bTo])
  }
  return runsBetween(matches.sort((x, y) => x[0] - y[0]), a.length, b.length)
}

function placesOf(lines: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>()
  lines.forEach((line, at) => {
    const known = places.get(line)
    if (known) known.push(at)
    else places.set(line, [at])
  })
  if (lines.length < 200) return places
  const frequent = Math.floor(lines.length / 100) + 1
  for (const [line, at] of places) if (at.length > frequent) places.delete(line)
  return places
}

function longestMatch(a: readonly string[], b: readonly string[], places: ReadonlyMap<string, readonly number[]>, aFrom: number, aTo: number, bFrom: number, bTo: number): [number, number, number] {
  let [bestA, bestB, best] = [aFrom, bFrom, 0]
  let lengths = new Map<number, number>()
  for (let i = aFrom; i < aTo; i++) {
    const next = new Map<number, number>()
    for (const j of places.get(a[i]!) ?? []) {
      if (j < bFrom) continue
      if (j >= bTo) break
      const length = (lengths.get(j - 1) ?? 0) + 1
      next.set(j, length)
      if (length > best) [bestA, bestB, best] = [i - length + 1, j - length + 1, length]
    }
    lengths = next
  }
  // Frequent lines were no anchors, but they extend a match.
  while (bestA > aFrom && bestB > bFrom && a[bestA - 1] === b[bestB - 1]) [bestA, bestB, best] = [bestA - 1, bestB - 1, best + 1]
  while (bestA + best < aTo && bestB + best < bTo && a[bestA + best] === b[bestB + best]) best++
  return [bestA, bestB, best]
}

function runsBetween(matches: readonly (readonly [number, number, number])[], aLength: number, bLength: number): readonly Run[] {
  const runs: Run[] = []
  let [aAt, bAt] = [0, 0]
  for (const [i, j, length] of [...matches, [aLength, bLength, 0] as const]) {
    if (i > aAt || j > bAt) runs.push({ same: false, a: [aAt, i], b: [bAt, j] })
    const before = runs.at(-1)
    if (length > 0 && before?.same && before.a[1] === i && before.b[1] === j) runs[runs.length - 1] = { same: true, a: [before.a[0], i + length], b: [before.b[0], j + length] }
    else if (length > 0) runs.push({ same: true, a: [i, i + length], b: [j, j + length] })
    ;[aAt, bAt] = [i + length, j + length]
  }
  return runs
}
