import type { Duplex } from 'node:stream'
import { EventEmitter, once } from 'node:events'
import type { Unreachable } from './connection.ts'
import { type Channel, ChannelRefused, type Wire } from './wire.ts'

/** Connections to one machine; what still does not fit waits for a channel to end. */
const MOST_WIRES = 4

interface Lane {
  readonly wire: Wire
  channels: number
  /** How many it took before the machine refused one. */
  limit: number
}

/** A wire that becomes several when the machine takes no more sessions on the first (`MaxSessions`, 10 by default, 1 on careful hosts). */
export class WideWire implements Wire {
  readonly name: string
  readonly lost: Promise<Unreachable>
  readonly #open: () => Promise<Wire>
  readonly #lanes: Lane[]
  readonly #freed = new EventEmitter().setMaxListeners(0)
  #widening: Promise<void> | undefined
  #atMost = MOST_WIRES

  constructor(first: Wire, open: () => Promise<Wire>) {
    this.name = first.name
    this.lost = first.lost
    this.#open = open
    this.#lanes = [{ wire: first, channels: 0, limit: Number.POSITIVE_INFINITY }]
    void first.lost.then(() => this.#freed.emit('freed'))
  }

  async open(command: string): Promise<Channel> {
    for (;;) {
      const lane = this.#lanes.find(({ channels, limit }) => channels < limit)
      if (lane) {
        const channel = await this.#openOn(lane, command)
        if (channel) return channel
      } else await this.#room()
    }
  }

  forward(address: string, port: number): Promise<Duplex> {
    return this.#lanes[0]!.wire.forward(address, port)
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map(({ wire }) => wire.close()))
  }

  async #openOn(lane: Lane, command: string): Promise<Channel | undefined> {
    lane.channels++
    try {
      const channel = await lane.wire.open(command)
      void channel.ended.then(() => this.#free(lane))
      return channel
    } catch (error) {
      this.#free(lane)
      if (!(error instanceof ChannelRefused) || lane.channels === 0) throw error
      lane.limit = Math.min(lane.limit, lane.channels)
      return undefined
    }
  }

  #free(lane: Lane): void {
    lane.channels--
    this.#freed.emit('freed')
  }

  /** Another wire, or the end of a channel. */
  async #room(): Promise<void> {
    if (this.#lanes.length >= this.#atMost) return void (await once(this.#freed, 'freed'))
    this.#widening ??= this.#widen().finally(() => (this.#widening = undefined))
    await this.#widening
  }

  async #widen(): Promise<void> {
    try {
      const lane: Lane = { wire: await this.#open(), channels: 0, limit: Number.POSITIVE_INFINITY }
      this.#lanes.push(lane)
      void lane.wire.lost.then(() => this.#lanes.splice(this.#lanes.indexOf(lane), 1))
    } catch {
      // A machine that lets nobody else in is used as it is.
      this.#atMost = this.#lanes.length
    }
  }
}
