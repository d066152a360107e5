import { Problem } from '../problem/problem.ts'
import type { Become, Shell, ShellOptions, ShellReply } from './connection.ts'
import { killScript } from './kill-script.ts'
import { INLINE_STDIN } from './request.ts'
import { type Job, ShellChannel } from './shell-channel.ts'
import { startShell } from './start-shell.ts'
import type { TrafficMeter } from './traffic-meter.ts'
import { ChannelRefused, type Wire } from './wire.ts'

/** Shells for one user on one connection; more than this wait for each other. */
const MOST_SHELLS = 8

/** Milliseconds that scripts wait for a busy shell before another one is opened: opening costs two or three round trips. */
const PATIENCE = 100

/** Turns of the event loop that a script which leads waits for those that follow it: what is read after a change is asked for with it. */
const LINGER = 24

export interface PoolParts {
  readonly wire: Wire
  readonly become: Become | undefined
  readonly program: string
  readonly traffic: TrafficMeter
  /** Runs a script whose input is too large for a request. */
  readonly pipe: (script: string, stdin: Uint8Array, options: ShellOptions) => Promise<ShellReply>
}

/** The shells of one user: scripts of one turn go to one of them as one request, and to another one while the first is long at work. */
export class ShellPool implements Shell {
  readonly #parts: PoolParts
  readonly #shells = new Set<ShellChannel>()
  #opening = 0
  #most = MOST_SHELLS
  #waiting: Job[] = []
  #scheduled = false
  /** The shell that was given a script which leads: all others wait until it is idle. */
  #leading: ShellChannel | undefined
  #patience: NodeJS.Timeout | undefined
  #closed: Error | undefined

  constructor(parts: PoolParts) {
    this.#parts = parts
  }

