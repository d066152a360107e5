import { replaceLines } from '../host/file-script.ts'
import { quote } from '../shell/quote.ts'

/**
 * A script in which `make` writes to "$t" beside a file that then takes its place, with the attributes of the one that was there. With
 * `backup` it keeps that one and prints its name.
 */
export const writtenBeside = (path: string, make: readonly string[], { backup = false }: { readonly backup?: boolean } = {}): string =>
  ['set -e; export LC_ALL=C', `p=$(readlink -f -- ${quote(path)}) || p=${quote(path)}`, ...replaceLines(make, { backup })].join('\n')

const PACKERS: Readonly<Record<string, string>> = { gz: 'gzip', bz2: 'bzip2', xz: 'xz' }
/** What packs a dump, by the ending of its file's name. */
export const packerOf = (file: string): string | undefined => PACKERS[/\.([A-Za-z0-9]+)$/.exec(file)?.[1] ?? '']

/** A script that writes what a command prints to a file, packed as its name says. Half a dump never stands at the target; it fails where the command or the packer fails. */
export function dumpScript(target: string, command: string): string {
  const packer = packerOf(target)
  const write = packer === undefined ? `${command} > "$t" || exit` : `r=$({ { ${command} || echo $? >&3; } | ${packer} > "$t" || echo 1 >&3; } 3>&1); [ -z "$r" ] || exit 1`
  return writtenBeside(target, [write])
}
