import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { problemsOf } from '../../src/problem/problem.ts'
import { render } from '../../src/template/template.ts'
import { toJson, type Json } from '../../src/value/json.ts'
import { TemplateString } from '../../src/value/value.ts'
import { scopeOf } from './scope-of.ts'

/** Filters, tests and lookups beside the values that ansible-core 2.19 with its collections gave for them. */
interface Row {
  readonly expression: string
  readonly value?: Json
  readonly refused?: true
}
const rows = readFileSync(new URL('./ansible-values.jsonl', import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Row)

function outcome({ expression }: Row): Json | 'refused' {
  try {
    return toJson(render(new TemplateString(`{{ ${expression} }}`), scopeOf()))
  } catch (error) {
    if (!problemsOf(error)) throw error
    return 'refused'
  }
}

describe('values as Ansible gives them', () => {
  test.each(rows.map((row) => [row.expression, row] as const))('%s', (_name, row) => {
    expect(outcome(row)).toEqual(row.refused ? 'refused' : row.value)
  })
})
