import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCertificate } from '../../src/seal/certificate.ts'
import { SCOPES, type Scope, labelOf, scopeOf, withScope } from '../../src/seal/scope.ts'
import { parseSealed, sealValue, unsealValue } from '../../src/seal/seal-value.ts'
import { makePair } from './make-certificate.ts'

const pair = makePair()
const other = makePair()
const { publicKey } = parseCertificate(pair.certificate, { source: 'test' })
const open = (text: string, label: string, keys = [pair.key]) => unsealValue(parseSealed(text)!, keys, label)

test('whatever is sealed opens to the same bytes, with its own label alone', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), fc.string(), fc.string(), (bytes, label, another) => {
    const text = sealValue(bytes, publicKey, label)
    expect(open(text, label)).toEqual(Buffer.from(bytes))
    expect(open(text, label, [other.key, pair.key])).toEqual(Buffer.from(bytes))
    if (another !== label) expect(open(text, another)).toBeUndefined()
    expect(open(text, label, [other.key])).toBeUndefined()
  }), { numRuns: 40 })
})
test('the form: length, wrapped key, ciphertext as long as the text, tag', () => {
  const bytes = Buffer.from(sealValue(Buffer.from('12345'), publicKey, ''), 'base64')
  expect(bytes.readUInt16BE()).toBe(256)
  expect(bytes.length).toBe(2 + 256 + 5 + 16)
  expect(sealValue(Buffer.from('12345'), publicKey, '')).not.toBe(bytes.toString('base64'))
})
test('a changed bit anywhere is refused', () => {
  const text = sealValue(Buffer.from('a text'), publicKey, 'x')
  fc.assert(fc.property(fc.nat(Buffer.from(text, 'base64').length * 8 - 1), (bit) => {
    const bytes = Buffer.from(text, 'base64')
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    const sealed = parseSealed(bytes.toString('base64'))
    expect(sealed && unsealValue(sealed, [pair.key], 'x')).toBeUndefined()
  }), { numRuns: 60 })
})
test('texts that are no sealed values', () => {
  fc.assert(fc.property(fc.string(), (text) => parseSealed(text) === undefined))
  const good = sealValue(Buffer.from('x'), publicKey, '')
  expect(parseSealed(good.slice(0, 300))).toBeUndefined()
  expect(parseSealed(`${good.slice(0, 60)}\n${good.slice(60)}`)).toBeDefined()
  expect(parseSealed(`${good} `)).toBeUndefined()
})

describe('scopes', () => {
  const place = (scope: Scope, namespace = 'ns', name = 'n') => ({ scope, namespace, name })
  /** What still opens when the namespace or the name is another. */
  test.each([['strict', false, false], ['namespace-wide', false, true], ['cluster-wide', true, true]] as const)('%s', (scope, namespace, name) => {
    const text = sealValue(Buffer.from('x'), publicKey, labelOf(place(scope)))
    expect(open(text, labelOf(place(scope)))?.toString()).toBe('x')
    expect(open(text, labelOf(place(scope, 'other'))) !== undefined).toBe(namespace)
    expect(open(text, labelOf(place(scope, 'ns', 'other'))) !== undefined).toBe(name)
    for (const another of SCOPES) if (another !== scope) expect(open(text, labelOf(place(another)))).toBeUndefined()
  })
  test('annotations and back; only the text true counts, and the widest wins', () => {
    for (const scope of SCOPES) expect(scopeOf(withScope({ a: 'b', 'sealedsecrets.bitnami.com/cluster-wide': 'true' }, scope))).toBe(scope)
    expect(withScope({ a: 'b', 'sealedsecrets.bitnami.com/cluster-wide': 'true' }, 'strict')).toEqual({ a: 'b' })
    expect(scopeOf({ 'sealedsecrets.bitnami.com/cluster-wide': 'yes' })).toBe('strict')
    expect(scopeOf({ 'sealedsecrets.bitnami.com/cluster-wide': 'true', 'sealedsecrets.bitnami.com/namespace-wide': 'true' })).toBe('cluster-wide')
  })
})
