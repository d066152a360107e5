import { quote } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import type { FileAttributes, Step } from './step.ts'

/** A step that concerns one path, told to the host as a script of ours. */
export type FileStep = Exclude<Step, { step: 'act' | 'run' }>

/** Content up to this size travels inside the request; larger content gets a channel of its own. Bytes. */
export const INLINE = 64 * 1024

/** Gives "$t" owner, mode, ACL and extended attributes of "$p" where that is there, else the mode of a new file; says so in $old. */
export const KEEP_ATTRIBUTES = [
  'old=; [ -h "$p" ] || [ ! -e "$p" ] || old=1',
  // cp copies them without touching the content. Where it cannot give the file away, it can still do the rest; busybox's can do none of it.
  'if [ $old ]; then cp --attributes-only --preserve=mode,ownership,xattr -- "$p" "$t" 2>/dev/null || { chown "$(stat -c %u:%g -- "$p")" "$t" 2>/dev/null || :; cp --attributes-only --preserve=mode,xattr -- "$p" "$t" 2>/dev/null || chmod "$(stat -c %a -- "$p")" "$t"; }; else u=$(umask); chmod "$(printf %o $((0666 & ~0$u)))" "$t"; fi',
].join('\n')

/** Keeps "$p" as "$b", complete or not at all, and prints that name. */
const KEEP_BACKUP = 'k=$(mktemp "${d:-/}/.tutti.XXXXXXXX"); cp --preserve=mode,ownership,timestamps,xattr -- "$p" "$k" 2>/dev/null || cp -p -- "$p" "$k"; sync -- "$k" 2>/dev/null || :; mv -f -- "$k" "$b"; printf \'%s\\n\' "$b"'

/** The name that Ansible gives: process, date and time, tilde. */
const BACKUP_NAME = '"$p.$$.$(date +%Y-%m-%d@%H:%M:%S)~"'

/**
 * "$t" takes the place of "$p". A file that is a mount of its own cannot be renamed over: it is written over, and `unsafe` (as in
 * `unsafe_writes`) allows that for any other reason. Only then could half a file be seen.
 */
export const takePlace = (unsafe = false): string => [
  // sync of one file: missing on old systems, where only the rename protects.
  'sync -- "$t" 2>/dev/null || :',
  `if ! mv -f -T -- "$t" "$p" 2>/dev/null; then [ -d "$p" ] && { echo "$p is a directory" >&2; exit 1; }; if ! e=$(mv -f -- "$t" "$p" 2>&1); then r=1; case $e in ${unsafe ? '*' : '*busy*'}) [ ! -f "$p" ] || r= ;; esac; [ -z "$r" ] || { printf '%s\\n' "$e" >&2; exit 1; }; cat -- "$t" > "$p"; fi; fi`,
].join('\n')

export interface Replacing {
  /** Keeps what was there: under that name, or (`true`) one with the time in it. The name is printed. */
  readonly backup?: string | boolean | undefined
  readonly unsafe?: boolean | undefined
  /** Lines for when "$t" has everything, before it is seen. */
  readonly then?: readonly string[]
  /** Without those of what was there, or the mode of a new file. */
  readonly bare?: boolean
}

/**
 * Lines, for a script under `set -e`, in which `make` fills "$t" beside "$p", which it then replaces: nobody ever sees half a file, and
 * however it ends (a controller that died closes the pipes) nothing is left but, where the shell itself is killed, a file named `.tutti.` and eight characters.
 */
export const replaceLines = (make: readonly string[], { backup, unsafe, then = [], bare }: Replacing = {}): readonly string[] => [
  'd=${p%/*}; t=$(mktemp "${d:-/}/.tutti.XXXXXXXX"); k=', `trap 'rm -f -- "$t" \${k:+"$k"}' EXIT; trap 'exit 143' HUP INT TERM PIPE`,
  ...make, ...(bare ? [] : [KEEP_ATTRIBUTES]), ...then,
  ...(backup ? [`if [ -f "$p" ] && [ ! -h "$p" ]; then b=${backup === true ? BACKUP_NAME : quote(backup)}; ${KEEP_BACKUP}; fi`] : []),
  takePlace(unsafe),
]

/** For a subshell of a script that has the content in a file already, the umask of the user in $u, and the target in $p. */
export const replaceFrom = (file: string, replacing: Replacing = {}): string => ['set -e; umask "$u"', `f=${file}`, ...replaceLines(['cat -- "$f" > "$t"'], replacing)].join('\n')

