import { randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ShellReply } from './connection.ts'
import { MarkerReader } from './marker-reader.ts'
import { pipedText } from './request.ts'
import { lostSoon } from './shell-pool.ts'
import { START_LIMIT, startShell, startTimedOut, type StartingShell, type StartOptions } from './start-shell.ts'
import type { TrafficMeter } from './traffic-meter.ts'
import type { Wire } from './wire.ts'

export interface PipedParts {
  readonly wire: Wire
  readonly start: Omit<StartOptions, 'kind'>
  readonly traffic: TrafficMeter
  readonly script: string
  /** What the script reads; nothing without it. */
  readonly content?: Readable
  /** Where its output goes; into the reply without it. */
  readonly output?: PassThrough
  readonly onOutput?: ((text: string) => void) | undefined
}

/** One script on a channel of its own, with streams for its input and output. */
export class Piped {
  readonly #parts: PipedParts
  readonly #word = `done-${randomBytes(12).toString('hex')}`
  readonly #reply = Promise.withResolvers<ShellReply>()
  readonly #started = Promise.withResolvers<void>()
  readonly #bytes = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  readonly #closed = { stdout: false, stderr: false }
  #noise = { stdout: '', stderr: '' }
  #code = 255
  #foretold: Error | undefined
  #unread: Error | undefined
  #pid: number | undefined
  #shell: StartingShell | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(parts: PipedParts) {
    this.#parts = parts
    this.#started.promise.catch(() => undefined)
  }

  get pid(): number | undefined {
    return this.#pid
  }

  async run(): Promise<ShellReply> {
    const { wire, start, traffic, content } = this.#parts
    traffic.begin()
    // A script that ended breaks the pipe, which destroys its source too.
    content?.on('error', (error: NodeJS.ErrnoException) => (this.#unread = error.code === 'EPIPE' ? undefined : error))
    try {
      const shell = await startShell(wire, { ...start, kind: 'piped' })
      this.#shell = shell
      this.#timer = setTimeout(() => this.abort(startTimedOut(wire.name, start.become, this.#noise.stderr)), START_LIMIT * 1000)
      this.#listen(shell, 'stdout')
      this.#listen(shell, 'stderr')
      shell.channel.stdin.on('error', () => undefined)
      void shell.channel.ended.then(() => this.#ended(shell))
      if (!shell.writeAtOnce) await this.#started.promise
      await Promise.race([this.#feed(shell, content), this.#reply.promise])
      return await this.#reply.promise
    } catch (error) {
      this.abort(error as Error)
      throw error
    } finally {
      traffic.end()
      content?.destroy()
      this.#finish()
    }
  }

  /** What to say when it ends: it is about to be killed. */
  foretell(error: Error): void {
    this.#foretold = error
  }

  abort(error: Error): void {
    this.#reply.reject(error)
    this.#reply.promise.catch(() => undefined)
    this.#started.reject(error)
    this.#finish()
  }

  #finish(): void {
    clearTimeout(this.#timer)
    this.#shell?.channel.close()
  }

  async #feed({ channel }: StartingShell, content: Readable | undefined): Promise<void> {
    const { traffic, script } = this.#parts
    const line = Buffer.from(pipedText(this.#word, script))
    traffic.bytesSent += line.length
    channel.stdin.write(line)
    if (!content) return void channel.stdin.end()
    const count = async function* (source: AsyncIterable<Buffer | string>) {
      for await (const chunk of source) {
        traffic.bytesSent += Buffer.byteLength(chunk)
        yield chunk
      }
    }
    // A script need not read all of its input: a broken pipe is its business, a file that cannot be read is ours.
    await pipeline(content, count, channel.stdin).catch(() => undefined)
    if (this.#unread) throw this.#unread
  }

  #listen(shell: StartingShell, stream: 'stdout' | 'stderr'): void {
    const source = shell.channel[stream]
    const reply = new MarkerReader(
      this.#word,
      (bytes) => this.#output(source, stream, bytes),
      (note) => this.#marker(stream, note),
    )
    let begun = false
    const start = new MarkerReader(
      shell.startWord,
      (bytes) => (begun ? reply.push(bytes) : this.#hear(shell, stream, bytes)),
      (note) => {
        begun = true
        if (stream === 'stdout') this.#pid = Number(note)
        clearTimeout(this.#timer)
        if (stream === 'stderr') this.#started.resolve()
      },
    )
    source.on('data', (chunk: Buffer) => {
      this.#parts.traffic.bytesReceived += chunk.length
      if (begun) return reply.push(chunk)
      start.push(chunk)
      if (begun) start.end()
    })
  }

  #hear(shell: StartingShell, stream: 'stdout' | 'stderr', bytes: Buffer): void {
    this.#noise[stream] = (this.#noise[stream] + bytes.toString()).slice(-64 * 1024)
    const problem = stream === 'stderr' ? shell.onNoise(this.#noise.stderr) : undefined
    if (problem) this.abort(problem)
  }

  #output(source: Readable, stream: 'stdout' | 'stderr', bytes: Buffer): void {
    const { output, onOutput } = this.#parts
    onOutput?.(bytes.toString())
    if (stream === 'stderr' || !output) return void this.#bytes[stream].push(bytes)
    if (output.write(bytes)) return
    source.pause()
    output.once('drain', () => source.resume())
  }

  #marker(stream: 'stdout' | 'stderr', note: string): void {
    this.#closed[stream] = true
    const code = note.split(' ')[1]
    if (code !== undefined) this.#code = Number(code)
    if (!this.#closed.stdout || !this.#closed.stderr) return
    this.#parts.output?.end()
    this.#reply.resolve({ code: this.#code, stdout: Buffer.concat(this.#bytes.stdout), stderr: Buffer.concat(this.#bytes.stderr) })
  }

  async #ended(shell: StartingShell): Promise<void> {
    if (this.#closed.stdout && this.#closed.stderr) return
    const error = this.#foretold ?? (await lostSoon(this.#parts.wire)) ?? shell.failure(this.#noise.stdout, this.#noise.stderr)
    this.abort(error)
  }
}
