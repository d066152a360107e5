import { Problem } from '../../problem/problem.ts'
import { VaultString, type Value } from '../../value/value.ts'
import { decrypt, encrypt, isVaulted } from '../../vault/vault.ts'
import { filter } from '../define.ts'
import { flag, typeName } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'

const secretOf = (secret: Value): string =>
  typeof secret === 'string' ? secret : fail(`Secret passed is required to be a string, instead we got ${typeName(secret)}`)

function saying<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    return error instanceof Problem ? fail(`${what}: ${error.summary}`) : fail(String(error))
  }
}

/** Encrypts with a password of its own, not with those of the run. A given salt makes the result the same each time. */
function vault(value: Value, secret: string, salt: Value | undefined, id: string, wrap: boolean): Value {
  if (typeof value !== 'string') return fail(`Can only vault strings, instead we got ${typeName(value)}`)
  const given = salt === undefined || salt === null || salt === '' ? {} : { salt: Buffer.from(str(salt)) }
  const text = saying('Unable to encrypt', () => encrypt(value, secret, { id, ...given }))
  return wrap ? new VaultString(text, () => value) : text
}
function unvault(value: Value, secret: string, id: string): Value {
  const text = value instanceof VaultString ? value.ciphertext : typeof value === 'string' ? value : fail(`Vault should be in the form of a string, instead we got: ${typeName(value)}`)
  if (!isVaulted(text)) return value
  return saying('Unable to decrypt', () => decrypt(text, { secrets: [{ id, secret: Buffer.from(secret) }] }))
}
const idOf = (...given: readonly (Value | undefined)[]): string => str(given.find((one) => one !== undefined && one !== null) ?? 'filter_default')

export const vaultFilters = [
  filter('vault', 'secret salt? vault_id? wrap_object? vaultid?', (value, [secret, salt, id, wrap, oldId]) =>
    vault(value, secretOf(secret!), salt, idOf(oldId, id), flag(wrap))),
  filter('unvault', 'secret vault_id? vaultid?', (value, [secret, id, oldId]) => unvault(value, secretOf(secret!), idOf(oldId, id)), 'sealed'),
]
