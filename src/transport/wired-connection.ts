import { type Duplex, PassThrough, Readable } from 'node:stream'
import { Problem } from '../problem/problem.ts'
import { type Become, type Connection, type Shell, type ShellOptions, type ShellReply, Unreachable } from './connection.ts'
import { packed, unpacking } from './packed-stream.ts'
import { Piped, type PipedParts } from './piped.ts'
import { timedOut } from './shell-channel.ts'
import { ShellPool } from './shell-pool.ts'
import { TrafficMeter } from './traffic-meter.ts'
import type { Wire } from './wire.ts'

/** A link on which nothing comes back sooner is slow, milliseconds: no local network is. */
const SLOW = 10

/** A connection over any wire: the same shells and streams, whatever carries them. */
export class WiredConnection implements Connection {
  readonly name: string
  readonly traffic = new TrafficMeter()
  readonly #wire: Wire
  readonly #program: string
  readonly #pools = new Map<string, { readonly become: Become | undefined; readonly pool: ShellPool }>()
  readonly #pipes = new Map<Piped, Become | undefined>()
  #over: Unreachable | undefined
  #unpacks: boolean | undefined

  constructor(wire: Wire, program = '/bin/sh') {
    this.#wire = wire
    this.#program = program
    this.name = wire.name
    void wire.lost.then((reason) => this.#lose(reason))
  }

  /** Whether it was lost or closed: then only a new connection helps. */
  get over(): boolean {
    return this.#over !== undefined
  }

  shell(become?: Become): Shell {
    return this.#pool(become)
  }

  async pipeIn(script: string, content: Readable, become?: Become): Promise<ShellReply> {
    try {
      if (!(await this.#isSlow(become))) return await this.#pipe({ script, content }, become)
      const { content: sent, unpack } = await packed(content)
      return await this.#pipe({ script: unpack ? unpacking(script) : script, content: sent }, become)
    } finally {
      content.destroy()
    }
  }

  /** And can unpack. Before anything was asked nobody knows; then this question tells. */
  async #isSlow(become: Become | undefined): Promise<boolean> {
    if (this.traffic.quickest < SLOW) return false
    this.#unpacks ??= (await this.shell(become).run('command -v gzip')).code === 0
    return this.#unpacks && this.traffic.quickest >= SLOW
  }

  pipeOut(script: string, become?: Become): { readonly stdout: Readable; readonly done: Promise<ShellReply> } {
    return this.#pipeFrom({ script }, become)
  }

  pipeBoth(script: string, content: Readable, become?: Become): { readonly stdout: Readable; readonly done: Promise<ShellReply> } {
    return this.#pipeFrom({ script, content }, become)
  }

  #pipeFrom(parts: Pick<PipedParts, 'script' | 'content'>, become: Become | undefined): { readonly stdout: Readable; readonly done: Promise<ShellReply> } {
    const output = new PassThrough()
    const done = this.#pipe({ ...parts, output }, become)
    done.catch((error: Error) => output.destroy(error))
    // Whoever reads only the stream hears of the failure there.
    output.on('error', () => undefined)
    return { stdout: output, done }
  }

  async forward(address: string, port: number): Promise<Duplex> {
    if (this.#over) throw this.#over
    return this.#wire.forward(address, port)
  }

  async interrupt(): Promise<void> {
    const error = interrupted(this.name)
    await Promise.all([...[...this.#pools.values()].map(({ pool }) => pool.interrupt(error)), this.#interruptPipes(error)])
  }

  /** Closes the shells of a user whose groups or account changed, so that the next script runs as the user is now. */
  renew(user: string): void {
    for (const { become, pool } of this.#pools.values()) if (become?.user === user) pool.renew()
  }

  async close(): Promise<void> {
    this.#lose(new Unreachable(new Problem({ code: 'connection-closed', summary: 'the connection was closed', detail: this.name })))
    await this.#wire.close()
  }

  #pool(become: Become | undefined): ShellPool {
    const key = JSON.stringify(become && [become.method, become.user, become.password, become.flags, become.program])
    const known = this.#pools.get(key)
    if (known) return known.pool
    const pool = new ShellPool({
      wire: this.#wire,
      become,
      program: this.#program,
      traffic: this.traffic,
      pipe: (script, stdin, options) => this.#pipeBytes(script, stdin, options, become),
    })
    this.#pools.set(key, { become, pool })
    if (this.#over) pool.close(this.#over)
    return pool
  }

  async #pipe(parts: Pick<PipedParts, 'script' | 'content' | 'output' | 'onOutput'>, become: Become | undefined): Promise<ShellReply> {
    if (this.#over) throw this.#over
    const piped = new Piped({ wire: this.#wire, start: { become, program: this.#program }, traffic: this.traffic, ...parts })
    this.#pipes.set(piped, become)
    try {
      return await piped.run()
    } finally {
      this.#pipes.delete(piped)
    }
  }

  async #pipeBytes(script: string, stdin: Uint8Array, options: ShellOptions, become: Become | undefined): Promise<ShellReply> {
    const pieces = function* () {
      for (let at = 0; at < stdin.length; at += 64 * 1024) yield Buffer.from(stdin.subarray(at, at + 64 * 1024))
    }
    const done = this.#pipe({ script, content: Readable.from(pieces(), { objectMode: false }), onOutput: options.onOutput }, become)
    const { timeout } = options
    if (timeout === undefined) return done
    const [piped] = [...this.#pipes.keys()].slice(-1)
    const timer = setTimeout(() => void this.#endPipes([piped!], become, timedOut(this.name, timeout)), timeout * 1000)
    return done.finally(() => clearTimeout(timer))
  }

  async #interruptPipes(error: Error): Promise<void> {
    await Promise.all([...this.#pipes].map(([piped, become]) => this.#endPipes([piped], become, error)))
  }

  async #endPipes(pipes: readonly Piped[], become: Become | undefined, error: Error): Promise<void> {
    const pids = pipes.flatMap(({ pid }) => pid ?? [])
    for (const piped of pipes) piped.foretell(error)
    // Before its channel is closed: children whose parent is gone cannot be told from others.
    if (pids.length > 0) await this.#pool(become).kill(pids, true).catch(() => undefined)
    for (const piped of pipes) piped.abort(error)
  }

  #lose(reason: Unreachable): void {
    if (this.#over) return
    this.#over = reason
    for (const { pool } of this.#pools.values()) pool.close(reason)
    for (const piped of this.#pipes.keys()) piped.abort(reason)
  }
}

const interrupted = (where: string): Problem =>
  new Problem({ code: 'interrupted', summary: 'the work on the host was interrupted', detail: where })
