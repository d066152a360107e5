import { type KeyObject, createPrivateKey } from 'node:crypto'
import { Problem } from '../problem/problem.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import { readManifests } from './manifest.ts'
import { readSecret } from './secret.ts'

/**
 * The private keys of a controller: PEM texts, or the backup of its Secrets (one, several documents, or a List; YAML or JSON).
 * Throws `seal-recovery-key` where there is none; no error shows anything of the text.
 */
export function parseRecoveryKeys(text: string, source: string, vault?: VaultSecrets): readonly KeyObject[] {
  const keys = (/^\s*-----BEGIN /m.test(text) && !/^\s*(apiVersion|kind|"?items)/m.test(text) ? [text] : keysOfBackup(text, source, vault)).flatMap((pem) => blocksOf(pem).map((block) => parsed(block, source)))
  if (keys.length === 0) throw unusable(source, 'there is no private key in it')
  return keys
}

function keysOfBackup(text: string, source: string, vault: VaultSecrets | undefined): readonly string[] {
  const secrets = readManifests(text, { file: source, concealed: true, ...(vault ? { vault } : {}) }).filter(({ kind }) => kind === 'Secret').map(readSecret)
  return secrets.flatMap(({ data }) => data.get('tls.key')?.toString('latin1') ?? [])
}

const blocksOf = (text: string): readonly string[] => text.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?-----END [A-Z ]*PRIVATE KEY-----/g) ?? []

function parsed(block: string, source: string): KeyObject {
  if (/ENCRYPTED/.test(block)) throw unusable(source, 'the private key has a passphrase', 'take it off with `openssl pkey`, and encrypt the file with `tutti vault encrypt`')
  try {
    // A key in an indented block of YAML is one, too.
    const key = createPrivateKey(block.replace(/^[ \t]+/gm, ''))
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    throw unusable(source, 'the private key is damaged')
  }
  throw unusable(source, 'the private key is not an RSA key')
}

const unusable = (source: string, why: string, hint = 'a PEM file, or `kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml`'): Problem => new Problem({ code: 'seal-recovery-key', summary: 'no key to open sealed values can be read', detail: `${source}: ${why}`, hint })
