import type { Duplex, Readable } from 'node:stream'
import type { Become, Connection, Shell, ShellReply, Traffic } from './connection.ts'
import { NO_TRAFFIC, addTraffic } from './traffic-meter.ts'

/** A connection that can be made anew while others hold it: after a host was started anew its old shells are gone. */
export class LastingConnection implements Connection {
  readonly #connect: () => Promise<Connection>
  #inner: Connection
  #earlier: Traffic = NO_TRAFFIC

  constructor(inner: Connection, connect: () => Promise<Connection>) {
    this.#inner = inner
    this.#connect = connect
  }

  get name(): string {
    return this.#inner.name
  }

  get traffic(): Traffic {
    return addTraffic(this.#earlier, this.#inner.traffic)
  }

  /** Closes the old connection and makes a new one; rejects with `Unreachable` where the host does not answer, and may be tried again. */
  async again(): Promise<void> {
    const next = await this.#connect()
    this.#earlier = this.traffic
    const old = this.#inner
    this.#inner = next
    await old.close().catch(() => undefined)
  }

  /** Asks for the shell of the connection of the moment each time. */
  shell(become?: Become): Shell {
    return { run: (script, options) => this.#inner.shell(become).run(script, options) }
  }

  pipeIn(script: string, content: Readable, become?: Become): Promise<ShellReply> {
    return this.#inner.pipeIn(script, content, become)
  }

  pipeOut(script: string, become?: Become): ReturnType<Connection['pipeOut']> {
    return this.#inner.pipeOut(script, become)
  }

  pipeBoth(script: string, content: Readable, become?: Become): ReturnType<Connection['pipeBoth']> {
    return this.#inner.pipeBoth(script, content, become)
  }

  forward(address: string, port: number): Promise<Duplex> {
    return this.#inner.forward(address, port)
  }

  renew(user: string): void {
    this.#inner.renew?.(user)
  }

  interrupt(): Promise<void> {
    return this.#inner.interrupt()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
