import { randomBytes } from 'node:crypto'
import { StringDecoder } from 'node:string_decoder'
import { Problem } from '../problem/problem.ts'
import { bytesOfText } from '../shell/bytes.ts'
import { type ShellOptions, type ShellReply, Unreachable } from './connection.ts'
import { MarkerReader } from './marker-reader.ts'
import { requestText } from './request.ts'
import { START_LIMIT, startTimedOut, type StartingShell, type StartOptions } from './start-shell.ts'
import type { TrafficMeter } from './traffic-meter.ts'
import type { Wire } from './wire.ts'

/** A script waiting for its reply. */
export interface Job {
  readonly script: string
  readonly options: ShellOptions
  resolve(reply: ShellReply): void
  reject(error: Error): void
}

interface Running extends Job {
  readonly number: number
  readonly stdout: Buffer[]
  readonly stderr: Buffer[]
  code: number
  /** Which of its streams have come to their marker. */
  readonly closed: { stdout: boolean; stderr: boolean }
  timer?: NodeJS.Timeout
  timedOut?: boolean
  /** The last of those that were sent together. */
  endsRequest?: true
}

/** What the owner of a shell wants to know and must do for it. */
export interface ShellEvents {
  /** All scripts sent were answered. */
  onIdle(): void
  /** The shell is gone. Scripts that had not begun are handed back. `error` says why, once for all of those that had. */
  onEnd(unbegun: readonly Job[], error: Error): void
  /** Ends the children of the shell with that process id: a script is out of time. */
  killChildren(pid: number): Promise<void>
  /** The reason if the whole machine is lost. */
  lostReason(): Promise<Error | undefined>
}

/** Seconds that a script out of time is given to die, before its shell is broken off. */
const KILL_LIMIT = 5

/**
 * The framed protocol on one channel: requests of several scripts go in, and for each script its output, its errors and its exit
 * code come out, told apart by markers of a random word on both streams.
 */
export class ShellChannel {
  readonly #shell: StartingShell
  readonly #events: ShellEvents
  readonly #traffic: TrafficMeter
  readonly #word = `done-${randomBytes(12).toString('hex')}`
  readonly #wire: Wire
  #running: Running[] = []
  #number = 0
  #pid: number | undefined
  #over = false
  #foretold: Error | undefined
  #noise = { stdout: '', stderr: '' }
  #started = { stdout: false, stderr: false }
  readonly #ready = Promise.withResolvers<void>()
  readonly #startTimer: NodeJS.Timeout