  run(script: string, options: ShellOptions = {}): Promise<ShellReply> {
    if (script.includes('\0')) return Promise.reject(nulInScript())
    const { stdin } = options
    if (stdin && stdin.length > INLINE_STDIN) return this.#parts.pipe(script, stdin, options)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ script, options, resolve, reject })
      this.#schedule(options.leads ? LINGER : 1)
    })
  }

  /** Ends the shells that are at work with what runs in them; what they had to do is answered with the error. */
  async interrupt(error: Error): Promise<void> {
    this.#rejectWaiting(error)
    const busy = [...this.#shells].filter((shell) => shell.busy)
    for (const shell of busy) shell.foretell(error)
    const pids = busy.flatMap(({ pid }) => pid ?? [])
    if (pids.length > 0) await this.kill(pids, true).catch(() => undefined)
    for (const shell of busy) shell.abort(error)
  }

  /** Lets idle shells end, and busy ones after their work: the next script meets a fresh login of the user (new groups). */
  renew(): void {
    for (const shell of this.#shells) {
      this.#shells.delete(shell)
      shell.end()
    }
  }

  close(error: Error): void {
    this.#closed = error
    clearTimeout(this.#patience)
    this.#rejectWaiting(error)
    for (const shell of this.#shells) shell.busy ? shell.abort(error) : shell.end()
  }

  /** Ends the children of those processes from a shell opened for it: those there are may be the ones that hang. */
  async kill(pids: readonly number[], itself: boolean): Promise<void> {
    const done = Promise.withResolvers<ShellReply>()
    const shell = await this.#start({ onIdle: () => undefined, onEnd: (_, error) => done.reject(error) })
    await shell.ready
    shell.send([{ script: killScript(pids, itself), options: {}, ...done }])
    await done.promise.finally(() => shell.end())
  }

  #schedule(turns = 1): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const wait = (left: number): void => void setImmediate(() => (left > 1 ? wait(left - 1) : ((this.#scheduled = false), this.#flush())))
    wait(turns)
  }

  /** Gives waiting scripts to idle shells: those that may take long one by one, all others as one request. */
  #flush(): void {
    if (this.#closed) return this.#rejectWaiting(this.#closed)
    if (this.#leading?.busy) return
    for (const shell of [...this.#shells].filter((candidate) => !candidate.busy)) {
      const jobs = this.#nextRequest()
      if (jobs.length === 0) return
      shell.send(jobs)
      if (!jobs.some(({ options }) => options.leads)) continue
      this.#leading = shell
      return
    }
    this.#widen()
  }

  #nextRequest(): readonly Job[] {
    const together = this.#waiting.filter((job) => !isAlone(job))
    const jobs = together.length > 0 ? together : this.#waiting.slice(0, 1)
    this.#waiting = this.#waiting.filter((job) => !jobs.includes(job))
    return jobs
  }

  /** Opens shells for what is left: at once for scripts that go alone, after some patience for those that only met a busy shell. */
  #widen(): void {
    const alone = this.#waiting.filter(isAlone).length
    const others = this.#waiting.length > alone ? 1 : 0
    if (alone + others === 0) return
    const none = this.#shells.size + this.#opening === 0
    const wanted = alone + (none ? others : 0) - this.#opening
    for (let i = 0; i < wanted && this.#mayOpen(); i++) void this.#open()
    if (others > 0 && !none) this.#patience ??= setTimeout(() => this.#losePatience(), PATIENCE)
  }

  #losePatience(): void {
    this.#patience = undefined
    if (this.#waiting.length > 0 && this.#opening === 0 && this.#mayOpen()) void this.#open()
  }

  #mayOpen(): boolean {
    return this.#shells.size + this.#opening < this.#most
  }

  async #open(): Promise<void> {
    this.#opening++
    try {
      const shell: ShellChannel = await this.#start({
        onIdle: () => this.#flush(),
        onEnd: (unbegun, error) => this.#ended(shell, unbegun, error),
      })
      // It counts as one of the shells only when it may be written to; one that asks for a password may not, yet.
      await shell.ready
      this.#opening--
      if (this.#closed) return shell.abort(this.#closed)
      this.#shells.add(shell)
    } catch (error) {
      this.#opening--
      return this.#openFailed(error as Error)
    }
    this.#flush()
  }

  #openFailed(error: Error): void {
    const others = this.#shells.size + this.#opening
    if (others === 0) return this.#rejectWaiting(error)
    if (error instanceof ChannelRefused) this.#most = Math.max(1, others)
  }

  async #start(events: { onIdle(): void; onEnd(unbegun: readonly Job[], error: Error): void }): Promise<ShellChannel> {
    const { wire, become, program, traffic } = this.#parts
    const options = { become, program, kind: 'requests' } as const
    const starting = await startShell(wire, options)
    return new ShellChannel(wire, options, starting, traffic, {
      ...events,
      killChildren: (pid) => this.kill([pid], false),
      lostReason: () => lostSoon(wire),
    })
  }

  /** A shell is gone. What it had not begun is done by another one, unless nobody can. */
  #ended(shell: ShellChannel, unbegun: readonly Job[], error: Error): void {
    const proved = this.#shells.delete(shell)
    if (!proved && unbegun.length === 0) return this.#schedule()
    // A shell that never said a word will not do so the second time either.
    if (shell.pid === undefined || this.#closed) for (const job of unbegun) job.reject(error)
    else this.#waiting.unshift(...unbegun)
    this.#schedule()
  }

  #rejectWaiting(error: Error): void {
    const jobs = this.#waiting
    this.#waiting = []
    for (const job of jobs) job.reject(error)
  }
}

const isAlone = ({ options }: Job): boolean => options.alone === true || options.onOutput !== undefined

/** A channel often ends a moment before its wire is known to be lost; the wire's reason is the better one. */
export const lostSoon = (wire: Wire): Promise<Error | undefined> =>
  Promise.race([wire.lost, new Promise<undefined>((resolve) => setTimeout(resolve, 200, undefined))])

const nulInScript = (): Problem =>
  new Problem({ code: 'nul-in-script', summary: 'a command holds a NUL character, which no shell can take' })
