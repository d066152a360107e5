import { Problem, type Span } from '../problem/problem.ts'
import { open, parseEnvelope, seal } from './vault-format.ts'

export { isVaulted } from './vault-format.ts'

/** One password with the vault id it belongs to (`default` where none was named). */
export interface VaultSecret {
  readonly id: string
  readonly secret: Buffer
}

/** The vault passwords of a run. */
export interface VaultSecrets {
  readonly secrets: readonly VaultSecret[]
  /** Ansible's `vault_id_match`: try only the secrets whose id the header names. */
  readonly matchIds?: boolean
  /** Told every decrypted text of an inline `!vault`, so that output can mask it. */
  readonly onSecret?: (text: string) => void
}

export const noVaultSecrets: VaultSecrets = { secrets: [] }

/** A vaulted text that was opened: its bytes, the id of its header, and the secret that did it. */
export interface Opened {
  readonly plain: Buffer
  readonly id: string
  readonly by: VaultSecret
}

/**
 * Opens a vaulted text. Secrets with the header's id are tried first, then all others, as Ansible does.
 * Throws `vault-format`, `vault-no-secret` or `vault-wrong-password` (which says the ids that were tried).
 */
export function openText(text: string, { secrets, matchIds }: VaultSecrets, span?: Span): Opened {
  const envelope = parseEnvelope(text, span)
  const named = secrets.filter(({ id }) => id === envelope.id)
  const candidates = matchIds ? named : [...named, ...secrets.filter(({ id }) => id !== envelope.id)]
  if (candidates.length === 0) throw noSecret(envelope.id, secrets, span)
  for (const by of candidates) {
    const plain = open(envelope, by.secret)
    if (plain) return { plain, id: envelope.id, by }
  }
  throw wrongPassword(envelope.id, candidates, span)
}

/** The bytes of a vaulted text. */
export const decryptBytes = (text: string, secrets: VaultSecrets, span?: Span): Buffer => openText(text, secrets, span).plain

/** `decryptBytes` as UTF-8 text. */
export const decrypt = (text: string, secrets: VaultSecrets, span?: Span): string => decryptBytes(text, secrets, span).toString('utf8')

/** Encrypts as `ansible-vault encrypt` does: header 1.2 with a vault id, 1.1 without one. */
export function encrypt(plain: string | Uint8Array, secret: string | Buffer, { id, salt }: { readonly id?: string; readonly salt?: Buffer } = {}): string {
  if (id !== undefined && /[;\s]/.test(id)) {
    throw new Problem({ code: 'vault-id', summary: 'a vault id cannot hold white space or a semicolon', detail: id })
  }
  return seal(plain, Buffer.from(secret as string), id, salt)
}

function noSecret(id: string, secrets: readonly VaultSecret[], span: Span | undefined): Problem {
  const known = secrets.map((secret) => secret.id).join(', ')
  return new Problem({
    code: 'vault-no-secret', summary: 'Attempting to decrypt but no vault secrets found',
    detail: `vault id '${id}'${known ? `; the ids given are ${known}` : ''}`,
    hint: 'give one with --vault-password-file FILE, --vault-id LABEL@FILE or --ask-vault-pass', ...(span ? { span } : {}),
  })
}

function wrongPassword(id: string, tried: readonly VaultSecret[], span: Span | undefined): Problem {
  return new Problem({
    code: 'vault-wrong-password', summary: 'Decryption failed (no vault secrets were found that could decrypt)',
    detail: `it is labelled '${id}'; the passwords tried have the ids ${[...new Set(tried.map((secret) => secret.id))].join(', ')}`,
    hint: 'check the password file, or name the right one with --vault-id LABEL@FILE', ...(span ? { span } : {}),
  })
}