  constructor(wire: Wire, options: StartOptions, shell: StartingShell, traffic: TrafficMeter, events: ShellEvents) {
    this.#wire = wire
    const { become } = options
    this.#shell = shell
    this.#traffic = traffic
    this.#events = events
    this.#startTimer = setTimeout(() => this.#giveUp(startTimedOut(wire.name, become, this.#noise.stderr)), START_LIMIT * 1000)
    this.#ready.promise.catch(() => undefined)
    this.#listen('stdout')
    this.#listen('stderr')
    shell.channel.stdin.on('error', () => undefined) // The channel's end says why; a broken pipe only says that.
    void shell.channel.ended.then(() => this.#ended())
    if (shell.writeAtOnce) this.#ready.resolve()
  }

  /** Settles when requests may be written; rejects with the reason when it never will be. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get busy(): boolean {
    return this.#running.length > 0
  }

  /** The process id of the shell on the machine, once it has said so. */
  get pid(): number | undefined {
    return this.#pid
  }

  /** Sends the scripts as one request. */
  send(jobs: readonly Job[]): void {
    const first = this.#running.length === 0
    const added = jobs.map((job): Running => ({ ...bound(job), number: ++this.#number, stdout: [], stderr: [], code: 255, closed: { stdout: false, stderr: false } }))
    for (const job of added) this.#running.push(job)
    const text = requestText(this.#word, added.map(({ number, script, options }) => ({ number, script, stdin: options.stdin })))
    this.#traffic.begin()
    added.at(-1)!.endsRequest = true
    this.#write(text)
    if (first) this.#begin()
  }

  /** Lets the shell end by itself: its input is over. */
  end(): void {
    this.#shell.channel.stdin.end()
  }

  /** What to say when the shell ends: it is about to be killed, which is no surprise. */
  foretell(error: Error): void {
    this.#foretold = error
  }

  /** Breaks the shell off; scripts that run are answered with the error. */
  abort(error: Error): void {
    this.#giveUp(error)
  }

  #write(text: string): void {
    const bytes = bytesOfText(text)
    this.#traffic.bytesSent += bytes.length
    this.#shell.channel.stdin.write(bytes)
  }

  #listen(stream: 'stdout' | 'stderr'): void {
    const replies = new MarkerReader(
      this.#word,
      (bytes) => this.#output(stream, bytes),
      (note) => this.#marker(stream, note),
    )
    let afterStart = false
    const start = new MarkerReader(
      this.#shell.startWord,
      (bytes) => (afterStart ? replies.push(bytes) : this.#hear(stream, bytes)),
      (note) => {
        afterStart = true
        this.#start(stream, note)
      },
    )
    this.#shell.channel[stream].on('data', (chunk: Buffer) => {
      this.#traffic.bytesReceived += chunk.length
      if (this.#over) return
      if (afterStart) return replies.push(chunk)
      start.push(chunk)
      if (afterStart) start.end()
    })
  }

  /** Banners, profiles and prompts: of no interest, but to explain a failure and to see the prompt. */
  #hear(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    this.#noise[stream] = (this.#noise[stream] + bytes.toString()).slice(-64 * 1024)
    const problem = stream === 'stderr' ? this.#shell.onNoise(this.#noise.stderr) : undefined
    if (problem) this.#giveUp(problem)
  }

  #start(stream: 'stdout' | 'stderr', note: string): void {
    if (stream === 'stdout') this.#pid = Number(note)
    this.#started[stream] = true
    if (!this.#started.stdout || !this.#started.stderr) return
    clearTimeout(this.#startTimer)
    this.#ready.resolve()
  }

  #output(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    // The streams are not in step with each other: what comes belongs to the first script whose marker this stream has not seen.
    const job = this.#running.find(({ closed }) => !closed[stream])
    if (!job) return
    job[stream].push(bytes)
    job.options.onOutput?.(decoderOf(job, stream).write(bytes))
  }

  #marker(stream: 'stdout' | 'stderr', note: string): void {
    const [number, code] = note.split(' ').map(Number)
    const job = this.#running.find((running) => running.number === number)
    if (!job) return
    job.closed[stream] = true
    if (code !== undefined) job.code = code
    for (let next = this.#running[0]; next?.closed.stdout && next.closed.stderr; next = this.#running[0]) this.#answer(next)
  }

  #answer(job: Running): void {
    clearTimeout(job.timer)
    this.#running.shift()
    if (job.endsRequest) this.#traffic.end()
    if (job.timedOut) job.reject(timedOut(this.#wire.name, job.options.timeout!))
    else job.resolve({ code: job.code, stdout: Buffer.concat(job.stdout), stderr: Buffer.concat(job.stderr) })
    if (this.#running.length > 0) this.#begin()
    else this.#events.onIdle()
  }

  /** The first of the running scripts has the shell now: its time counts from here. */
  #begin(): void {
    const job = this.#running[0]!
    if (job.options.timeout === undefined) return
    job.timer = setTimeout(() => void this.#kill(job), job.options.timeout * 1000)
  }

  async #kill(job: Running): Promise<void> {
    job.timedOut = true
    job.timer = setTimeout(() => this.#giveUp(timedOut(this.#wire.name, job.options.timeout!)), KILL_LIMIT * 1000)
    if (this.#pid !== undefined) await this.#events.killChildren(this.#pid).catch(() => undefined)
  }

  async #ended(): Promise<void> {
    if (this.#over) return
    const lost = this.#foretold ?? (await this.#events.lostReason())
    const begun = this.#started.stdout && this.#started.stderr
    this.#giveUp(lost ?? (begun ? shellLost(this.#wire.name) : this.#shell.failure(this.#noise.stdout, this.#noise.stderr)))
  }

  #giveUp(error: Error): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#startTimer)
    this.#shell.channel.close()
    for (const { timer, endsRequest } of this.#running) {
      clearTimeout(timer)
      if (endsRequest) this.#traffic.end()
    }
    const [begun, ...unbegun] = this.#running
    this.#running = []
    this.#ready.reject(error)
    begun?.reject(error)
    this.#events.onEnd(unbegun, error)
  }
}

const bound = ({ script, options, resolve, reject }: Job): Job => ({ script, options, resolve, reject })

const decoders = new WeakMap<Running, Record<'stdout' | 'stderr', StringDecoder>>()

/** A character's bytes may come apart; each stream of a script has its own decoder. */
function decoderOf(job: Running, stream: 'stdout' | 'stderr'): StringDecoder {
  let both = decoders.get(job)
  if (!both) decoders.set(job, (both = { stdout: new StringDecoder(), stderr: new StringDecoder() }))
  return both[stream]
}

export const timedOut = (where: string, seconds: number): Problem =>
  new Problem({
    code: 'timed-out',
    summary: 'a command took too long and was ended',
    detail: `${where}: no end within ${seconds} s`,
    hint: 'raise the timeout, or run the task with `async`',
  })

const shellLost = (where: string): Unreachable =>
  new Unreachable(new Problem({ code: 'shell-lost', summary: 'the shell on the host ended while a command ran in it', detail: where }))
