import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { Problem } from '../problem/problem.ts'
import type { Terminal } from './command.ts'
import type { Passwords, PlaybookValues } from './run-settings.ts'
import type { Settings } from './settings.ts'

/** The passwords of the login and of becoming another user: read from files, or asked for. Without a new one, the second is the first, as in Ansible. */
export async function readPasswords(values: PlaybookValues, settings: Settings, terminal: Terminal): Promise<Passwords> {
  const connectionFile = values.connectionPasswordFile ?? settings.paths('connectionPasswordFile')?.[0]
  const becomeFile = values.becomePasswordFile ?? settings.paths('becomePasswordFile')?.[0]
  const connection = connectionFile ? fromFile(connectionFile) : values.askPass || settings.flag('askPass') ? await ask(terminal, 'SSH password: ') : undefined
  if (becomeFile) return { connection, become: fromFile(becomeFile) }
  if (!values.askBecomePass && !settings.flag('becomeAskPass')) return { connection, become: undefined }
  const question = connection === undefined ? 'BECOME password: ' : 'BECOME password[defaults to SSH password]: '
  return { connection, become: (await ask(terminal, question)) || connection }
}

async function ask(terminal: Terminal, question: string): Promise<string> {
  const answer = await terminal.ask(question, { secret: true, piped: true })
  if (answer !== undefined) return answer
  throw new Problem({ code: 'nobody-to-ask', summary: 'A password must be asked for, and there is no terminal', detail: question.trim(), hint: 'use --connection-password-file or --become-password-file' })
}

/** The first line of a file, or of what an executable one says. */
function fromFile(file: string): string {
  try {
    const text = isExecutable(file) ? execFileSync(file, { encoding: 'utf8', stdio: ['inherit', 'pipe', 'inherit'] }) : readFileSync(file, 'utf8')
    return text.replace(/\r?\n[^]*$/, '')
  } catch (error) {
    throw new Problem({ code: 'password-file', summary: 'A password file cannot be read', detail: `${file}: ${(error as Error).message}` })
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
