import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = join(dirname(fileURLToPath(import.meta.url)), '../../bin/tutti')

export interface Said {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** When each line of its output came, in milliseconds since the start. */
  readonly lineTimes: readonly number[]
  /** Of `--output json`. */
  readonly events: readonly any[]
}

/** Runs `tutti` as a user would. `killAfter`: SIGKILL after so many milliseconds; `killWhen`: when its output matches; `killAt`: so many milliseconds after so many lines; `killOn`: so many milliseconds after the first line that it gives a number for. */
export function tutti(args: readonly string[], options: { readonly killAfter?: number; readonly killWhen?: RegExp; readonly killOn?: (line: string) => number | undefined; readonly killAt?: { readonly lines: number; readonly then: number }; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env }, ...(options.cwd ? { cwd: options.cwd } : {}) })
    let [stdout, stderr] = ['', '']
    const begin = Date.now()
    const lineTimes: number[] = []
    let judged = 0
    let timer: NodeJS.Timeout | undefined
    const killIn = (milliseconds: number): void => {
      if (milliseconds === 0) child.kill('SIGKILL')
      timer ??= setTimeout(() => child.kill('SIGKILL'), milliseconds)
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      for (const char of text) if (char === '\n') lineTimes.push(Date.now() - begin)
      if (options.killAt && lineTimes.length >= options.killAt.lines) killIn(options.killAt.then)
      if (options.killOn) {
        const whole = stdout.slice(judged, stdout.lastIndexOf('\n') + 1)
        judged += whole.length
        for (const then of whole.split('\n').filter(Boolean).map(options.killOn)) if (then !== undefined) killIn(then)
      }
      if (options.killWhen?.test(stdout)) child.kill('SIGKILL')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    if (options.killAfter !== undefined) killIn(options.killAfter)
    if (options.killAt?.lines === 0) killIn(options.killAt.then)
    child.on('error', reject).on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout, stderr, lineTimes, events: stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [parsed(line)] : [])).filter(Boolean) })
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
