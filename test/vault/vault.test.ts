import { describe, expect, test } from 'vitest'
import { problemsOf } from '../../src/problem/problem.ts'
import { decrypt, encrypt, isVaulted, type VaultSecret } from '../../src/vault/vault.ts'

// Made with ansible-vault of core 2.19, password s3cret.
const v11 = `$ANSIBLE_VAULT;1.1;AES256
31373166653663656164373764666263323863303338653565346664313637633965646562663939
6662623331613364333365393730356238313065393638340a383535653963396133333337353362
35366437633666623136643261363164636465386634303939643933616331656366623439363131
3662316132666463640a663466346630353031303565633938636435666538383462393139353362
3230
`
const v12 = `$ANSIBLE_VAULT;1.2;AES256;dev
39323531646365636265336431343062363865316263393464623836383566643733363732396139
3038633266343263373030633134333234346563303362390a356534663966306235656164356330
37363734303230313366653439366133666536613639333062386432383366313736343232336135
3839373265656138390a306633663333323462313136373339376135323336623666333362353863
6339
`
const plain = 'hello: wörld\n'
const secret = (text: string, id = 'default'): VaultSecret => ({ id, secret: Buffer.from(text) })

function thrown(attempt: () => unknown): { code: string; detail: string | undefined } {
  try {
    attempt()
  } catch (error) {
    const [problem] = problemsOf(error) ?? []
    if (problem) return { code: problem.code, detail: problem.detail }
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('decrypt', () => {
  test('opens what ansible-vault made, both versions', () => {
    expect(decrypt(v11, { secrets: [secret('s3cret')] })).toBe(plain)
    expect(decrypt(v12, { secrets: [secret('s3cret', 'dev')] })).toBe(plain)
  })
  test('tries secrets of other ids too, unless ids must match', () => {
    expect(decrypt(v12, { secrets: [secret('wrong', 'dev'), secret('s3cret', 'prod')] })).toBe(plain)
    expect(thrown(() => decrypt(v12, { secrets: [secret('s3cret', 'prod')], matchIds: true })).code).toBe('vault-no-secret')
  })
  test('a wrong password says which ids were tried', () => {
    expect(thrown(() => decrypt(v12, { secrets: [secret('a', 'dev'), secret('b')] }))).toEqual({
      code: 'vault-wrong-password', detail: "it is labelled 'dev'; the passwords tried have the ids dev, default",
    })
  })
  test('CRLF and indentation do not matter', () => {
    expect(decrypt(v11.replaceAll('\n', '\r\n   '), { secrets: [secret('s3cret')] })).toBe(plain)
  })
  test('refuses what it cannot read', () => {
    expect(thrown(() => decrypt('$ANSIBLE_VAULT;1.0;AES\n00', { secrets: [secret('x')] })).detail).toContain('version is 1.0')
    expect(thrown(() => decrypt('$ANSIBLE_VAULT;1.1;AES256\nzz', { secrets: [secret('x')] })).detail).toContain('hexadecimal')
    expect(thrown(() => decrypt(v11.slice(0, 100), { secrets: [secret('x')] })).code).toBe('vault-format')
  })
})

describe('encrypt', () => {
  test('is byte for byte what ansible-vault writes for the same salt', () => {
    const salt = Buffer.from('171fe6cead77dfbc28c038e5e4fd167c9edebf99fbb31a3d33e9705b810e9684', 'hex')
    expect(encrypt(plain, 's3cret', { salt })).toBe(v11)
  })
  test('names the id in a 1.2 header, and opens again', () => {
    const text = encrypt('x'.repeat(1000), 'pw', { id: 'prod' })
    expect(text.split('\n')[0]).toBe('$ANSIBLE_VAULT;1.2;AES256;prod')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBe(80)
    expect(decrypt(text, { secrets: [secret('pw')] })).toBe('x'.repeat(1000))
  })
  test('refuses an id that would break the header', () => {
    expect(thrown(() => encrypt('x', 'y', { id: 'a;b' })).code).toBe('vault-id')
  })
})

test('isVaulted', () => {
  expect(isVaulted(v11)).toBe(true)
  expect(isVaulted(Buffer.from(v12))).toBe(true)
  expect(isVaulted('hello: world')).toBe(false)
})
