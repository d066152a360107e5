import type { Duplex, Readable } from 'node:stream'
import type { Problem } from '../problem/problem.ts'

/** How to become another user on the host. `password` is typed at the prompt, never an argument. */
export interface Become {
  readonly method: 'sudo' | 'su' | 'doas'
  readonly user: string
  readonly password?: string
  /** Extra arguments of the method (`become_flags`), and its program (`become_exe`). */
  readonly flags?: string
  readonly program?: string
}

/** What one script answered. The bytes are as the host sent them. */
export interface ShellReply {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

export interface ShellOptions {
  /** Bytes for the script's standard input; without them it reads /dev/null. Large input goes over a channel of its own. */
  readonly stdin?: Uint8Array
  /** Seconds after which the script and its children are killed and the reply is a `timed-out` problem. */
  readonly timeout?: number
  /** The script may take long: it is not put into one request with others, which would wait behind it. */
  readonly alone?: boolean
  /** It changes the machine and ends soon: what is given after it runs after it, in the same request where it comes within a moment. */
  readonly leads?: boolean
  /** Called with output while it comes, for progress of long work. */
  readonly onOutput?: (text: string) => void
}

/**
 * One long-lived POSIX `sh` as one user. `run` executes a script in a subshell of it (it cannot change the shell's own state).
 * Scripts given in the same turn of the event loop travel as one request and are answered by one reply: one round trip.
 * Rejects with an `Unreachable` when the connection is lost.
 */
export interface Shell {
  run(script: string, options?: ShellOptions): Promise<ShellReply>
}

/**
 * Exact counts since the connection was made. A round trip is one request with its reply, however many scripts it holds; the bytes
 * are those of requests and replies, before encryption.
 */
export interface Traffic {
  readonly roundTrips: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Seconds in which at least one request had no reply yet. */
  readonly waited: number
}

/** One machine, reached. Made by `connect`; all methods reject with `Unreachable` once it is lost. */
export interface Connection {
  /** What people call it: `user@address:port`, or `local`. Two hosts of an inventory with the same name here are one machine. */
  readonly name: string
  readonly traffic: Traffic
  /** The shell of that user; the login user without `become`. The same settings give the same shell. */
  shell(become?: Become): Shell
  /** Streams bytes into a script's standard input over a channel of its own. */
  pipeIn(script: string, content: Readable, become?: Become): Promise<ShellReply>
  /** Streams a script's output over a channel of its own; the promise `done` gives the exit code and stderr. */
  pipeOut(script: string, become?: Become): { readonly stdout: Readable; readonly done: Promise<ShellReply> }
  /** Streams both ways: `content` into the script, its output out of it. */
  pipeBoth(script: string, content: Readable, become?: Become): { readonly stdout: Readable; readonly done: Promise<ShellReply> }
  /** A TCP connection from the host to an address that the host can reach. */
  forward(address: string, port: number): Promise<Duplex>
  /** Closes the shells of a user whose account or groups changed, so that the next script runs as the user is now. */
  renew?(user: string): void
  /** Makes the connection anew, for hosts that were started anew; rejects with `Unreachable` until they answer. */
  again?(): Promise<void>
  /** Ends what runs on the host, over a second channel: for Ctrl-C and timeouts. */
  interrupt(): Promise<void>
  close(): Promise<void>
}

/** The host cannot be reached, or was lost: Ansible's `unreachable`, with the reason as a problem. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

/** How to reach a machine: Ansible's connection variables, after precedence and templates. */
export interface Target {
  readonly connection: 'ssh' | 'local'
  readonly address: string
  readonly port?: number
  readonly user?: string
  readonly password?: string
  readonly privateKeyFile?: string
  readonly privateKeyPassphrase?: string
  /** Arguments for the `ssh` program, as in `ansible_ssh_common_args` and `ansible_ssh_extra_args`: the second road where ssh2 cannot take them. */
  readonly sshArguments?: readonly string[]
  /** Seconds until the connection attempt is given up. Default 10, as in Ansible. */
  readonly connectTimeout?: number
  /** Ansible's `host_key_checking`; strict unless it is false. */
  readonly hostKeyChecking?: boolean
  /** Known-hosts files to trust instead of the user's own, as a lab has. */
  readonly knownHostsFiles?: readonly string[]
  /** The shell program on the host; `/bin/sh` unless `ansible_shell_executable` says otherwise. */
  readonly shellProgram?: string
  /** Where commands of a local connection start; the directory of tutti unless given. */
  readonly directory?: string
}

export type Connect = (target: Target) => Promise<Connection>
