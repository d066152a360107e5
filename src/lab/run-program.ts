import { spawn } from 'node:child_process'
import { Problem } from '../problem/problem.ts'
import { commandLine } from '../shell/quote.ts'

export interface ProgramOptions {
  /** Text for its standard input; without it the program reads /dev/null. */
  readonly stdin?: string
  /** Seconds until it is killed; the result's code is then `timed-out`. */
  readonly timeout?: number
  readonly env?: Readonly<Record<string, string>>
}

export interface ProgramResult {
  /** The exit code; `missing` when there is no such program. */
  readonly code: number | 'missing' | 'timed-out'
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of this machine and waits for it. */
export function runProgram(argv: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  const [program, ...args] = argv as [string, ...string[]]
  const stdin = options.stdin === undefined ? 'ignore' : 'pipe'
  const child = spawn(program, args, { stdio: [stdin, 'pipe', 'pipe'], env: { ...programEnvironment(), ...options.env } })
  let timedOut = false
  const timer = options.timeout && setTimeout(() => ((timedOut = true), child.kill('SIGKILL')), options.timeout * 1000)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout!.on('data', (bytes: Buffer) => stdout.push(bytes))
  child.stderr!.on('data', (bytes: Buffer) => stderr.push(bytes))
  child.stdin?.on('error', () => {}) // A program that ends without reading its input is told about by its exit code.
  child.stdin?.end(options.stdin)
  return new Promise((resolve, reject) => {
    const texts = () => ({ stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer || undefined)
      if (error.code === 'ENOENT') resolve({ code: 'missing', ...texts() })
      else reject(error)
    })
    child.on('close', (code) => {
      clearTimeout(timer || undefined)
      resolve({ code: timedOut ? 'timed-out' : (code ?? 255), ...texts() })
    })
  })
}

/** The program's output; a problem with its last words when it fails. */
export async function mustRun(argv: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(argv, options)
  if (code === 0) return stdout
  const words = (stderr.trim() || stdout.trim()).split('\n').slice(-8).join('\n')
  const what = code === 'missing' ? 'there is no such program' : code === 'timed-out' ? `no end after ${options.timeout} s` : `exit code ${code}`
  throw new Problem({ code: 'lab-command-failed', summary: 'a command of the lab failed', detail: `${commandLine(argv)}: ${what}${words ? `\n${words}` : ''}` })
}

/** Plain messages, and the system's own directories behind those of PATH: cron and plain users may lack them. */
export const programEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  LC_ALL: 'C.UTF-8',
  ...(process.platform === 'win32' ? {} : { PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin` }),
})
