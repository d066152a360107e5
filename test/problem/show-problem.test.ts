import { expect, test } from 'vitest'
import { Problem, type Span } from '../../src/problem/problem.ts'
import { showProblem } from '../../src/problem/show-problem.ts'

const show = (text: string, span: Partial<Span>): readonly string[] =>
  showProblem(new Problem({ code: 'x', summary: 's', span: { file: 'f', line: 1, column: 1, ...span } }), 'ERROR!', () => text).split('\n')

test('a frame with a caret below the place', () => {
  expect(show('a: b c', { column: 4, length: 3 })).toEqual(['ERROR! s [x]', '  --> f:1:4', '    |', '  1 | a: b c', '    |    ^^^'])
})
test('a file that holds secrets is named, and not shown', () => {
  expect(show('a: hush', { column: 4, concealed: true })).toEqual(['ERROR! s [x]', '  --> f:1:4'])
})
test.each([[5, 400], [300, 9], [4990, 9999]])('of a long line only the part around column %i', (column, length) => {
  const line = `${'x'.repeat(column - 1)}#${'y'.repeat(5000 - column)}`
  const [, , , shown, carets] = show(line, { column, length })
  expect(shown!.length).toBeLessThan(220)
  expect(shown!.indexOf('#')).toBe(carets!.indexOf('^'))
  expect(carets!.length).toBeLessThanOrEqual(shown!.length + 1)
  expect(shown!.includes('…y') || shown!.endsWith('…')).toBe(column < 4900)
})
