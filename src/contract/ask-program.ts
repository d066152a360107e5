import type { Reader } from '../host/reader.ts'
import { quote } from '../shell/quote.ts'
import type { ShellReply } from '../transport/connection.ts'
import { Unknown, unknown } from '../value/value.ts'
import { fail } from './failure.ts'

/** Programs that a script needs, each with the package of Debian that has it. */
export type Needed = Readonly<Record<string, string>>

/** Programs of the system are not in everybody's PATH. */
export const SYSTEM_PATH = 'export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"'

/** Why a program is missing, in Ansible's words with the next move. */
export const missing = (program: string, from: string): string => `Failed to find required executable "${program}": install the package ${from} on the host`

/**
 * Runs a script that only reads and needs programs of the host. One that is missing is a failure that names it, or in a dry run
 * unknown where something planned may bring it.
 */
export async function askProgram(host: Reader, needed: Needed, script: string, inputs: readonly string[] | 'anything', options: { readonly timeout?: number } = {}): Promise<ShellReply | Unknown> {
  const looks = Object.keys(needed).map((program) => `command -v ${quote(program)} >/dev/null || { echo ${quote(program)}; exit 97; }`)
  const reply = await host.run([SYSTEM_PATH, ...looks, script].join('\n'), inputs, options)
  if (reply instanceof Unknown || reply.code !== 97) return reply
  const program = reply.stdout.toString().trim()
  if (host.planned && host.changing) return unknown(`${program} is not there yet; ${host.changing} may bring it`)
  return fail(missing(program, needed[program] ?? program))
}
