import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unifiedDiff } from '../../src/text/diff.ts'

const diff = (before: string, after: string) => unifiedDiff({ header: { before: '/x', after: '/x' }, before, after })

test('a line in the middle, with its context', () => {
  const numbers = (changed: string) => [...Array(12).keys()].map((n) => (n === 6 ? changed : String(n))).join('\n') + '\n'
  expect(diff(numbers('6'), numbers('six'))).toBe('--- before: /x\n+++ after: /x\n@@ -4,7 +4,7 @@\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n 9\n')
})
test('a missing newline at the end', () => {
  expect(diff('a\nb\nc', 'a\nB\nc\nd\n')).toBe('--- before: /x\n+++ after: /x\n@@ -1,3 +1,4 @@\n a\n-b\n-c\n\\ No newline at end of file\n+B\n+c\n+d\n')
})
test('a new file and a removed one', () => {
  expect(unifiedDiff({ header: { before: '', after: '/x' }, before: '', after: 'a\nb\nc' })).toBe('--- before\n+++ after: /x\n@@ -0,0 +1,3 @@\n+a\n+b\n+c\n\\ No newline at end of file\n')
  expect(diff('a\n', '')).toContain('@@ -1 +0,0 @@\n-a\n')
})
test('distant changes get hunks of their own, near ones share one', () => {
  const lines = (changed: readonly number[]) => [...Array(40).keys()].map((n) => (changed.includes(n) ? `x${n}` : `${n}`)).join('\n')
  expect(diff(lines([]), lines([3, 30])).match(/^@@/gm)).toHaveLength(2)
  expect(diff(lines([]), lines([3, 10])).match(/^@@/gm)).toHaveLength(1)
  expect(diff(lines([]), lines([3, 11])).match(/^@@/gm)).toHaveLength(2)
})
test('nothing where there is no difference', () => expect(diff('a', 'a')).toBe(''))

/** Applies a unified difference, believing only its hunks. */
function patch(before: string, difference: string): string {
  const source = before.match(/[^\n]*\n|[^\n]+$/g) ?? []
  const result: string[] = []
  let at = 0
  const lines = difference.split('\n').slice(2, -1)
  lines.forEach((line, index) => {
    const bare = lines[index + 1]?.startsWith('\\')
    const text = line.slice(1) + (bare ? '' : '\n')
    if (line.startsWith('@@')) {
      const [, from, length] = /^@@ -(\d+)(?:,(\d+))?/.exec(line)!
      const start = length === '0' ? Number(from) : Number(from) - 1
      result.push(...source.slice(at, start))
      at = start
    } else if (line.startsWith('+')) result.push(text)
    else if (!line.startsWith('\\')) {
      expect(source[at]).toBe(text)
      if (line.startsWith(' ')) result.push(text)
      at++
    }
  })
  return [...result, ...source.slice(at)].join('')
}
test('every difference, applied to the one text, gives the other', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 40 }).map((lines) => lines.join('\n'))
  fc.assert(fc.property(text, text, (a, b) => { expect(a === b ? b : patch(a, diff(a, b))).toBe(b) }), { numRuns: 500 })
})
test('time grows with the length of a text, not with its square', () => {
  // The best of three, so that a busy machine does not decide.
  const seconds = (length: number): number => {
    const lines = [...Array(length).keys()].map((n) => (n % 3 ? `line number ${n} of a long file\n` : '\n'))
    const [before, after] = [lines.join(''), lines.map((line, at) => (at % (length / 20) === 7 ? `changed ${line}` : line)).join('')]
    return Math.min(...[1, 2, 3].map(() => {
      const start = performance.now()
      expect(diff(before, after).match(/^\+changed/gm)).toHaveLength(20)
      return performance.now() - start
    }))
  }
  seconds(1000)
  expect(seconds(20_000) / seconds(2000)).toBeLessThan(60)
})
