import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { decryptBytes, isVaulted, type VaultSecret } from './vault.ts'

/** Where a vault password comes from: `prompt`, or a file that is read, or run where it is executable. */
export interface VaultSource {
  readonly id: string
  readonly source: string
}

/** Asks the user without echo; the answer without its line feed. */
export type AskSecret = (question: string) => Promise<string>

/** `label@source` or `source`; the source may be `prompt` or a path. A label is `default` unless named. */
export function parseVaultId(text: string): VaultSource {
  const at = text.indexOf('@')
  return at < 0 ? { id: 'default', source: text } : { id: text.slice(0, at) || 'default', source: text.slice(at + 1) }
}

export interface LoadingSecrets {
  readonly ask: AskSecret
  /** Told of a source that gives no password while others do. */
  readonly warn?: (problem: Problem) => void
  /** Passwords to encrypt with: asked for twice, so that a slip of a finger does not lock the text for ever. */
  readonly asNew?: boolean
}

/**
 * Loads vault passwords in the order given. White space around a password is not part of it, in files and from scripts alike.
 * A source that fails is only a remark where another one works. Throws `vault-password` where all are missing, empty or fail.
 */
export async function loadVaultSecrets(sources: readonly VaultSource[], options: LoadingSecrets): Promise<readonly VaultSecret[]> {
  const secrets: VaultSecret[] = []
  const failures: Problem[] = []
  for (const source of sources) {
    try {
      secrets.push({ id: source.id, secret: await loadSecret(source, options, secrets) })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      failures.push(error)
    }
  }
  if (secrets.length === 0 && failures[0]) throw failures[0]
  for (const failure of failures) options.warn?.(failure)
  return secrets
}

async function loadSecret(source: VaultSource, options: LoadingSecrets, known: readonly VaultSecret[]): Promise<Buffer> {
  const secret = trim(source.source === 'prompt' || source.source === 'prompt_ask_vault_pass' ? Buffer.from(await askFor(source.id, options)) : await readSecret(source, known))
  if (secret.length === 0) throw problem(`Invalid vault password was provided from ${source.source} (${source.id}): it is empty`)
  return secret
}

async function askFor(id: string, { ask, asNew = false }: LoadingSecrets): Promise<string> {
  // Ansible's own spelling, capital and all: scripts that answer prompts look for it.
  const label = id === 'default' ? '' : ` (${id})`
  const kind = id === 'default' ? 'Vault' : 'vault'
  const first = await ask(`${asNew ? `New ${kind}` : 'Vault'} password${label}: `)
  if (asNew && (await ask(`Confirm new ${kind} password${label}: `)) !== first) throw problem('Passwords do not match')
  return first
}

async function readSecret({ id, source }: VaultSource, known: readonly VaultSecret[]): Promise<Buffer> {
  const path = resolve(source.replace(/^~(?=\/|$)/, process.env.HOME ?? '~'))
  const info = await stat(path).catch(() => undefined)
  if (!info) throw problem(`Error getting vault password file (${id}): the password file ${source} was not found`)
  if (info.isDirectory()) throw problem(`Error getting vault password file (${id}): ${source} is a directory`)
  if (await isExecutable(path)) return runScript(path, id)
  const bytes = await readFile(path).catch((error: Error) => { throw problem(`Error in vault password file loading (${id}): ${error.message}`) })
  // A password file may itself be vaulted with a password given before it.
  return isVaulted(bytes) ? decryptBytes(bytes.toString('latin1'), { secrets: known }) : bytes
}

const isExecutable = (path: string): Promise<boolean> => access(path, constants.X_OK).then(() => true, () => false)

/** A script whose name ends in `-client` is told which vault id is wanted. */
function runScript(path: string, id: string): Promise<Buffer> {
  const isClient = basename(path, extname(path)).endsWith('-client')
  return new Promise((done, fail) => {
    const child = execFile(path, isClient ? ['--vault-id', id] : [], { encoding: 'buffer' }, (error, stdout, stderr) => {
      if (!error) return done(stdout)
      const why = stderr.toString().trim() || error.message
      fail(problem(isClient && error.code === 2 ? `${path} knows no password for the vault id '${id}': ${why}` : `${path} failed: ${why}`))
    })
    child.stdin?.end()
  })
}

const trim = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('latin1').replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, ''), 'latin1')
const problem = (detail: string): Problem => new Problem({ code: 'vault-password', summary: 'a vault password cannot be loaded', detail })
