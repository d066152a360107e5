import type { Options, Parsed } from './options.ts'

export interface AskOptions {
  readonly secret?: boolean
  /** Gives up after so long. */
  readonly seconds?: number
  /** Without a terminal, a line of what is piped in is the answer. */
  readonly piped?: boolean
  /** A pause: keys count, not lines. Ctrl-C asks whether to go on; the answer `A` is a problem. With `seconds`, enter does not end it. */
  readonly pausing?: boolean
}

/** What a command may use of the process: injected, so that tests can watch. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Standard output is a terminal; its width. */
  readonly isTerminal: boolean
  readonly width: number
  /** Asks the user; undefined where nobody is there. */
  readonly ask: (question: string, options?: AskOptions) => Promise<string | undefined>
  /** The command of Ansible whose part is played: what it prints, it prints on a terminal too. */
  readonly part?: string
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
}

/** One command of `tutti`: its options as data, and what it does. */
export interface Command<O extends Options = Options> {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What follows the options: `PLAYBOOK…`. */
  readonly operands: string
  /** Shown first by `--help`: what people copy. */
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  /** More words for `--help`, paragraphs. */
  readonly notes?: readonly string[]
  readonly options: O
  /** Does it; the exit code. */
  run(parsed: Parsed<O>, terminal: Terminal): Promise<number>
}

export const defineCommand = <const O extends Options>(command: Command<O>): Command<O> => command
