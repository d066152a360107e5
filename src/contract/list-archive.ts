import type { Reader } from '../host/reader.ts'
import { textOfBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import { Unknown } from '../value/value.ts'
import { fail } from './failure.ts'

/** One thing in an archive, under the name that it gets. Ids are those of the archive; `sum` is the SHA-1 of a file's content. */
export interface ArchiveEntry {
  readonly path: string
  /** As the archive has it, for people. */
  readonly name: string
  readonly kind: 'file' | 'directory' | 'link' | 'hard link' | 'other'
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch. */
  readonly modified: number
  readonly sum?: string
  readonly target?: string
}

export interface Listing {
  readonly format: 'tar' | 'zip'
  readonly entries: readonly ArchiveEntry[]
}

/** What is taken out of an archive, in tar's and unzip's own words. */
export interface Selection {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly options: readonly string[]
}

const words = (all: readonly string[]): string => all.map((word) => ` ${quote(word)}`).join('')

/** tar's options and members, zip's likewise. */
export const tarOptions = ({ exclude, options }: Selection): string => words([...options, ...exclude.map((pattern) => `--exclude=${pattern}`)])
export const members = ({ include }: Selection): string => (include.length === 0 ? '' : ` --${words(include)}`)
export const zipMembers = ({ include, exclude }: Selection): string => `${words(include)}${exclude.length === 0 ? '' : ` -x${words(exclude)}`}`

/** GNU tar as `$tar`: its listing, `--to-command` and detection of compressions are its own. */
export const FIND_TAR = [
  'tar=$(command -v gtar || command -v tar) || { echo \'Failed to find required executable "tar": install the package tar\' >&2; exit 9; }',
  'case $("$tar" --version 2>/dev/null) in *GNU*) ;; *) echo "$tar is not GNU tar, which is needed for archives" >&2; exit 9;; esac',
].join('\n')
export const FIND_UNZIP = 'command -v unzip >/dev/null || { echo \'Unable to find required "unzip": install the package unzip\' >&2; exit 9; }'

/** Refuses a host that cannot handle the format, unless something planned may bring what is missing. */
export async function refuseWithoutPacker(host: Reader, format: Listing['format']): Promise<void> {
  const reply = await host.run(format === 'zip' ? FIND_UNZIP : FIND_TAR, [])
  if (!(reply instanceof Unknown) && reply.code !== 0 && !(host.planned && host.changing)) fail(reply.stderr.toString().trim())
}
export const IS_ZIP = '[ "$(head -c 2 -- "$f")" = PK ]'

/** Prints what is in the archive `$f`; changes nothing. Runs on the host or on the controller, wherever the archive is. */
export function listScript(selection: Selection): string {
  const options = tarOptions(selection)
  const list = `"$tar" --list --verbose --full-time --quoting-style=escape --show-transformed-names${options} -f "$f"`
  return [
    'export LC_ALL=C TZ=UTC', `if ${IS_ZIP}; then`, FIND_UNZIP, 'echo @@zip', `unzip -Z -T -s "$f"${zipMembers(selection)} || exit`, 'echo @@sums',
    // unzip takes names for patterns.
    `unzip -Z1 "$f"${zipMembers(selection)} | while IFS= read -r n; do case $n in */) continue;; esac; m=$(printf '%s\\n' "$n" | sed 's/[][*?\\\\]/\\\\&/g'); unzip -p "$f" "$m" | sha1sum; done`,
    'else', FIND_TAR, 'echo @@tar', `${list}${members(selection)} || exit`, 'echo @@ids', `${list} --numeric-owner${members(selection)} || exit`,
    'echo @@sums', `"$tar" --extract${options} -f "$f" --to-command=sha1sum${members(selection)}`, 'fi',
  ].join('\n')
}

export function parseListing(output: string): Listing {
  const [, format = '', listed = '', rest = ''] = /^@@(tar|zip)\n([\s\S]*?)^@@((?:ids|sums)\n[\s\S]*)$/m.exec(output) ?? fail(`the list of the archive cannot be read: ${output.slice(0, 200)}`)
  const sums = [...(/(?:^|@@)sums\n([\s\S]*)$/.exec(rest)?.[1] ?? '').matchAll(/^([0-9a-f]{40}) /gm)].map(([, sum]) => sum!)
  if (format === 'zip') return { format: 'zip', entries: withSums(listed.split('\n').flatMap(zipEntry), sums) }
  const ids = (/^ids\n([\s\S]*?)^@@sums$/m.exec(rest)?.[1] ?? '').split('\n').flatMap(tarEntry)
  const entries = listed.split('\n').flatMap(tarEntry).map((entry, i): ArchiveEntry => ({ ...entry, uid: Number(ids[i]?.owner ?? 0), gid: Number(ids[i]?.group ?? 0) }))
  return { format: 'tar', entries: withSums(entries, sums) }
}

function withSums(entries: readonly ArchiveEntry[], sums: readonly string[]): readonly ArchiveEntry[] {
  let next = 0
  return entries.map((entry) => {
    // zip keeps what a link leads to as its content, which has a sum like any other.
    if (entry.kind === 'link' && entry.target === undefined) next++
    return entry.kind === 'file' ? { ...entry, sum: sums[next++] ?? '' } : entry
  })
}

const KINDS: Readonly<Record<string, ArchiveEntry['kind']>> = { '-': 'file', d: 'directory', l: 'link', h: 'hard link' }
const TAR = /^([-dlhcbpsV])([-rwxsStT]{9})[+.@]? +(\S+?)\/(\S+) +\d+(?:,\d+)? (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)? (.*)$/

function tarEntry(line: string): readonly ArchiveEntry[] {
  const match = TAR.exec(line)
  if (!match) return []
  const [, letter = '', bits = '', owner = '', group = '', year, month, day, hour, minute, second, name = ''] = match
  const kind = KINDS[letter] ?? 'other'
  const cut = kind === 'link' ? name.indexOf(' -> ') : kind === 'hard link' ? name.indexOf(' link to ') : -1
  const path = plainName(cut < 0 ? name : name.slice(0, cut))
  if (path === undefined) return []
  const target = cut < 0 ? {} : { target: unescape(name.slice(cut + (kind === 'link' ? 4 : 9))) }
  return [{ path, name: unescape(cut < 0 ? name : name.slice(0, cut)), kind, mode: bitsOf(bits), owner, group, uid: 0, gid: 0, modified: Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second ?? 0)) / 1000, ...target }]
}

