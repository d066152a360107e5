import { expect, test } from 'vitest'
import { codecOf } from '../../src/text/codec.ts'

test.each([
  ['utf-8', 'é', 'c3a9'], ['latin-1', 'é', 'e9'], ['windows-1252', '€', '80'], ['cp1252', '€', '80'], ['iso8859-15', '€', 'a4'], ['utf-16', 'a', 'fffe6100'], ['utf_16_be', 'a', '0061'],
  ['utf-8-sig', 'a', 'efbbbf61'], ['shift_jis', 'あ', '82a0'], ['ascii', 'a', '61'],
])('%s both ways', (name, text, hex) => {
  expect(codecOf(name)!.encode(text)!.toString('hex')).toBe(hex)
  expect(codecOf(name)!.decode(Buffer.from(hex, 'hex'))).toBe(text)
})
test('what is not in an encoding is no text of it', () => {
  expect(codecOf('ascii')!.encode('é')).toBeUndefined()
  expect(codecOf('utf-8')!.decode(Buffer.from('ff', 'hex'))).toBeUndefined()
  expect(codecOf('windows-1252')!.encode('あ')).toBeUndefined()
  expect(codecOf('no-such')).toBeUndefined()
})
