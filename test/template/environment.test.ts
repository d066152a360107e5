import { describe, expect, test } from 'vitest'
import { problemsOf } from '../../src/problem/problem.ts'
import { defaultEnvironment } from '../../src/template/environment.ts'
import { render } from '../../src/template/template.ts'
import { TemplateString, isUnknown, unknown, type Value } from '../../src/value/value.ts'
import { scopeOf } from './scope-of.ts'

const odd = ["''", "'text'", '0', '-1', '1.5', 'true', 'none', '[]', '[1, "a", none]', '{}', '{"a": {"b": 1}}', '(1, 2)', 'range(3)', 'now()', 'namespace(a=1)', 'nope', 'u', '"constructor"', '10 ** 25']
const scope = scopeOf(new Map<string, Value>([['u', unknown('not yet')]]))
/** A value or a problem: anything else that is thrown is a defect of ours. */
function survives(source: string): void {
  try {
    render(new TemplateString(source), scope)
  } catch (error) {
    if (!problemsOf(error)) throw new Error(`${source} broke: ${error instanceof Error ? error.stack : String(error)}`)
  }
}
// Some do their work thoroughly: hashes with many rounds, paths of this machine, products of everything.
const slow = new Set(['password_hash', 'permutations', 'combinations'])
const filters = [...new Set(defaultEnvironment.filters.values())].map((filter) => filter.names[0]!).filter((name) => !slow.has(name))
const tests = [...new Set(defaultEnvironment.tests.values())].map((one) => one.names[0]!)

describe('plugins take odd values without breaking', () => {
  test.each(filters)('filter %s', (name) => {
    for (const value of odd) {
      survives(`{{ ${value} | ${name} }}`)
      for (const argument of odd) {
        survives(`{{ ${value} | ${name}(${argument}) }}`)
        survives(`{{ ${value} | ${name}(${argument}, ${value}) }}`)
      }
    }
  })
  test.each(tests)('test %s', (name) => {
    const applied = (value: string, args: string): string => `{{ [${value}] | select('${name}'${args}) | list }}`
    for (const value of odd) for (const argument of ['', ...odd.map((one) => `, ${one}`)]) survives(applied(value, argument))
  })
  test('operators and methods', () => {
    for (const a of odd) {
      for (const b of odd) {
        for (const sign of ['+', '-', '*', '/', '//', '%', '~', '==', '<', 'in', 'and', 'or']) survives(`{{ ${a} ${sign} ${b} }}`)
        survives(`{{ (${a})[${b}] }}`)
        survives(`{{ (${a})[${b}:] }}`)
        for (const method of ['get', 'split', 'join', 'replace', 'append', 'update', 'pop', 'format', 'startswith', 'ljust', 'items', 'sort', 'index', 'find', 'constructor', '__proto__']) {
          survives(`{{ (${a}).${method}(${b}) }}`)
        }
      }
    }
  })
})

test('nothing of JavaScript can be reached', () => {
  for (const path of ["''.constructor", '[].__proto__', "{}['constructor']", 'range.constructor', 'lookup.prototype', 'namespace().members', "'x'['length']", '(1).toString']) {
    expect(render(new TemplateString(`{{ ${path} is defined }}`), scope)).toBe(false)
  }
})

test('every plugin has its full name too', () => {
  expect(defaultEnvironment.filters.get('ansible.builtin.combine')).toBe(defaultEnvironment.filters.get('combine'))
  expect(defaultEnvironment.tests.get('ansible.builtin.version')).toBe(defaultEnvironment.tests.get('version_compare'))
  expect(defaultEnvironment.lookups.get('ansible.builtin.file')).toBe(defaultEnvironment.lookups.get('file'))
})

test('an unknown argument makes any filter unknown, but for those that may not look at it', () => {
  const choosing = new Set(['default', 'ternary'])
  for (const name of filters) {
    if (choosing.has(name) || defaultEnvironment.filters.get(name)!.signature.params.length === 0) continue
    const wanted = Math.max(1, defaultEnvironment.filters.get(name)!.signature.required)
    expect([name, isUnknown(render(new TemplateString(`{{ 'x' | ${name}(${Array.from({ length: wanted }, () => 'u').join(', ')}) }}`), scope))]).toEqual([name, true])
  }
})