const ZIP = /^([-dl?])([-rwxsStT]{6,9}) +\S+ +\S+ +\d+ \S+ +\S+ (\d{4})(\d\d)(\d\d)\.(\d\d)(\d\d)(\d\d) (.*)$/

function zipEntry(line: string): readonly ArchiveEntry[] {
  const match = ZIP.exec(line)
  if (!match) return []
  const [, letter = '', bits = '', year, month, day, hour, minute, second, name = ''] = match
  const path = plainName(name)
  if (path === undefined) return []
  const kind = name.endsWith('/') ? 'directory' : letter === 'l' ? 'link' : 'file'
  return [{ path, name, kind, mode: bitsOf(bits.padEnd(9, '-')), owner: '', group: '', uid: 0, gid: 0, modified: Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000 }]
}

/** Relative and without `./`; the root of the archive is ''. Both tools keep out of what is above. */
function plainName(name: string): string | undefined {
  const parts = unescape(name).split('/').filter((part) => part !== '' && part !== '.')
  return parts.includes('..') ? undefined : parts.join('/')
}

/** tar writes bytes that are not ASCII as octal. */
function unescape(name: string): string {
  const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }
  const bytes: number[] = []
  for (const [part, octal, letter] of name.matchAll(/\\([0-7]{3})|\\([^])|[^\\]+|\\/g)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else if (letter !== undefined) bytes.push(...(ESCAPES[letter] === undefined ? Buffer.from(letter) : [ESCAPES[letter]!]))
    else bytes.push(...Buffer.from(part))
  }
  return textOfBytes(Buffer.from(bytes))
}

function bitsOf(letters: string): number {
  const plain = [...letters].reduce((bits, letter, i) => (/[rwxst]/.test(letter) ? bits | (1 << (8 - i)) : bits), 0)
  const special = (at: number, bit: number) => (/[sStT]/.test(letters[at] ?? '') ? bit : 0)
  return plain | special(2, 0o4000) | special(5, 0o2000) | special(8, 0o1000)
}
