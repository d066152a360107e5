import { expect, test } from 'vitest'
import { check } from '../../src/template/check.ts'
import { TemplateString, dict } from '../../src/value/value.ts'

test('every broken template of a value is reported', () => {
  const found = check(dict({ a: new TemplateString('{{ 1 + }}'), b: [new TemplateString('{% if x %}'), new TemplateString('{{ ok }}')], c: 'plain {{ 1 + }}' }))
  expect(found.map((problem) => [problem.code, problem.detail])).toEqual([['template-syntax', 'expected an expression'], ['template-syntax', "'elif' or 'else' or 'endif' is missing"]])
})
test('conditions and files', () => {
  expect(check('a ==', { as: 'expression', span: { file: 'p.yml', line: 2, column: 9 } })[0]).toMatchObject({ code: 'template-syntax', span: { file: 'p.yml', line: 2 } })
  expect(check('a == 1', { as: 'expression' })).toEqual([])
  expect(check('x\n{% endfor %}', { as: 'file', file: 't.j2' })[0]).toMatchObject({ span: { file: 't.j2', line: 2, column: 4 } })
})
