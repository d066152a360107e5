import { randomBytes } from 'node:crypto'
import { Problem } from '../problem/problem.ts'
import { quote } from '../shell/quote.ts'
import { becomeCommand, becomeProblem, needsPassword, onTerminalIfNeeded, wrongPassword, type BecomeCommand } from './become.ts'
import { type Become, Unreachable } from './connection.ts'
import type { Channel, Wire } from './wire.ts'

/** A shell that has been asked for. Before `ready`, nothing may be written where a password might be asked for instead. */
export interface StartingShell {
  readonly channel: Channel
  /** The word its markers begin with: the first one, of number `start`, carries the process id. */
  readonly startWord: string
  /** Whether the first request may be written now, without waiting for the start marker. */
  readonly writeAtOnce: boolean
  /** Told by the reader of the channel what standard error said before the start marker; answers with a problem to give up. */
  readonly onNoise: (stderr: string) => Problem | undefined
  /** Why it ended before it began, from what was said. */
  readonly failure: (stdout: string, stderr: string) => Error
}

export interface StartOptions {
  readonly become: Become | undefined
  /** The program on the host, `/bin/sh` by default. */
  readonly program: string
  /** `requests` reads scripts from its input for ever, `piped` reads one line and leaves the rest of the input to it. */
  readonly kind: 'requests' | 'piped'
}

/** Seconds until a shell that says nothing is given up: sudo may be waiting for something nobody will type. */
export const START_LIMIT = 15

export async function startShell(wire: Wire, { become, program, kind }: StartOptions): Promise<StartingShell> {
  const startWord = `start-${randomBytes(12).toString('hex')}`
  const inner = `${quote(program)} -c ${quote(startScript(startWord, program, kind))}`
  const by = become && becomeCommand(become, inner, `password-${randomBytes(12).toString('hex')}`)
  const channel = await wire.open(by && become.method === 'sudo' ? onTerminalIfNeeded(become, by.command) : `exec ${by ? by.command : inner}`)
  return {
    channel,
    startWord,
    writeAtOnce: !by?.mayPrompt,
    onNoise: become && by?.mayPrompt ? answerPrompts(channel, wire.name, become, by) : () => undefined,
    failure: (stdout, stderr) => (become ? becomeProblem(become, wire.name, stderr || stdout, by!.mayPrompt && become.password !== undefined) : noShell(wire.name, stdout, stderr)),
  }
}

/**
 * What the new shell does first: it goes somewhere it can be (another user's home may be closed to it, and then dash complains at
 * every command), says its process id, and becomes the reader of requests.
 */
function startScript(word: string, program: string, kind: StartOptions['kind']): string {
  const rest = kind === 'requests' ? `exec ${quote(program)}` : 'IFS= read -r l && eval "$l"'
  return `[ -r . ] && [ -x . ] || cd 2>/dev/null || cd /; echo "${word} $$"; echo "${word}" >&2; ${rest}`
}

/** Types the password when it is asked for; once. A second question means that the first answer was wrong. */
function answerPrompts(channel: Channel, where: string, become: Become, by: BecomeCommand): (stderr: string) => Problem | undefined {
  let answered = 0
  return (stderr) => {
    const unseen = stderr.slice(answered)
    if (answered > 0 && /sorry|incorrect|failure/i.test(unseen)) return wrongPassword(become, where)
    if (!by.isPrompt(unseen)) return undefined
    if (answered > 0) return wrongPassword(become, where)
    if (become.password === undefined) return needsPassword(become, where)
    answered = stderr.length
    channel.stdin.write(`${become.password}\n`)
    return undefined
  }
}

function noShell(where: string, stdout: string, stderr: string): Unreachable {
  const said = [stderr, stdout].map((text) => text.trim().replace(/\s*\n\s*/g, '; ')).filter((text) => text !== '')
  return new Unreachable(
    new Problem({
      code: 'no-shell',
      summary: 'the host gave no shell after login',
      detail: [where, ...said].join(': '),
      hint: 'the login user needs a shell that runs commands (not nologin, no ForceCommand), and /bin/sh must exist',
    }),
  )
}

/** The shell did not begin in time. */
export function startTimedOut(where: string, become: Become | undefined, said: string): Error {
  const text = said.trim()
  const problem = new Problem({
    code: become ? 'become-timeout' : 'shell-timeout',
    summary: become ? 'becoming another user took too long' : 'the host gave no shell in time',
    detail: `${where}: nothing within ${START_LIMIT} s${text ? ` but: ${text}` : ''}`,
  })
  return become ? problem : new Unreachable(problem)
}
