import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOfText, printBytes, textOfBytes } from '../../src/shell/bytes.ts'
import { shells } from './shells.ts'

const printed = (argv: readonly string[], script: string) => spawnSync(argv[0]!, argv.slice(1), { input: script, maxBuffer: 1e8 }).stdout

describe.each(shells.filter(({ argv }) => existsSync(argv[0]!)))('printBytes in $name', ({ argv }) => {
  test('any bytes come out as they went in', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 200 }).map((text) => new TextEncoder().encode(text)))
    // Many in one shell: starting one for each would take the time of the test.
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 40 }), fc.boolean(), (all, oneLine) => {
        const script = all.map((one) => printBytes(one, { oneLine })).join('\n')
        expect(printed(argv, `${script}\n`).equals(Buffer.concat(all))).toBe(true)
      }),
      { numRuns: 25 },
    )
  })

  test('every byte, and more than one argument holds', () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >> 8)) % 256))
    expect(printed(argv, `${printBytes(bytes)}\n`).equals(bytes)).toBe(true)
    const text = Buffer.from('€'.repeat(30_000))
    expect(printed(argv, `${printBytes(text)}\n`).equals(text)).toBe(true)
  })
})

test('text stays readable', () => {
  expect(printBytes(Buffer.from('maxmemory 2gb\nname "ü"\n'))).toBe(`printf 'maxmemory 2gb\nname "ü"\n'`)
  expect(printBytes(Buffer.from('a\n'), { oneLine: true })).toBe(`printf 'a\\n'`)
  expect(printBytes(Buffer.from([0, 255, 37]))).toBe(`printf '\\000\\377%%'`)
})

test('bytes that are not UTF-8 survive as text', () => {
  const bytes = Buffer.from([0x61, 0xff, 0xc3, 0xa4, 0xc3, 0x28, 0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82])
  expect(textOfBytes(bytes)).toBe('a\udcffä\udcc3(😀\udce2\udc82')
  expect(bytesOfText(textOfBytes(bytes))).toEqual(bytes)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (some) => void expect(bytesOfText(textOfBytes(Buffer.from(some)))).toEqual(Buffer.from(some))))
})
