import { readSync } from 'node:fs'
import { Writable } from 'node:stream'
import type { Terminal } from './command.ts'
import { pauseAt } from './pause-at.ts'

/** The terminal of the process. The first Ctrl-C aborts the signal; a second one ends the process at once. */
export function processTerminal(): Terminal {
  const abort = new AbortController()
  let asking: AbortController | undefined
  const interrupt = (): void => {
    asking?.abort()
    if (abort.signal.aborted) process.exit(99)
    process.stderr.write('\ninterrupted: ending what runs on the hosts (once more to leave at once)\n')
    abort.abort()
  }
  // `tutti … | head`: whoever read us has gone, and so do we.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(141) })
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    isTerminal: process.stdout.isTTY === true,
    width: process.stdout.columns || 80,
    signal: abort.signal,
    async ask(question, { secret = false, seconds, piped = false, pausing = false } = {}) {
      if (!process.stdin.isTTY) return piped ? readLine() : undefined
      if (pausing) return pauseAt(question, { input: process.stdin, output: process.stdout, secret, seconds })
      asking = new AbortController()
      const timer = seconds === undefined ? undefined : setTimeout(() => asking?.abort(), seconds * 1000)
      try {
        return await askOnce(question, secret, asking.signal, interrupt)
      } catch (error) {
        if ((error as Error).name === 'AbortError') return undefined
        throw error
      } finally {
        clearTimeout(timer)
        asking = undefined
      }
    },
  }
}

/** A secret answer is not echoed: what readline would print goes nowhere once the question is out. */
async function askOnce(question: string, secret: boolean, signal: AbortSignal, interrupt: () => void): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: secret ? silent : process.stdout, terminal: true })
  // With a terminal of its own, readline takes Ctrl-C before the process sees it.
  reader.on('SIGINT', interrupt)
  try {
    if (secret) process.stdout.write(question)
    const answer = await reader.question(secret ? '' : question, { signal })
    if (secret) process.stdout.write('\n')
    return answer
  } finally {
    reader.close()
  }
}

/** One line of standard input, byte by byte: what follows belongs to whoever reads next. Undefined at its end. */
function readLine(): string | undefined {
  const bytes: number[] = []
  const one = Buffer.alloc(1)
  try {
    while (readSync(0, one, 0, 1, null) === 1 && one[0] !== 0x0a) bytes.push(one[0]!)
    if (one[0] !== 0x0a && bytes.length === 0) return undefined
  } catch {
    return undefined // No standard input at all, or one that does not wait.
  }
  return Buffer.from(bytes).toString('utf8').replace(/\r$/, '')
}
