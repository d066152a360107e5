import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadVaultSecrets, parseVaultId } from '../../src/vault/load-secrets.ts'
import { encrypt } from '../../src/vault/vault.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'vault-'))
  writeFileSync(join(dir, 'plain'), '  s3cret \n')
  writeFileSync(join(dir, 'empty'), '\n')
  writeFileSync(join(dir, 'sealed'), encrypt('inner\n', 's3cret'))
  writeFileSync(join(dir, 'script'), '#!/bin/sh\necho "args:$*"\n')
  writeFileSync(join(dir, 'get-client.sh'), '#!/bin/sh\n[ "$2" = dev ] || exit 2\necho "args:$*"\n')
  for (const name of ['script', 'get-client.sh']) chmodSync(join(dir, name), 0o755)
})
afterAll(() => rmSync(dir, { recursive: true }))

const load = async (...ids: string[]): Promise<string[]> => {
  const secrets = await loadVaultSecrets(ids.map(parseVaultId).map(({ id, source }) => ({ id, source: source === 'prompt' ? source : join(dir, source) })), { ask: async (question) => `typed at ${question}` })
  return secrets.map(({ id, secret }) => `${id}=${secret.toString()}`)
}

test('parseVaultId', () => {
  expect(parseVaultId('dev@a@b')).toEqual({ id: 'dev', source: 'a@b' })
  expect(parseVaultId('file')).toEqual({ id: 'default', source: 'file' })
})

test('files are trimmed, scripts are run, clients are told the id, prompts ask', async () => {
  expect(await load('plain', 'a@script', 'dev@get-client.sh', 'b@prompt')).toEqual([
    'default=s3cret', 'a=args:', 'dev=args:--vault-id dev', 'b=typed at Vault password (b):',
  ])
})

test('a password file may be vaulted with an earlier password', async () => {
  expect(await load('plain', 'x@sealed')).toEqual(['default=s3cret', 'x=inner'])
})

test('missing, empty and failing sources are refused', async () => {
  await expect(load('nothing')).rejects.toMatchObject({ code: 'vault-password', detail: expect.stringContaining('was not found') })
  await expect(load('empty')).rejects.toMatchObject({ detail: expect.stringContaining('is empty') })
  await expect(load('prod@get-client.sh')).rejects.toMatchObject({ detail: expect.stringContaining("knows no password for the vault id 'prod'") })
})

test('one source that works is enough, and the others are told', async () => {
  const told: string[] = []
  const secrets = await loadVaultSecrets([{ id: 'a', source: join(dir, 'nothing') }, { id: 'b', source: join(dir, 'plain') }], { ask: async () => '', warn: ({ detail }) => told.push(detail!) })
  expect(secrets.map(({ id }) => id)).toEqual(['b'])
  expect(told).toEqual([expect.stringContaining('Error getting vault password file (a)')])
})
test('a new password is asked for twice', async () => {
  const asked: string[] = []
  const answers = (words: string[]) => loadVaultSecrets([{ id: 'x', source: 'prompt' }], { asNew: true, ask: async (question) => (asked.push(question), words.shift()!) })
  expect((await answers(['one', 'one']))[0]!.secret.toString()).toBe('one')
  expect(asked).toEqual(['New vault password (x): ', 'Confirm new vault password (x): '])
  await expect(answers(['one', 'two'])).rejects.toMatchObject({ detail: 'Passwords do not match' })
})
