import { contentResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { temporaryPlace } from '../host/temporary-place.ts'
import { known } from '../contract/file-target.ts'
import { quote } from '../shell/quote.ts'
import { isUnknown } from '../value/value.ts'

export interface KeyPair {
  readonly fingerprint: string
  readonly publicKey: string
}

interface KeyParams {
  readonly name: string
  readonly ssh_key_type: string
  readonly ssh_key_bits?: number | undefined
  readonly ssh_key_file?: string | undefined
  readonly ssh_key_comment?: string | undefined
  readonly ssh_key_passphrase?: string | undefined
  readonly group?: string | undefined
}

export function keyFile({ ssh_key_file, ssh_key_type }: Pick<KeyParams, 'ssh_key_file' | 'ssh_key_type'>, home: string): string {
  const file = ssh_key_file ?? `.ssh/id_${ssh_key_type}`
  return file.startsWith('/') ? file : `${home}/${file}`
}

/** The key that is there, undefined where there is none. */
export async function readKeyPair(host: Reader, file: string): Promise<KeyPair | undefined> {
  const [key, publicKey, print] = await Promise.all([host.get(contentResource, file), host.get(contentResource, `${file}.pub`), host.run(`ssh-keygen -l -f ${quote(file)} 2>/dev/null || :`, [file])])
  if (known(key) === undefined) return undefined
  return { fingerprint: isUnknown(print) ? '' : print.stdout.toString().trim(), publicKey: known(publicKey)?.toString().trim() ?? '' }
}

/**
 * Makes the key, and prints its fingerprint and public half. The passphrase comes by standard input and reaches ssh-keygen
 * through the askpass door: its own option would show it to everybody who lists processes.
 */
export function keyScript(params: KeyParams, home: string): string {
  const file = quote(keyFile(params, home))
  const [name, comment] = [quote(params.name), params.ssh_key_comment === undefined ? '"ansible-generated on $(hostname)"' : quote(params.ssh_key_comment)]
  const make = `ssh-keygen -q -t ${quote(params.ssh_key_type)}${params.ssh_key_bits === undefined ? '' : ` -b ${params.ssh_key_bits}`} -C ${comment} -f ${file}`
  return [
    'set -e; umask 077; export LC_ALL=C', `d=$(dirname ${file}); if [ ! -d "$d" ]; then mkdir -p "$d"; chmod 700 "$d"; chown ${name}: "$d"; fi`, `rm -f ${file} ${file}.pub`,
    ...(params.ssh_key_passphrase === undefined ? [`${make} -N ''`] : [
      `${temporaryPlace('t', { directory: true, runnable: true })}\ncat > "$t/pass"; printf '#!/bin/sh\\nexec cat "%s/pass"\\n' "$t" > "$t/ask"; chmod 700 "$t/ask"`,
      `SSH_ASKPASS="$t/ask" SSH_ASKPASS_REQUIRE=force DISPLAY=: ${make} </dev/null`,
    ]),
    `chmod 600 ${file}; chmod 644 ${file}.pub; chown ${name}: ${file} ${file}.pub`, `ssh-keygen -l -f ${file}; echo '-- public key'; cat ${file}.pub`,
  ].join('\n')
}
