import { quote } from '../shell/quote.ts'

const CLEAN_UP = `trap 'rm -f -- "$t"' EXIT; trap 'exit 143' HUP INT TERM`
const NEW_MODE = 'u=$(umask); chmod "$(printf %o $((0666 & ~0$u)))" "$t"'

/**
 * A script in which `make` writes to "$t" beside a file that then takes its place, with owner and mode of the one that was there. With
 * `backup` it keeps that one and prints its name.
 */
export function writtenBeside(path: string, make: readonly string[], { backup = false }: { readonly backup?: boolean } = {}): string {
  return [
    'set -e; export LC_ALL=C', `p=$(readlink -f -- ${quote(path)}) || p=${quote(path)}; d=\${p%/*}; t=$(mktemp "\${d:-/}/.tutti.XXXXXXXX"); ${CLEAN_UP}`, ...make,
    `if [ -e "$p" ]; then chown "$(stat -c %u:%g -- "$p")" "$t" 2>/dev/null || :; chmod "$(stat -c %a -- "$p")" "$t"; else ${NEW_MODE}; fi`,
    ...(backup ? ['if [ -e "$p" ]; then b="$p.$$.$(date +%Y-%m-%d@%H:%M:%S)~"; cp -p -- "$p" "$b"; printf \'%s\\n\' "$b"; fi'] : []), 'sync -- "$t" 2>/dev/null || :', 'mv -f -- "$t" "$p"',
  ].join('\n')
}

const PACKERS: Readonly<Record<string, string>> = { gz: 'gzip', bz2: 'bzip2', xz: 'xz' }
/** What packs a dump, by the ending of its file's name. */
export const packerOf = (file: string): string | undefined => PACKERS[/\.([A-Za-z0-9]+)$/.exec(file)?.[1] ?? '']

/** A script that writes what a command prints to a new file, packed as its name says. Half a dump never stands at the target; it fails where the command or the packer fails. */
export function dumpScript(target: string, command: string): string {
  const packer = packerOf(target)
  const write = packer === undefined ? `${command} > "$t" || exit` : `r=$({ { ${command} || echo $? >&3; } | ${packer} > "$t" || echo 1 >&3; } 3>&1); [ -z "$r" ] || exit 1`
  return `t=$(mktemp ${quote(target)}.XXXXXXXX) || exit; ${CLEAN_UP}\n${write}\n${NEW_MODE}; mv -f -- "$t" ${quote(target)}`
}
