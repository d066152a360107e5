import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ShellReply } from './connection.ts'

/** A script on the host whose input and output are streams. */
export type Pipe = (script: string, content: Readable) => { readonly stdout: Readable; readonly done: Promise<ShellReply> }

/**
 * rsync's remote shell: says how many words it was given and which, then passes bytes between rsync and the descriptors 3 and 4.
 * It ends when the host's side has ended, as ssh does. `cat` gives up where writing would have to wait, so rsync must let it (`--blocking-io`).
 */
const REMOTE_SHELL = `sh -c 'printf "%s\\0" "$#" "$@" >&4; exec 5<&0; cat <&3 & p=$!; cat <&5 >&4 & q=$!; wait $p; kill $q 2>/dev/null; exit 0' sh`

/**
 * Runs rsync of the controller against the host over the connection that is there already: its user, keys, passwords and jumps count, and
 * nothing logs in again. `args` name paths of the host as `host:PATH`; they travel inside rsync's protocol, where no shell reads them.
 */
export async function rsyncOver(args: readonly string[], pipe: Pipe, signal?: AbortSignal): Promise<ShellReply> {
  const child = spawn('rsync', ['--protect-args', '--blocking-io', `--rsh=${REMOTE_SHELL}`, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'], ...(signal ? { signal } : {}), env: { ...process.env, LC_ALL: 'C', RSYNC_OLD_ARGS: undefined, RSYNC_PROTECT_ARGS: undefined } })
  const [toRsync, fromRsync] = [child.stdio[3] as Writable, child.stdio[4] as Readable]
  const said: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
  for (const stream of ['stdout', 'stderr'] as const) child[stream]!.on('data', (part: Buffer) => said[stream].push(part))
  // Without rsync here, or when it is to end, there is an error in place of an exit code.
  const ended = (once(child, 'close') as Promise<[number | null]>).catch((error: Error): [number] => {
    said.stderr.push(Buffer.from(error.message))
    return [127]
  })
  for (const stream of [toRsync, fromRsync]) stream.on('error', () => undefined)
  const remote = serve(fromRsync, toRsync, pipe).catch((error: Error) => {
    toRsync.destroy()
    return { code: 255, stdout: Buffer.alloc(0), stderr: Buffer.from(error.message) }
  })
  const [code] = await ended
  fromRsync.destroy()
  const { stderr } = await remote
  return { code: code ?? 1, stdout: Buffer.concat(said.stdout), stderr: Buffer.concat([stderr, ...said.stderr]) }
}

/** Waits for the words, then joins the program on the host with rsync. */
async function serve(from: Readable, to: Writable, pipe: Pipe): Promise<ShellReply> {
  const content = new PassThrough()
  const words = await readWords(from, content)
  if (!words) return { code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
  // The first word is the host's name.
  const { stdout, done } = pipe(`exec ${words.slice(1).join(' ')}`, content)
  const [reply] = await Promise.all([done, pipeline(stdout, to).catch(() => undefined)])
  content.destroy()
  return reply
}

/** The words that the remote shell was given; what comes after them flows into `rest`. Undefined where rsync ended before. */
async function readWords(from: Readable, rest: PassThrough): Promise<readonly string[] | undefined> {
  let bytes = Buffer.alloc(0)
  return new Promise((resolve) => {
    const take = (part: Buffer) => {
      bytes = Buffer.concat([bytes, part])
      const words = bytes.toString('latin1').split('\0')
      const count = Number(words[0])
      if (words.length <= count + 1) return
      from.off('data', take)
      const mine = words.slice(1, count + 1)
      rest.write(bytes.subarray(words.slice(0, count + 1).join('\0').length + 1))
      from.pipe(rest)
      resolve(mine.map((word) => Buffer.from(word, 'latin1').toString()))
    }
    from.on('data', take)
    from.once('close', () => resolve(undefined))
  })
}
