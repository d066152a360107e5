import { appendFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { stripVTControlCharacters } from 'node:util'
import { Problem } from '../problem/problem.ts'
import type { Terminal } from './command.ts'

/** `log_path`: everything that is shown goes to the end of a file too, each line with the time, in Ansible's form and without colours. */
export function withLog(terminal: Terminal, file: string | undefined): Terminal {
  if (file === undefined) return terminal
  const log = (level: string) => {
    let rest = ''
    return (text: string): void => {
      const lines = (rest + stripVTControlCharacters(text)).split('\n')
      rest = lines.pop()!
      append(file, lines.map((line) => `${stamp()} p=${process.pid} u=${userInfo().username} n=${terminal.part ?? 'tutti'} ${level}| ${line}\n`).join(''))
    }
  }
  const [out, err] = [log('INFO'), log('WARNING')]
  return { ...terminal, out: (text) => (terminal.out(text), out(text)), err: (text) => (terminal.err(text), err(text)) }
}

function append(file: string, text: string): void {
  try {
    // What hosts answer is nobody else's business.
    appendFileSync(file, text, { mode: 0o600 })
  } catch (error) {
    throw new Problem({ code: 'log-unwritable', summary: 'The log cannot be written', detail: (error as Error).message, hint: 'log_path in ansible.cfg or ANSIBLE_LOG_PATH says where it is' })
  }
}

/** `2026-11-21 16:55:01,123`, the time here. */
function stamp(): string {
  const now = new Date()
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000)
  return local.toISOString().replace('T', ' ').replace('.', ',').slice(0, 23)
}
