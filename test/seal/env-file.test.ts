import { parseEnv } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Problem } from '../../src/problem/problem.ts'
import { parseEnvFile } from '../../src/seal/env-file.ts'

const parse = (text: string): Readonly<Record<string, string>> => Object.fromEntries(parseEnvFile(text, '.env'))

test('all forms', () => {
  expect(parse('\uFEFF# head\n\nA=1\r\n  export B = two words # note\nC="a \\"b\\"\\n#c"  # note\nD=\'a\\nb # $X\'\nE=\nF=a#b\nG="x\ny"\nH= # nothing\nI=${A}\nJ="a\\xb"'))
    .toEqual({ A: '1', B: 'two words', C: 'a "b"\n#c', D: 'a\\nb # $X', E: '', F: 'a#b', G: 'x\ny', H: '', I: '${A}', J: 'a\\xb' })
})
test.each([
  ['A=1\nhush hush\n', /no NAME=value/, 2],
  ['A=1\n\nA=hush\n', /A is there twice/, 3],
  ['A="hush\nB=2\n', /the value of A/, 1],
  ["A='hush' hush\n", /the value of A/, 1],
])('refused: %j, with its line and without its text', (text, message, line) => {
  let problem: Problem | undefined
  try {
    parse(text)
  } catch (error) {
    problem = error as Problem
  }
  expect(problem?.message).toMatch(message)
  expect(problem?.message).not.toContain('hush')
  expect(problem?.span).toMatchObject({ line, concealed: true })
})
test('values in single quotes are what Node reads, too', () => {
  fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,6}$/), fc.stringMatching(/^[^'\r]*$/)), (values) => {
    const text = Object.entries(values).map(([key, value]) => `${key}='${value}'\n`).join('')
    expect(parse(text)).toEqual({ ...values })
    expect(parse(text)).toEqual({ ...parseEnv(text) })
  }))
})
