import type { KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Problem } from '../problem/problem.ts'
import { type Certificate, parseCertificate } from '../seal/certificate.ts'
import { type Manifest, readManifests } from '../seal/manifest.ts'
import { parseRecoveryKeys } from '../seal/recovery-keys.ts'
import { Secrets } from '../text/secrets.ts'
import { type VaultSecrets, decryptBytes, isVaulted } from '../vault/vault.ts'
import type { Terminal } from './command.ts'
import { openVault } from './open-vault.ts'
import { UsageProblem } from './options.ts'
import type { SealValues } from './seal.ts'
import { readSettings } from './settings.ts'
import { readInput } from './vault-files.ts'

/** What `tutti seal` reads. Files that are vaulted are opened; vault passwords are asked for only then. */
export class SealInput {
  readonly #values: SealValues
  readonly #terminal: Terminal
  #vault: Promise<VaultSecrets> | undefined
  #stdinTaken = false

  constructor(values: SealValues, terminal: Terminal) {
    this.#values = values
    this.#terminal = terminal
  }

  #vaultSecrets(): Promise<VaultSecrets> {
    return (this.#vault ??= openVault(this.#values, readSettings(this.#terminal.env, process.cwd()), this.#terminal, new Secrets()))
  }

  /** The bytes of a file, or of standard input (`-`), which can be read once. */
  async bytes(name: string): Promise<Buffer> {
    if (name === '-' && this.#stdinTaken) throw new UsageProblem({ code: 'seal-stdin-twice', summary: 'Standard input can be read only once' })
    this.#stdinTaken ||= name === '-'
    const bytes = readInput(name)
    return isVaulted(bytes) ? decryptBytes(bytes.toString('latin1'), await this.#vaultSecrets(), { file: name, line: 1, column: 1 }) : bytes
  }

  /** Manifests of a file that holds secrets in the clear. */
  async concealed(name: string): Promise<readonly Manifest[]> {
    const text = (await this.bytes(name)).toString('utf8')
    return readManifests(text, { file: name, concealed: true, ...(await this.#vaultFor(text)) })
  }

  async #vaultFor(text: string): Promise<{ vault?: VaultSecrets }> {
    return text.includes('!vault') ? { vault: await this.#vaultSecrets() } : {}
  }

  async certificate(): Promise<Certificate> {
    const source = this.#values.cert ?? this.#terminal.env.SEALED_SECRETS_CERT
    if (!source) throw new UsageProblem({ code: 'seal-no-certificate', summary: 'A certificate must be named', hint: '--cert FILE or URL, or $SEALED_SECRETS_CERT' })
    const { fingerprint } = this.#values
    if (/^http:/i.test(source) && fingerprint === undefined) this.#terminal.err('[WARNING]: over http, anybody on the way can put in a certificate of their own; --fingerprint says which is wanted\n')
    return parseCertificate(/^https?:\/\//i.test(source) ? await fetchText(source) : (await this.bytes(source)).toString('latin1'), { source: shownSource(source), fingerprint })
  }

  /** All private keys that were named; none where none were. */
  async recoveryKeys(): Promise<readonly KeyObject[]> {
    const files = this.#values.recoveryPrivateKey.flatMap((names) => (existsSync(names) ? [names] : names.split(',')))
    const keys: KeyObject[] = []
    for (const file of files) {
      const text = (await this.bytes(file)).toString('utf8')
      keys.push(...parseRecoveryKeys(text, file, (await this.#vaultFor(text)).vault))
    }
    return keys
  }

  async hmacKey(): Promise<Buffer | undefined> {
    const file = this.#values.hmacKey
    if (file === undefined) return undefined
    const key = Buffer.from((await this.bytes(file)).toString('latin1').trim(), 'latin1')
    if (key.length < 16) throw new Problem({ code: 'seal-hmac-key', summary: 'the key is too short', detail: `${file}: ${key.length} bytes, and 16 are the least`, hint: 'make one with `openssl rand -hex 32`' })
    return key
  }
}

const shownSource = (source: string): string => source.replace(/^(https?:\/\/)[^/@]*@/i, '$1')

async function fetchText(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    if (answer.ok) return await answer.text()
    throw new Error(`the server answered ${answer.status}`)
  } catch (error) {
    const { message, cause } = error as Error
    throw new Problem({ code: 'seal-fetch', summary: 'the certificate cannot be fetched', detail: `${shownSource(url)}: ${cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message}`, hint: 'a certificate file works without the network' })
  }
}
