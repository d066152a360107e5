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

/**
 * Loads vault passwords in the order given. White space around a password is not part of it, in files and from scripts alike.
 * Throws `vault-password` where a source is missing, empty or fails.
 */
export async function loadVaultSecrets(sources: readonly VaultSource[], ask: AskSecret): Promise<readonly VaultSecret[]> {
  const secrets: VaultSecret[] = []
  for (const { id, source } of sources) {
    const found = await loadSecret(id, source, ask, secrets)
    const secret = trim(found)
    if (secret.length === 0) throw problem(`the password from ${source} is empty`)
    secrets.push({ id, secret })
  }
  return secrets
}

async function loadSecret(id: string, source: string, ask: AskSecret, known: readonly VaultSecret[]): Promise<Buffer> {
  if (source === 'prompt' || source === 'prompt_ask_vault_pass') return Buffer.from(await ask(id === 'default' ? 'Vault password: ' : `Vault password (${id}): `))
  const path = resolve(source.replace(/^~(?=\/|$)/, process.env.HOME ?? '~'))
  const info = await stat(path).catch(() => undefined)
  if (!info) throw problem(`the password file ${source} was not found`)
  if (info.isDirectory()) throw problem(`${source} is a directory`)
  if (await isExecutable(path)) return runScript(path, id)
  const bytes = await readFile(path).catch((error: Error) => { throw problem(`${source}: ${error.message}`) })
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
