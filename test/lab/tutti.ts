import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = join(dirname(fileURLToPath(import.meta.url)), '../../bin/tutti')

export interface Said {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Of `--output json`. */
  readonly events: readonly any[]
}

/** Runs `tutti` as a user would. `killAfter`: SIGKILL after so many milliseconds, or when its output matches. */
export function tutti(args: readonly string[], options: { readonly killAfter?: number; readonly killWhen?: RegExp; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env }, ...(options.cwd ? { cwd: options.cwd } : {}) })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      if (options.killWhen?.test(stdout)) child.kill('SIGKILL')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const timer = options.killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), options.killAfter)
    child.on('error', reject).on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout, stderr, events: stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [parsed(line)] : [])).filter(Boolean) })
    })
  })
}

/** The last line of a killed run may be cut. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
