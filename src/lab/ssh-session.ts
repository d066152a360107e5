import { spawn } from 'node:child_process'
import { commandLine } from '../shell/quote.ts'
import type { Lab } from './lab.ts'
import { sshArguments } from './reach-host.ts'

/** Gives the terminal to the `ssh` program: a shell on the host, or a command of it. The exit code is what ssh gives. */
export function sshSession(lab: Lab, host: string, command: readonly string[]): Promise<number> {
  // One word is a line for the remote shell, as with ssh itself; several are the words of one command.
  const remote = command.length > 1 ? [commandLine(command)] : command
  const child = spawn('ssh', [...sshArguments(lab.directory, lab.host(host)), ...remote], { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 255))
  })
}
