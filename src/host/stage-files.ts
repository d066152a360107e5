import { posix } from 'node:path'
import { printBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import type { Content } from '../value/content.ts'
import { type FileStep, INLINE, KEEP_ATTRIBUTES, attributeScript, takePlace } from './file-script.ts'

/** A write that asks for nothing but a file at its path: many of them share the programs that they need. */
export type PlainWrite = FileStep & { readonly step: 'write'; readonly content: Content & { readonly kind: 'bytes' } }

export const isPlainWrite = (step: FileStep): step is PlainWrite =>
  step.step === 'write' && step.replaceLink === true && !step.backup && !step.validate && !step.unsafe && step.content.kind === 'bytes' && step.content.bytes.length <= INLINE

/**
 * Many files into one directory: they are made in a directory beside them that nobody else may enter, get their attributes, and are
 * renamed all at once. Costs a handful of programs in all, where one file by itself needs as many. `first` is the number of the first
 * step, said as the last line when one of them fails.
 */
export function stagedScript(writes: readonly PlainWrite[], first: number, stage: string): string {
  const names = writes.map(({ path }) => posix.basename(path))
  const staged = names.map((name) => `$s/${quote(name)}`)
  return [
    `set -e; export LC_ALL=C; i=${first}; cd -- ${quote(posix.dirname(writes[0]!.path))}; s=${stage}`,
    // A default ACL outweighs the umask.
    'u=$(umask); umask 077; mkdir -- $s; umask $u',
    `trap 'c=$?; rm -rf -- $s; [ $c = 0 ] || printf "\\n%s" $i >&2' EXIT; trap 'exit 143' HUP INT TERM PIPE`,
    'chmod go= $s',
    ...writes.map(({ content }, n) => `i=${first + n}; ${printBytes(content.bytes)} > ${staged[n]}`),
    `i=${first}; set -- ${staged.join(' ')}`,
    // Those that are new are left as arguments.
    `for t do shift; p=./\${t#$s/}; if [ -h "$p" ] || [ ! -e "$p" ]; then set -- "$@" "$t"; else\n${KEEP_ATTRIBUTES}\nfi; done`,
    '[ $# = 0 ] || chmod "$(printf %o $((0666 & ~0$u)))" "$@"',
    ...attributeGroups(writes, staged),
    `set -- ${staged.join(' ')}`,
    // Once for all: file by file it would take longer than everything else together.
    'sync -f -- $s 2>/dev/null || sync -- "$@" 2>/dev/null || :',
    // One by one where some cannot be renamed: then the one is told that stands in the way.
    `if ! mv -f -- "$@" . 2>/dev/null; then i=$((i-1)); for t do i=$((i+1)); [ -e "$t" ] || continue; p=./\${t#$s/}\n${takePlace()}\ndone; fi`,
  ].filter(Boolean).join('\n')
}

/** Owner, group and mode, once for all files that get the same. */
function attributeGroups(writes: readonly PlainWrite[], staged: readonly string[]): readonly string[] {
  const groups = new Map<string, { readonly attributes: PlainWrite['attributes']; readonly files: string[] }>()
  writes.forEach(({ attributes }, n) => {
    const key = JSON.stringify([attributes.owner, attributes.group, attributes.mode])
    const group = groups.get(key) ?? { attributes, files: [] }
    group.files.push(staged[n]!)
    groups.set(key, group)
  })
  return [...groups.values()].map(({ attributes, files }) => attributeScript(files.join(' '), attributes, false))
}
