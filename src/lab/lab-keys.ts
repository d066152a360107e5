import { chownSync, existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { privateKeyFile } from './lab-record.ts'
import { mustRun } from './run-program.ts'

/** The lab's own key, made once; its public half. Whoever called sudo may use it too. */
export async function ensureLabKey(directory: string, lab: string): Promise<string> {
  const file = privateKeyFile(directory)
  await ensureKey(file, `tutti lab ${lab}`)
  const [uid, gid] = [Number(process.env['SUDO_UID']), Number(process.env['SUDO_GID'])]
  if (process.getuid?.() === 0 && uid > 0 && gid > 0) chownSync(file, uid, gid)
  return readPublicKey(file)
}

/** The host key of one host, made before the host is, so that the very first contact can be checked. */
export async function ensureHostKey(directory: string, host: string): Promise<{ readonly file: string; readonly publicKey: string }> {
  const file = join(directory, 'hosts', host, 'ssh_host_ed25519_key')
  await ensureKey(file, `root@${host}`)
  return { file, publicKey: readPublicKey(file) }
}

async function ensureKey(file: string, comment: string): Promise<void> {
  if (existsSync(file)) return
  await mkdir(dirname(file), { recursive: true })
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file])
}

const readPublicKey = (file: string): string => readFileSync(`${file}.pub`, 'utf8').trim()
