import { connect as connectTcp, type Socket } from 'node:net'
import { Problem } from '../problem/problem.ts'
import { childChannel } from './child-channel.ts'
import { type Target, Unreachable } from './connection.ts'
import type { Channel, Wire } from './wire.ts'
import { WiredConnection } from './wired-connection.ts'

/** This machine, through child processes. */
export const connectLocal = (target: Pick<Target, 'shellProgram' | 'directory'>): WiredConnection =>
  new WiredConnection(new LocalWire(target.shellProgram ?? '/bin/sh', target.directory), target.shellProgram)

class LocalWire implements Wire {
  readonly name = 'local'
  readonly #program: string
  readonly #directory: string | undefined
  readonly #lost = Promise.withResolvers<Unreachable>()
  readonly #channels = new Set<Channel>()

  constructor(program: string, directory: string | undefined) {
    this.#program = program
    this.#directory = directory
  }

  get lost(): Promise<Unreachable> {
    return this.#lost.promise
  }

  async open(command: string): Promise<Channel> {
    const channel = childChannel(this.#program, ['-c', command], this.#directory === undefined ? {} : { directory: this.#directory })
    this.#channels.add(channel)
    void channel.ended.then(() => this.#channels.delete(channel))
    return channel
  }

  forward(address: string, port: number): Promise<Socket> {
    const socket = connectTcp({ host: address, port })
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(socket))
      socket.once('error', (error) => reject(forwardFailed(this.name, address, port, error.message)))
    })
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.stdin.end()
  }
}

/** The address could not be reached from the machine; the machine itself can. */
export const forwardFailed = (from: string, address: string, port: number, reason: string): Problem =>
  new Problem({
    code: 'forward-failed',
    summary: 'the host could not open a connection to an address',
    detail: `${address}:${port} from ${from}: ${reason}`,
  })
