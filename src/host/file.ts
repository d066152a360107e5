import { textOfBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import type { Shell } from '../transport/connection.ts'
import { Problem } from '../problem/problem.ts'
import type { Unknown } from '../value/value.ts'
import type { Resource } from './resource.ts'

export type FileKind = 'absent' | 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'block' | 'char'

/** What a path is, not following a link at its end. Times are seconds since the epoch; numbers a dry run cannot know are unknown. */
export interface FileState {
  readonly kind: FileKind
  /** Permission bits, 0 to 0o7777; 0 for an absent file. */
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly uid: number | Unknown
  readonly gid: number | Unknown
  readonly size: number | Unknown
  readonly accessed: number | Unknown
  readonly modified: number | Unknown
  readonly changed: number | Unknown
  readonly inode: number | Unknown
  readonly device: number | Unknown
  readonly links: number | Unknown
  /** Of a link: what it points at, as written in it. */
  readonly target?: string
}

export const absent: FileState = { kind: 'absent', mode: 0, owner: '', group: '', uid: 0, gid: 0, size: 0, accessed: 0, modified: 0, changed: 0, inode: 0, device: 0, links: 0 }

/** The lstat of a path. Key: an absolute path. */
export const fileResource: Resource<FileState> = { kind: 'file', load: loadFiles }
/** The stat of a path, following links; absent where a link dangles. Key: an absolute path. */
export const followedResource: Resource<FileState> = { kind: 'followed', load: (shell, keys) => loadFiles(shell, keys, true) }
/** Whether the user may write there: into a directory or a file, links followed. Key: an absolute path. */
export const writableResource: Resource<boolean> = { kind: 'writable', load: loadWritable }
/** The SHA-1 of a file's content, following links; '' where there is no regular file. Key: an absolute path. */
export const checksumResource: Resource<string> = { kind: 'checksum', load: loadChecksums }
/** A file's bytes, following links; undefined where there is no regular file. Key: an absolute path. */
export const contentResource: Resource<Buffer | undefined> = { kind: 'content', load: loadContents }
/** The path with all links resolved, as far as it exists. Key: an absolute path. */
export const realpathResource: Resource<string> = { kind: 'realpath', load: (shell, keys) => Promise.all(keys.map((key) => loadRealpath(shell, key))) }

// %f is the raw mode in hex, type bits included: the one format of stat that GNU, busybox and every locale agree on.
// The times for people carry the fractions of a second, which the numbers do not: 2026-01-02 03:04:05.123456789 +0000.
const FORMAT = '%f %u %g %s %X %Y %Z %i %d %h %U %G %x/%y/%z/'

async function loadWritable(shell: Shell, keys: readonly string[]): Promise<readonly boolean[]> {
  const { stdout } = await shell.run(`for p in ${keys.map(quote).join(' ')}; do if [ -w "$p" ]; then echo y; else echo n; fi; done`)
  const answers = stdout.toString().split('\n')
  return keys.map((_, i) => answers[i] === 'y')
}

async function loadFiles(shell: Shell, keys: readonly string[], follow = false): Promise<readonly FileState[]> {
  // One stat for all paths; a name that contains a line feed would break the reply into the wrong lines and goes alone.
  const plain = chunked(keys.filter((key) => !key.includes('\n')))
  const found = new Map<string, FileState>()
  await Promise.all([...plain.map((some) => statMany(shell, some, found, follow)), ...keys.filter((key) => key.includes('\n')).map((key) => statMany(shell, [key], found, follow))])
  return keys.map((key) => found.get(key) ?? absent)
}

/** An argument list has an end; a loop over thousands of files must not find it. */
const chunked = (keys: readonly string[]): readonly (readonly string[])[] => Array.from({ length: Math.ceil(keys.length / 500) }, (_, i) => keys.slice(i * 500, i * 500 + 500))

async function statMany(shell: Shell, keys: readonly string[], found: Map<string, FileState>, follow: boolean): Promise<void> {
  if (keys.length === 0) return
  const names = keys.map(quote).join(' ')
  const script = follow ? `export LC_ALL=C; stat -L -c '${FORMAT} %n' -- ${names}` : `export LC_ALL=C; stat -c '${FORMAT} %n' -- ${names}; for p in ${names}; do if [ -h "$p" ]; then printf '> %s\\n' "$p"; readlink -n -- "$p"; printf '\\n<\\n'; fi; done`
  const { stdout, stderr } = await shell.run(script)
  const denied = /^stat: (?:cannot statx? |can't stat )'?(.*?)'?: Permission denied$/m.exec(stderr.toString())
  if (denied) throw new Problem({ code: 'permission-denied', summary: 'a path cannot be looked at', detail: `${denied[1]}: Permission denied`, hint: 'become a user who may read it (become: true)' })
  parseStats(textOfBytes(stdout), keys, found)
}

function parseStats(output: string, keys: readonly string[], found: Map<string, FileState>): void {
  const [stats, ...targets] = output.split(/^> /m)
  if (keys.length === 1) {
    if (stats?.trim()) found.set(keys[0]!, parseStat(stats))
  } else for (const line of (stats ?? '').split('\n')) if (line) found.set(line.split('/').slice(3).join('/').slice(1), parseStat(line))
  for (const part of targets) {
    const key = keys.length === 1 ? keys[0]! : part.slice(0, part.indexOf('\n'))
    const target = part.slice(key.length + 1, part.lastIndexOf('\n<'))
    const state = found.get(key)
    if (state) found.set(key, { ...state, target })
  }
}

/** Of the raw mode, type bits included. */
export const kindOf = (bits: number): FileKind => KINDS[bits >> 12] ?? 'file'
const KINDS: Readonly<Record<number, FileKind>> = { 0o14: 'socket', 0o12: 'link', 0o10: 'file', 0o6: 'block', 0o4: 'directory', 0o2: 'char', 0o1: 'fifo' }

function parseStat(line: string): FileState {
  const [raw, uid, gid, size, accessed, modified, changed, inode, device, links, owner, group] = line.split(' ')
  const bits = Number.parseInt(raw!, 16)
  const fractions = line.split('/').map((time) => /:\d\d(\.\d+)/.exec(time)?.[1] ?? '')
  return {
    kind: kindOf(bits), mode: bits & 0o7777, uid: Number(uid), gid: Number(gid), size: Number(size), accessed: Number(accessed! + fractions[0]),
    modified: Number(modified! + fractions[1]), changed: Number(changed! + fractions[2]), inode: Number(inode), device: Number(device), links: Number(links),
    // stat writes UNKNOWN for an id without a name.
    owner: owner === 'UNKNOWN' ? uid! : owner!, group: group === 'UNKNOWN' ? gid! : group!,
  }
}

async function loadChecksums(shell: Shell, keys: readonly string[]): Promise<readonly string[]> {
  // Fed through standard input, sha1sum prints no name: nothing to unescape. One process a file, but no shell trick on names.
  const plain = keys.filter((key) => !/[\n\r\\]/.test(key))
  const odd = keys.filter((key) => /[\n\r\\]/.test(key))
  const sums = new Map<string, string>()
  const [many, single] = await Promise.all([
    Promise.all(chunked(plain).map((some) => shell.run(`set --; for p in ${some.map(quote).join(' ')}; do [ -f "$p" ] && set -- "$@" "$p"; done; [ $# = 0 ] || { ${atOnce('sha1sum -- "$@"')}; }`))),
    Promise.all(odd.map((key) => shell.run(`[ ! -f ${quote(key)} ] || sha1sum < ${quote(key)}`))),
  ])
  for (const { stdout } of many) for (const line of textOfBytes(stdout).split('\n')) if (line) sums.set(line.slice(42), line.slice(0, 40))
  odd.forEach((key, i) => sums.set(key, single[i]!.stdout.toString().slice(0, 40)))
  return keys.map((key) => sums.get(key) ?? '')
}

/** GNU's sha1sum writes each line by itself, and each would be a packet of its own on the way: they are gathered first. */
export const atOnce = (command: string): string => `s=$(${command}); printf '%s\\n' "$s"`

async function loadContents(shell: Shell, keys: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
  return Promise.all(keys.map(async (key) => {
    const { code, stdout, stderr } = await shell.run(`[ -f ${quote(key)} ] || exit 77; exec cat -- ${quote(key)}`)
    if (code === 77) return undefined
    if (code !== 0) throw new Problem({ code: 'unreadable', summary: 'a file cannot be read', detail: stderr.toString().trim() })
    return stdout
  }))
}

async function loadRealpath(shell: Shell, key: string): Promise<string> {
  const { code, stdout } = await shell.run(`readlink -f -- ${quote(key)}`)
  return code === 0 ? textOfBytes(stdout).replace(/\n$/, '') : key
}
