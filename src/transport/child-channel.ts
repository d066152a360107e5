import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { finished } from 'node:stream/promises'
import type { Channel, Ending } from './wire.ts'

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Where it starts. */
  readonly directory?: string
}

/**
 * A program of this machine as a channel. It has a session of its own: without a terminal sudo asks on standard error, and Ctrl-C in
 * ours does not reach it before we have decided what to do.
 */
export function childChannel(program: string, args: readonly string[], options: ChildOptions = {}): Channel {
  const child = spawn(program, args, { detached: true, stdio: 'pipe', ...(options.env ? { env: options.env } : {}), ...(options.directory === undefined ? {} : { cwd: options.directory }) })
  child.stdin.on('error', () => undefined)
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended: ending(child), close: () => close(child) }
}

async function ending(child: ChildProcessWithoutNullStreams): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>()
  child.once('exit', (code, signal) => resolve({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }))
  child.once('error', () => resolve({}))
  const how = await promise
  // What a daemon left behind may hold the streams open for ever: what was written before the end comes within moments.
  const drained = Promise.all([child.stdout, child.stderr].map((stream) => finished(stream).catch(() => undefined)))
  await Promise.race([drained, new Promise((settle) => setTimeout(settle, 500).unref())])
  return how
}

function close(child: ChildProcessWithoutNullStreams): void {
  child.stdin.destroy()
  child.stdout.destroy()
  child.stderr.destroy()
  if (child.exitCode === null && child.signalCode === null) child.kill()
}
