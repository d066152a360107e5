import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseCertificate } from '../../src/seal/certificate.ts'
import { parseRecoveryKeys } from '../../src/seal/recovery-keys.ts'
import { encrypt } from '../../src/vault/vault.ts'
import { makePair } from './make-certificate.ts'

const pair = makePair()
const colons = new X509Certificate(pair.certificate).fingerprint256

test('a certificate, and its fingerprint in any spelling', () => {
  const found = parseCertificate(`# from the controller\n${pair.certificate}`, { source: 'c.pem' })
  expect(found).toMatchObject({ bytes: 256, fingerprint: colons.replaceAll(':', '').toLowerCase() })
  for (const fingerprint of [colons, found.fingerprint, `SHA256:${found.fingerprint}`, `sha256=${colons}`]) expect(parseCertificate(pair.certificate, { source: 'c', fingerprint })).toEqual(found)
})
test.each([
  ['expired', makePair({ bits: 1024, to: '20240102000000Z' }).certificate, {}, /has expired: c\.pem, on 2024-01-02/],
  ['another fingerprint', pair.certificate, { fingerprint: '00'.repeat(32) }, /not the one that was asked for/],
  ['a private key', pair.keyPem, {}, /it is a private key/],
  ['something else', 'x', {}, /no CERTIFICATE in it/],
  ['damaged', pair.certificate.replace(/\n.{64}/, '\n'), {}, /it is damaged/],
])('refused: %s', (_, text, checks, message) => expect(() => parseCertificate(text, { source: 'c.pem', ...checks })).toThrow(message))
test('the clock decides', () => {
  const short = makePair({ bits: 1024, to: '20300102000000Z' }).certificate
  expect(() => parseCertificate(short, { source: 'c', now: new Date('2030-01-03') })).toThrow(/expired/)
  expect(parseCertificate(short, { source: 'c', now: new Date('2030-01-01') }).expires.getUTCFullYear()).toBe(2030)
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const secret = (key: string, indent = ''): string => ['apiVersion: v1', 'kind: Secret', 'metadata: {name: k}', 'data:', `  tls.crt: ${base64(pair.certificate)}`, `  tls.key: ${base64(key)}`].map((line, i) => (i === 0 ? line : indent + line)).join('\n')
test.each([
  ['PEM', pair.keyPem, 1],
  ['PKCS#1', pair.key.export({ type: 'pkcs1', format: 'pem' }) as string, 1],
  ['two in one file', pair.keyPem + makePair({ bits: 1024 }).keyPem, 2],
  ['a Secret', secret(pair.keyPem), 1],
  ['documents', `${secret(pair.keyPem)}\n---\n${secret(pair.keyPem)}\n`, 2],
  ['a List', `apiVersion: v1\nkind: List\nitems:\n- ${secret(pair.keyPem, '  ')}\n`, 1],
  ['a List in JSON', JSON.stringify({ kind: 'List', items: [{ kind: 'Secret', metadata: { name: 'a' }, data: { 'tls.key': base64(pair.keyPem) } }] }, null, 2), 1],
  ['a Secret with stringData', `kind: Secret\nstringData:\n  tls.key: |\n${pair.keyPem.replace(/^/gm, '    ')}\n`, 1],
])('recovery keys: %s', (_, text, count) => {
  const keys = parseRecoveryKeys(text, 'keys')
  expect(keys).toHaveLength(count)
  expect(keys[0]!.equals(pair.key)).toBe(true)
})
test('a value of it may be vaulted', () => {
  const vaulted = encrypt(pair.keyPem, 'pw').trimEnd().replaceAll('\n', '\n    ')
  expect(parseRecoveryKeys(`kind: Secret\nstringData:\n  tls.key: !vault |\n    ${vaulted}\n`, 'keys', { secrets: [{ id: 'default', secret: Buffer.from('pw') }] })).toHaveLength(1)
})
test.each([
  ['nothing', 'kind: Secret\n', /no private key in it/],
  ['a damaged key', pair.keyPem.replace(/\n.{64}/, '\n'), /private key is damaged/],
  ['a passphrase', pair.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string, /has a passphrase/],
  ['an elliptic key', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, /not an RSA key/],
  ['broken YAML', 'kind: Secret\ndata: {tls.key: "hush-hush\n', /not valid YAML/],
])('no recovery key: %s', (_, text, message) => {
  expect(() => parseRecoveryKeys(text, 'keys')).toThrow(message)
  expect(() => parseRecoveryKeys(text, 'keys')).not.toThrow(/hush/)
})