const FOLLOW = 'n=0; while [ -h "$p" ] && [ $n -lt 40 ]; do l=$(readlink -- "$p"; echo x); l=${l%?x}; case $l in /*) p=$l ;; *) p=${p%/*}/$l ;; esac; n=$((n+1)); done'

/**
 * Writes beside the target and renames. Links are followed to the file behind them; a file keeps its owner, mode and, where the host
 * can copy them, ACL and extended attributes. `size`: bytes that must have come when they travel as a stream, which ends too when
 * the controller does.
 */
export function writeScript({ path, attributes, backup, validate, unsafe, replaceLink }: FileStep & { step: 'write' }, source: string, size?: number): string {
  const make = [`${source} > "$t"`, ...(size === undefined ? [] : [`[ "$(stat -c %s -- "$t")" = ${size} ] || { echo 'the content broke off' >&2; exit 1; }`])]
  const then = [attributeScript('"$t"', attributes, false), ...(validate?.trim() ? [`{ ${validationWords(validate)} >&2 || { r=$?; echo "failed to validate: rc:$r" >&2; (exit $r); }; }`] : [])]
  return ['set -e; export LC_ALL=C', `p=${quote(path)}${replaceLink ? '' : `; ${FOLLOW}`}`, ...replaceLines(make, { then, backup, unsafe })].filter(Boolean).join('\n')
}

/** The command's words as they are, for no shell reads them: `%s` is the new file, `%%` a percent sign. */
const validationWords = (command: string): string =>
  splitWords(command).map((word) => word.split(/(%[s%])/).map((part) => (part === '%s' ? '"$t"' : part === '%%' ? '%' : part && quote(part))).join('') || "''").join(' ')

/** Sets what parameters ask for, for scripts that make their file themselves; a symbolic mode is chmod's matter. */
export function setAttributesScript(path: string, { owner, group, mode }: { readonly owner: string | undefined; readonly group: string | undefined; readonly mode: string | undefined }): string {
  const named = attributeScript(path, { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) }, true)
  return [named, mode === undefined ? '' : `chmod ${quote(mode)} ${path}`].filter(Boolean).map((line) => `${line} || exit`).join('\n')
}

/** Owner before mode: changing the owner clears the set-uid bits. */
export function attributeScript(path: string, { owner, group, mode }: FileAttributes, follow: boolean): string {
  const h = follow ? '' : '-h '
  return [
    ...(owner !== undefined && group !== undefined ? [`chown ${h}${quote(`${owner}:${group}`)} ${path}`] : owner !== undefined ? [`chown ${h}${quote(owner)} ${path}`] : group !== undefined ? [`chgrp ${h}${quote(group)} ${path}`] : []),
    ...(mode === undefined ? [] : [`chmod ${mode.toString(8).padStart(4, '0')} ${path}`]),
  ].join('\n')
}

/** The steps that are no writing. */
export function fileScript(step: Exclude<FileStep, { step: 'write' }>): string {
  const path = quote(step.path.startsWith('-') ? `./${step.path}` : step.path)
  switch (step.step) {
    case 'mkdir': return `set -e; export LC_ALL=C; mkdir -- ${path}\n${attributeScript(path, step.attributes, true)}`
    case 'remove': return `export LC_ALL=C; exec rm -rf -- ${path}`
    case 'attributes': return `set -e; export LC_ALL=C\n${attributeScript(path, step.attributes, step.follow)}`
    // Both times set to now at once: that needs no more than the right to write.
    case 'touch': return step.only === undefined && !step.accessed && !step.modified ? `export LC_ALL=C; exec touch -- ${path}` : ['set -e; export LC_ALL=C', ...(step.only === 'modified' ? [] : [touchScript('-a', step.accessed, path)]), ...(step.only === 'accessed' ? [] : [touchScript('-m', step.modified, path)])].join('\n')
    // A new link is made beside the old one and renamed over it, so that the name is never missing.
    case 'link': return `set -e; export LC_ALL=C; p=${path}; t=$p.tutti.$$; ln ${step.hard ? '' : '-s '}-- ${quote(step.target)} "$t"; mv -f -T -- "$t" "$p" 2>/dev/null || { rm -f -- "$p"; mv -f -- "$t" "$p"; }`
  }
}

const touchScript = (which: string, time: Date | undefined, path: string): string => `touch ${which} ${time ? `-d @${time.getTime() / 1000} ` : ''}-- ${path}`
