import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync, chownSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { splitWords } from '../shell/split-words.ts'

/** The bytes of a file; `-` is standard input. */
export function readInput(name: string): Buffer {
  try {
    return readFileSync(name === '-' ? 0 : name)
  } catch (error) {
    throw new Problem({ code: 'file-unreadable', summary: 'Unable to read source file', detail: `${name}: ${(error as Error).message}` })
  }
}

/** A file that is text, and can be written back without losing anything. */
export function readText(name: string): string {
  const bytes = readInput(name)
  const text = bytes.toString('utf8')
  if (Buffer.from(text).equals(bytes)) return text
  throw new Problem({ code: 'file-not-text', summary: 'a file is not text in UTF-8', detail: name })
}

/** Replaces a file by rename, also behind links; nobody but its owner can read it, unless it had a mode that is to be kept, or a new file is to have another. */
export function writeFileSafely(name: string, bytes: string | Uint8Array, keepMode = false, newMode = 0o600): void {
  const path = existsSync(name) ? realpathSync(name) : name
  const before = keepMode && existsSync(path) ? statSync(path) : undefined
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
  try {
    writeFileSync(beside, bytes, { mode: newMode, flag: 'wx' })
    if (before) chmodSync(beside, before.mode & 0o7777)
    if (before && process.getuid?.() === 0) chownSync(beside, before.uid, before.gid)
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw new Problem({ code: 'not-writable', summary: `Destination '${name}' not writable`, detail: (error as Error).message })
  }
}

/** Lets the user edit bytes in a file that only they can read, and that is gone afterwards. */
export function editBytes(bytes: Uint8Array, editor: string, name: string): Buffer {
  // In memory where the system has a place for that: the text in the clear never reaches a disk.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tutti-vault-'))
  try {
    const file = join(directory, basename(name))
    writeFileSync(file, bytes, { mode: 0o600 })
    const [program = 'vi', ...args] = splitWords(editor)
    const { status, error } = spawnSync(program, [...args, file], { stdio: 'inherit' })
    if (error || status !== 0) throw new Problem({ code: 'editor-failed', summary: 'The editor failed, and nothing was changed', detail: `${editor}: ${error?.message ?? `exit code ${status}`}`, hint: 'name one in $EDITOR' })
    return readFileSync(file)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export const makeDirectoryOf = (name: string): void => void mkdirSync(dirname(name), { recursive: true })
