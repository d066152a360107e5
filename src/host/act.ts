import type { Readable } from 'node:stream'
import type { Connection, ShellReply } from '../transport/connection.ts'

/** What an `act` step may use while it works. */
export interface Acting {
  /** A script in the host's shell, as the task's user. */
  run(script: string, options?: { readonly stdin?: Uint8Array; readonly timeout?: number }): Promise<ShellReply>
  /** The same with its output as a stream: for what may be large. */
  output(script: string): ReturnType<Connection['pipeOut']>
  /** Talks with a script: its input and its output as streams. */
  both(script: string, content: Readable): ReturnType<Connection['pipeBoth']>
  readonly connection: Connection
  /** Tells the user how far it is. */
  progress(text: string): void
  /** Aborted on Ctrl-C and at the task's timeout. */
  readonly signal: AbortSignal
}

export type Act = (host: Acting) => Promise<unknown>
