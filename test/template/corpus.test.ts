import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../src/problem/problem.ts'
import { toJson, type Json } from '../../src/value/json.ts'
import { TemplateString, type Dict, type Value } from '../../src/value/value.ts'
import { compileTemplate, execute } from '../../src/template/compiled.ts'
import { parseJson } from '../../src/template/filters/json.ts'
import { engine } from '../../src/template/engine.ts'
import { defaultSyntax } from '../../src/template/lexer.ts'
import { Run } from '../../src/template/run.ts'
import { typeName } from '../../src/template/python/kind.ts'
import { repr } from '../../src/template/python/text.ts'
import { render, renderText } from '../../src/template/template.ts'
import { loaded, scopeOf } from './scope-of.ts'

/** Expected values come from Jinja2 and Ansible themselves. */
interface Case {
  readonly id: string
  readonly kind: 'native' | 'template'
  readonly source: string
  readonly vars: ReadonlyMap<string, Value>
  readonly files?: Readonly<Record<string, string>>
  readonly options?: Readonly<Record<string, boolean>>
  readonly contested?: string
  readonly expected?: Json
  readonly type?: string
  readonly repr?: string
  readonly error_kind?: 'syntax' | 'undefined' | 'runtime'
}
/** JSON of our own, because JavaScript's makes ints of `1.0`. */
function variablesOf(line: string): ReadonlyMap<string, Value> {
  return new Map([...((parseJson(line) as Dict).get('vars') as Dict)].map(([name, value]) => [String(name), loaded(value)]))
}
const lines = readFileSync(new URL('./jinja-corpus.jsonl', import.meta.url), 'utf8').trim().split('\n')
const cases = lines.map((line): Case => ({ ...(JSON.parse(line) as Case), vars: variablesOf(line) })).filter((one) => one.contested === undefined)

process.env['JCORPUS_ENV'] = 'from-env'
process.env['TZ'] = 'UTC'

function run({ kind, source, vars, files = {}, options = {} }: Case): Value {
  const scope = scopeOf(vars, { files })
  if (kind === 'native' && options['escape_backslashes'] === false) {
    return execute(compileTemplate(source, defaultSyntax), new Run(scope, engine, { text: false, syntax: defaultSyntax }))
  }
  if (kind === 'native') return /\{\{|\{%|\{#/.test(source) ? render(new TemplateString(source), scope) : source
  const { trim_blocks: trimBlocks = true, lstrip_blocks: lstripBlocks = false, keep_trailing_newline: keepTrailingNewline = true } = options
  return renderText(source, scope, { trimBlocks, lstripBlocks, keepTrailingNewline })
}
const KINDS: Readonly<Record<string, string>> = {
  'template-syntax': 'syntax', 'unknown-filter': 'syntax', 'unknown-test': 'syntax', 'undefined-variable': 'undefined',
  'template-failed': 'runtime', 'template-loop': 'runtime', 'unknown-lookup': 'runtime', 'template-not-found': 'runtime',
}
function outcome(one: Case): Record<string, unknown> {
  try {
    const value = run(one)
    return { value: toJson(value), type: typeName(value), ...(one.repr === undefined ? {} : { repr: repr(value) }) }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { error: KINDS[error.code] ?? error.code }
  }
}
const wanted = (one: Case): Record<string, unknown> => one.error_kind
  ? { error: one.error_kind }
  : { value: one.expected, type: one.type, ...(one.repr === undefined ? {} : { repr: one.repr }) }

describe('the corpus', () => {
  test.each(cases.map((one) => [`${one.id} ${one.source}`, one] as const))('%s', (_name, one) => {
    expect(outcome(one)).toEqual(wanted(one))
  })
})
