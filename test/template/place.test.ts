import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { problemsOf } from '../../src/problem/problem.ts'
import { spanOf } from '../../src/template/place.ts'
import { condition, render, renderText } from '../../src/template/template.ts'
import { TemplateString, asTemplate, type Value } from '../../src/value/value.ts'
import { scopeOf } from './scope-of.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'tutti-place-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The word under the caret, for a scalar that starts at `|` or at the mark in the YAML text. */
function caret(yaml: string, source: string, word: string, start: { line: number; column: number }): string | undefined {
  const offset = source.indexOf(word)
  const span = spanOf({ origin: { source, file: undefined, span: { file: 'x.yml', ...start, length: source.length }, skipped: 0 }, offset }, () => yaml)
  return span && yaml.split('\n')[span.line - 1]!.slice(span.column - 1, span.column - 1 + span.length!)
}

describe('the caret inside a scalar', () => {
  test.each([
    ['plain', 'msg: a {{ nope }} b', 'a {{ nope }} b', 1, 6],
    ['single quotes', "msg: 'it''s {{ nope }}'", "it's {{ nope }}", 1, 6],
    ['double quotes with escapes', 'msg: "a\\n\\u00fc\\t{{ nope }}"', 'a\n\u00fc\t{{ nope }}', 1, 6],
    ['a literal block', 'msg: |\n    one\n\n      two {{ nope }}\n', 'one\n\n  two {{ nope }}\n', 1, 6],
    ['a folded block', 'msg: >-\n  one\n  two {{ nope }}\n  three', 'one two {{ nope }} three', 1, 6],
    ['a plain scalar over lines', 'msg: one\n  two\n  {{ nope }}', 'one two {{ nope }}', 1, 6],
    ['double quotes over lines', 'msg: "one \\\n  two\n  {{ nope }}"', 'one two {{ nope }}', 1, 6],
  ])('%s', (_name, yaml, source, line, column) => {
    expect(caret(yaml, source, 'nope', { line, column })).toBe('nope')
  })
  test('without the file the scalar is taken as one line', () => {
    const place = { origin: { source: '{{ nope }}', file: undefined, span: { file: 'x.yml', line: 3, column: 8, length: 12 }, skipped: 0 }, offset: 3 }
    expect(spanOf(place, () => undefined)).toEqual({ file: 'x.yml', line: 3, column: 12, length: 4 })
  })
})

describe('the place of a problem', () => {
  const file = path.join(folder, 'play.yml')
  writeFileSync(file, 'vars:\n  inner: "{{ deep.missing }}"\n  x: "{{ 1 | }}"\nwhen: a == nope\n')
  const thrown = (work: () => unknown): unknown => {
    try {
      work()
    } catch (error) {
      return problemsOf(error)?.[0]?.span
    }
    return undefined
  }
  const inner = new TemplateString('{{ deep.missing }}', { file, line: 2, column: 10, length: 20 })
  test('is where the name stands, through nested templates', () => {
    const scope = scopeOf(new Map<string, Value>([['inner', inner], ['deep', new Map()], ['outer', asTemplate('{{ inner }}')]]))
    expect(thrown(() => render(new TemplateString('{{ outer }}'), scope))).toEqual({ file, line: 2, column: 19, length: 7 })
  })
  test('of a syntax error is inside the string', () => {
    expect(thrown(() => render(new TemplateString('{{ 1 | }}', { file, line: 3, column: 6, length: 11 }), scopeOf()))).toMatchObject({ file, line: 3, column: 14 })
  })
  test('of a condition', () => {
    expect(thrown(() => condition('a == nope', scopeOf({ a: 1 }), { file, line: 4, column: 7 }))).toEqual({ file, line: 4, column: 12, length: 4 })
  })
  test('of a template file counts its header', () => {
    expect(thrown(() => renderText('#jinja2: lstrip_blocks: True\nline\n  {{ nope }}\n', scopeOf(), { file: 'a.j2' }))).toEqual({ file: 'a.j2', line: 3, column: 6, length: 4 })
  })
})
