import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commandLine, quote } from '../../src/shell/quote.ts'
import { shells } from './shells.ts'

// A lone surrogate is no text: it has no bytes to arrive as.
const word = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !text.includes('\0') && text.isWellFormed())

describe.each(shells.filter(({ argv }) => existsSync(argv[0]!)))('quote in $name', ({ argv }) => {
  test('any word without NUL arrives as it is', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), (words) => {
        const script = `${commandLine(['printf', '%s\\0', ...words])}\n`
        const { stdout } = spawnSync(argv[0]!, argv.slice(1), { input: script })
        expect(stdout.toString().split('\0').slice(0, -1)).toEqual(words)
      }),
      { numRuns: 30 },
    )
  })
})

test('plain words stay plain', () => {
  expect(['/etc/redis.conf', 'user@host', 'a b', "it's", '', 'A=1', '~', '-n'].map(quote)).toEqual([
    '/etc/redis.conf', 'user@host', `'a b'`, `'it'\\''s'`, `''`, 'A=1', `'~'`, '-n',
  ])
})

test('the first word is a program, whatever it looks like', () => {
  expect(commandLine(['A=1', 'B=2'])).toBe(`'A=1' B=2`)
  expect(commandLine(['if', 'if'])).toBe(`'if' if`)
})
