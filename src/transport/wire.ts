import type { Duplex, Readable, Writable } from 'node:stream'
import { Problem } from '../problem/problem.ts'
import type { Unreachable } from './connection.ts'

/** How a program on a channel ended. `lost` when nobody can say, because the channel or the wire broke. */
export interface Ending {
  readonly code?: number
  readonly signal?: string
}

/** One program running on the machine, its three streams apart. */
export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Settles once the program has ended and all its output was handed out. Never rejects. */
  readonly ended: Promise<Ending>
  /** Breaks the channel off, whatever runs on it. */
  close(): void
}

/** What carries programs to a machine: ssh2, the system's `ssh`, or child processes here. */
export interface Wire {
  readonly name: string
  /** Starts a command line in the login shell. Rejects with `Unreachable`, or `ChannelRefused` when the machine wants no more of them. */
  open(command: string): Promise<Channel>
  forward(address: string, port: number): Promise<Duplex>
  /** Settles with the reason when the machine is lost or the wire was closed. */
  readonly lost: Promise<Unreachable>
  close(): Promise<void>
}

/** The machine takes no more channels on this wire (`MaxSessions` of sshd): an end to widening, not to the work. */
export class ChannelRefused extends Problem {
  override readonly name = 'ChannelRefused'
  constructor(where: string, reason: string) {
    super({
      code: 'channel-refused',
      summary: 'the host refuses another session',
      detail: `${where}: ${reason}`,
      hint: 'raise MaxSessions in the sshd_config of the host, or lower the number of forks',
    })
  }
}
