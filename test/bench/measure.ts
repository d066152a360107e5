import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'

/** What one run of a program cost. */
export interface Cost {
  /** Wall time in seconds. */
  readonly seconds: number
  /** Processor time of it and of all its children that it waited for, in seconds. */
  readonly processor: number
  /** The most resident memory of it and all below it together, in MB, looked at ten times a second. Pages that forks share are counted in each. */
  readonly megabytes: number
  readonly output: string
}

/** Ticks of a second in /proc, which Linux fixes for programs at 100. */
const TICKS = 100
const fields = (pid: number | 'self'): readonly string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')
const childrenTime = (): number => fields('self').slice(13, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS

/** Resident memory of a process and all below it, in MB. */
function memoryOf(root: number): number {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) if (/^\d+$/.test(entry)) try { parents.set(Number(entry), Number(fields(Number(entry))[1])) } catch { /* it ended */ }
  const below = (pid: number): boolean => pid === root || (parents.has(pid) && pid > 1 && below(parents.get(pid)!))
  let sum = 0
  for (const pid of parents.keys()) if (below(pid)) try { sum += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) } catch { /* it ended */ }
  return sum / 1024
}

/** Runs a program to its end; one at a time, for times of children are summed by the kernel. Throws where it fails. */
export function measure(command: readonly string[], options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {}): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const [before, started] = [childrenTime(), performance.now()]
    const child = spawn(command[0]!, command.slice(1), { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let [megabytes, output, errors] = [0, '', '']
    const watch = setInterval(() => (megabytes = Math.max(megabytes, memoryOf(child.pid!))), 100)
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.on('error', (error) => (clearInterval(watch), reject(error)))
    child.on('exit', (code) => {
      const seconds = (performance.now() - started) / 1000
      clearInterval(watch)
      if (code !== 0) return reject(new Error(`${command.join(' ')} ended with ${code}:\n${(output + errors).slice(-3000)}`))
      setImmediate(() => resolve({ seconds, processor: childrenTime() - before, megabytes, output }))
    })
  })
}

/** The same for a program that may not be installed: undefined then. */
export const measureIfInstalled = (...given: Parameters<typeof measure>): Promise<Cost | undefined> =>
  measure(...given).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
