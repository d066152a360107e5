import { bytesOfText, printBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'

/** One script of a request, with its number, which the marker after its output repeats. */
export interface Numbered {
  readonly number: number
  readonly script: string
  readonly stdin?: Uint8Array | undefined
}

/** Input up to this size travels inside the request; more gets a channel of its own. Bytes. */
export const INLINE_STDIN = 64 * 1024

/**
 * The text of one request. Each script runs in a subshell, so that neither `exit` nor a syntax error ends the shell, and through
 * `eval`, so that a syntax error in one cannot swallow the markers. After it the word, the script's number and, on standard output,
 * the exit code. No variable or function of ours is in the scripts' sight: `set` in a script must not print the word.
 */
export const requestText = (word: string, scripts: readonly Numbered[]): string =>
  scripts.map((numbered) => `${scriptText(numbered)}; ${markers(word, numbered.number)}\n`).join('')

function scriptText({ script, stdin }: Numbered): string {
  const subshell = `( eval ${quoteAll(script)} )`
  return stdin && stdin.length > 0 ? `${printBytes(stdin)} 2>/dev/null | ${subshell}` : `${subshell} </dev/null`
}

const markers = (word: string, number: number): string => `echo "${word} ${number} $?"; echo "${word} ${number}" >&2`

/**
 * The same for a script that reads a channel's own input: one line, because the program that takes it (`read -r`) must stop
 * exactly where the input begins.
 */
export const pipedText = (word: string, script: string): string =>
  `( eval "$(${printBytes(bytesOfText(script), { oneLine: true })})" ); ${markers(word, 0)}\n`

// A word that looks plain could still be a reserved word or begin with a dash; eval must get it as one quoted argument.
const quoteAll = (script: string): string => (script.startsWith('-') ? quote(` ${script}`) : quote(script))
