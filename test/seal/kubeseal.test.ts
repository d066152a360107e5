import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readManifests } from '../../src/seal/manifest.ts'
import { parseRecoveryKeys } from '../../src/seal/recovery-keys.ts'
import { SCOPES } from '../../src/seal/scope.ts'
import { readSealedSecret, unsealSecret } from '../../src/seal/sealed-secret.ts'

const read = (name: string): string => readFileSync(join(import.meta.dirname, 'kubeseal', name), 'utf8')

/** Both ways, with hundreds of random Secrets and kubeseal itself: test/oracle/kubeseal.ts. */
test('what kubeseal sealed opens, in every scope', () => {
  const keys = parseRecoveryKeys(read('key.pem'), 'key.pem')
  const secrets = readManifests(read('sealed.yml'), { file: 'sealed.yml' }).map((manifest) => unsealSecret(readSealedSecret(manifest), keys))
  expect(secrets.map(({ name, namespace, labels, type }) => ({ name, namespace, labels, type }))).toEqual(SCOPES.map((name) => ({ name, namespace: 'shop', labels: { app: 'x' }, type: 'Opaque' })))
  expect(secrets.map(({ data }) => Object.fromEntries(data))).toEqual(SCOPES.map((scope) => ({ text: Buffer.from(`ünï: "${scope}"\n`), empty: Buffer.alloc(0), bytes: Buffer.from([0, 255, 254, 128]) })))
})
