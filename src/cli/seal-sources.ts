import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { parseEnvFile } from '../seal/env-file.ts'
import { checkKey, isKey } from '../seal/secret.ts'
import type { Terminal } from './command.ts'
import { UsageProblem } from './options.ts'
import type { SealInput } from './seal-input.ts'
import type { SealValues } from './seal.ts'

/** Whether values are given on the command line. */
export const hasSources = ({ fromLiteral, fromFile, fromEnvFile, ask }: SealValues): boolean => fromLiteral.length + fromFile.length + fromEnvFile.length + ask.length > 0

/** The values of `--from-literal`, `--from-file`, `--from-env-file` and `--ask`. No error shows any of them. */
export async function readSources(values: SealValues, input: SealInput, terminal: Terminal): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>()
  const add = (key: string, bytes: Buffer): void => {
    checkKey(key)
    if (found.has(key)) throw new UsageProblem({ code: 'seal-key-twice', summary: 'A key is given twice', detail: key })
    found.set(key, bytes)
  }
  for (const literal of values.fromLiteral) add(...parseLiteral(literal))
  for (const [key, file] of values.fromFile.flatMap(filesOf)) add(key, await input.bytes(file))
  for (const file of values.fromEnvFile) for (const [key, text] of parseEnvFile((await input.bytes(file)).toString('utf8'), file)) add(key, Buffer.from(text))
  for (const key of values.ask) add(key, Buffer.from(await asked(key, terminal)))
  return found
}

function parseLiteral(literal: string): [string, Buffer] {
  const at = literal.indexOf('=')
  // What stands there may be the secret itself: it is not repeated.
  if (at < 1 || !isKey(literal.slice(0, at))) throw new UsageProblem({ code: 'seal-literal', summary: '--from-literal wants KEY=VALUE', detail: 'one of them has no key before a =', hint: 'letters, digits, -, _ and . may stand in a key' })
  return [literal.slice(0, at), Buffer.from(literal.slice(at + 1))]
}

/** `KEY=FILE`, `FILE` under its own name, or a directory: each of its files that can be a key. */
function filesOf(written: string): readonly (readonly [string, string])[] {
  const at = written.indexOf('=')
  if (at > 0) return [[written.slice(0, at), written.slice(at + 1)]]
  if (written === '-') throw new UsageProblem({ code: 'seal-file-key', summary: 'Standard input needs a key', hint: '--from-file KEY=-' })
  if (!statSync(written, { throwIfNoEntry: false })?.isDirectory()) return [[basename(written), written]]
  return readdirSync(written, { withFileTypes: true }).filter((entry) => !entry.isDirectory() && isKey(entry.name)).map(({ name }) => [name, join(written, name)] as const).filter(([, file]) => statSync(file, { throwIfNoEntry: false })?.isFile())
}

async function asked(key: string, terminal: Terminal): Promise<string> {
  const answer = await terminal.ask(`Value of ${key}: `, { secret: true, piped: true })
  if (answer === undefined) throw new Problem({ code: 'nobody-to-ask', summary: 'A value must be asked for, and there is no terminal', detail: key, hint: `pipe it in with --from-file ${key}=-` })
  return answer
}
