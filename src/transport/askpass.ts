import { execFile } from 'node:child_process'
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Answers {
  readonly password: string | undefined
  readonly passphrase: string | undefined
}

/** A program for `SSH_ASKPASS`, and what must be closed when the login is over. */
export interface Askpass {
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

/**
 * Lets the `ssh` program ask for what we know, without putting it into arguments, the environment or a file: the answers wait in named
 * pipes in a folder only we can enter. Without answers there is nothing to ask.
 */
export async function makeAskpass(folder: string, answers: Answers): Promise<Askpass | undefined> {
  const handles: FileHandle[] = []
  for (const kind of ['password', 'passphrase'] as const) {
    const answer = answers[kind]
    if (answer !== undefined) handles.push(await fill(join(folder, kind), answer))
  }
  if (handles.length === 0) return undefined
  const program = join(folder, 'askpass')
  await writeFile(program, SCRIPT, { mode: 0o700 })
  return {
    env: { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: process.env['DISPLAY'] ?? ':0' },
    close: async () => void (await Promise.all(handles.map((handle) => handle.close()))),
  }
}

const SCRIPT = `#!/bin/sh
case $1 in *assphrase*) pipe=\${0%/*}/passphrase ;; *) pipe=\${0%/*}/password ;; esac
[ -p "$pipe" ] && IFS= read -r answer <"$pipe" && printf '%s\\n' "$answer"
`

// Opened for reading too, so that opening and writing wait for nobody.
async function fill(path: string, answer: string): Promise<FileHandle> {
  await promisify(execFile)('mkfifo', ['-m', '600', path])
  const handle = await open(path, 'r+')
  await handle.write(`${answer}\n`)
  return handle
}
