import type { Traffic } from './connection.ts'

/** Counts what a connection costs, for all of its shells and streams. */
export class TrafficMeter implements Traffic {
  roundTrips = 0
  bytesSent = 0
  bytesReceived = 0
  /** The shortest time without a reply so far, milliseconds: about the round-trip time of the link. */
  quickest = Number.POSITIVE_INFINITY
  #waited = 0
  #open = 0
  #since = 0

  /** A request goes out. */
  begin(): void {
    this.roundTrips++
    if (this.#open++ === 0) this.#since = performance.now()
  }

  /** Its reply is there, or will never come. */
  end(): void {
    if (--this.#open > 0) return
    const took = performance.now() - this.#since
    this.#waited += took
    this.quickest = Math.min(this.quickest, took)
  }

  get waited(): number {
    return (this.#waited + (this.#open > 0 ? performance.now() - this.#since : 0)) / 1000
  }
}

/** The counts as they are now. */
export const readTraffic = ({ roundTrips, bytesSent, bytesReceived, waited }: Traffic): Traffic => ({ roundTrips, bytesSent, bytesReceived, waited })

/** Counts of two connections, or with a sign of -1 what came about since the earlier reading. */
export const addTraffic = (a: Traffic, b: Traffic, sign: 1 | -1 = 1): Traffic =>
  ({ roundTrips: a.roundTrips + sign * b.roundTrips, bytesSent: a.bytesSent + sign * b.bytesSent, bytesReceived: a.bytesReceived + sign * b.bytesReceived, waited: a.waited + sign * b.waited })

export const NO_TRAFFIC: Traffic = { roundTrips: 0, bytesSent: 0, bytesReceived: 0, waited: 0 }
