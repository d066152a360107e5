import { printBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'

export const OPENSSL = { openssl: 'openssl' } as const

/** Something that openssl reads: a file of the host, or a text of the task, which no argument list and no file shows. */
export interface Input {
  readonly path?: string | undefined
  readonly content?: string | undefined
}

/**
 * A script around a call of openssl: texts are given to descriptors of their own. `call` names them as `/dev/fd/N`; `fd` makes an
 * argument of one, `pass` a source of a passphrase.
 */
export class OpensslCall {
  readonly #inputs: string[] = []

  /** The argument that stands for an input. */
  fd({ path, content }: Input): string {
    return content === undefined ? quote(path ?? '') : `/dev/fd/${this.#add(content)}`
  }

  pass(passphrase: string | undefined): string {
    return passphrase === undefined ? 'pass:' : `fd:${this.#add(`${passphrase}\n`)}`
  }

  #add(content: string): number {
    return this.#inputs.push(content) + 3
  }

  script(call: string): string {
    return this.#inputs.reduce((inner, content, i) => `${printBytes(Buffer.from(content))} | { exec ${i + 4}<&0 </dev/null; ${inner}; }`, `{ ${call}; }`)
  }
}

/** A value in a configuration of openssl, where some signs mean something. */
export const configValue = (value: string): string => value.replace(/[\\"'#$]/g, '\\$&')

/** What counts of a request or certificate in `openssl … -text`: subject, key and extensions, each line once, in a fixed order of the extensions. */
export function extensionsOf(text: string): readonly string[] {
  const lines = text.split('\n')
  const from = lines.findIndex((line) => /^\s*(?:Requested Extensions|X509v3 extensions):/.test(line))
  if (from < 0) return []
  const all: string[] = []
  for (const line of lines.slice(from + 1)) {
    if (/^ {0,8}\S|^\s*Signature Algorithm:/.test(line)) break
    if (/^ {12}\S/.test(line)) all.push(line.trim())
    else if (line.trim() !== '') all[all.length - 1] += ` ${line.trim()}`
  }
  return all.map((one) => one.replace(/ +/g, ' ')).sort()
}
