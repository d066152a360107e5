import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface TuttiRun {
  readonly exitCode: number
  readonly output: string
  /** One for each line of output. */
  readonly events: readonly any[]
  /** "host status name" of every result. */
  readonly results: readonly string[]
  /** The result of a task by the end of its name, on any host. */
  result(name: string): any
}

const root = join(import.meta.dirname, '../..')

/** Runs the program as people do, and reads the events that it prints. */
export function runTutti(...args: readonly string[]): Promise<TuttiRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'bin/tutti'), [...args, '--output', 'json'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve(runFrom(code ?? 1, stdout, stderr)))
  })
}

function runFrom(exitCode: number, stdout: string, stderr: string): TuttiRun {
  const events = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  const names = new Map(events.filter(({ type }) => type === 'task-start').map(({ task, name }) => [task, name]))
  const results = events.filter(({ type }) => type === 'result').map((event) => ({ ...event, name: names.get(event.task) ?? '' }))
  const output = `${stderr}${results.filter(({ result }) => result.status === 'failed' || result.status === 'unreachable').map(({ host, name, result }) => `${host} ${name}: ${result.reason}`).join('\n')}`
  return {
    exitCode, output, events, results: results.map(({ host, name, result }) => `${host} ${result.status} ${name}`),
    result: (name) => results.find((one) => one.name.endsWith(name))?.result,
  }
}
