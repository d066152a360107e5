import { expect, test } from 'vitest'
import { evaluate } from '../../src/template/template.ts'
import { scopeOf } from './scope-of.ts'

// An option that would have no effect is refused, not passed over.
test.each(["lookup('url', 'http://127.0.0.1:1', use_gssapi=true)", "{'a': 1} | to_nice_yaml(line_break='x')"])('%s', (expression) => {
  expect(() => evaluate(expression, scopeOf({}))).toThrow(/use_gssapi|line_break/)
})
