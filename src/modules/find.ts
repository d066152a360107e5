import { defineModule } from '../contract/define-module.ts'
import { parseMode, showMode } from '../contract/file-attributes.ts'
import { known } from '../contract/file-target.ts'
import { fnmatch } from '../contract/fnmatch.ts'
import { fail } from '../contract/failure.ts'
import { pythonPattern } from '../contract/python-pattern.ts'
import { type FileState, checksumResource, contentResource, fileResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Params, choice, flag, integer, list, mode, path, text } from '../schema/field.ts'
import { textOfBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import { codecOf } from '../text/codec.ts'
import { Unknown, type Value, dict } from '../value/value.ts'

const params = {
  paths: list(path('A directory.'), 'The directories to look in.', { required: true, aliases: ['name', 'path'] }),
  patterns: list(text('A pattern.'), 'Shell patterns (or regular expressions) of names; all names unless given.', { default: [], aliases: ['pattern'] }),
  excludes: list(text('A pattern.'), 'What is left out.', { aliases: ['exclude'] }),
  contains: text('A regular expression that a line of the file must match.'),
  read_whole_file: flag('The expression is for the whole text, not for its lines.', { default: false }),
  file_type: choice(['any', 'directory', 'file', 'link'], 'What to look for.', { default: 'file' }),
  recurse: flag('Look in directories below.', { default: false }),
  depth: integer('How deep, with recurse.'),
  size: text('At least that large, or at most with a minus: 10m, -1k.'),
  age: text('At least that old, or at most with a minus: 2d, -3600.'),
  age_stamp: choice(['atime', 'ctime', 'mtime'], 'Which time is its age.', { default: 'mtime' }),
  mode: mode('Permissions that it has.'),
  exact_mode: flag('Exactly these permissions, and not at least.', { default: true }),
  hidden: flag('Also names that begin with a dot.', { default: false }),
  follow: flag('Look behind links.', { default: false }),
  get_checksum: flag('Read every file for its checksum.', { default: false }),
  checksum_algorithm: choice(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'], 'Which checksum.', { default: 'sha1', aliases: ['checksum', 'checksum_algo'] }),
  use_regex: flag('Patterns are regular expressions.', { default: false }),
  limit: integer('At most so many.'),
  encoding: text('The encoding of the files that contains looks at; UTF-8 unless given.'),
} as const
type FindParams = Params<typeof params>

export const find = defineModule({
  name: 'find',
  summary: 'Find files on the host.',
  notes: ["Needs find on the host; busybox's will do."],
  examples: `
- name: Logs of more than 30 days and 1 MiB
  find: { paths: /var/log/app, patterns: "*.log", age: 30d, size: 1m, recurse: true }
  register: old_logs
- name: They are removed
  file: { path: "{{ item.path }}", state: absent }
  loop: "{{ old_logs.files }}"
  loop_control: { label: "{{ item.path }}" }
- name: Directories by a pattern, newest releases and others
  find: { paths: [/srv/app, /opt], file_type: directory, use_regex: true, patterns: '^release-\\d+$' }
- name: Files that mention the old host
  find: { paths: /etc/app, contains: '.*old\\.example\\.com', recurse: true }
`,
  params,
  async probe(host, given, { environment }) {
    const looked = await Promise.all(given.paths.map(async (one) => (one === '' ? { root: '', found: [], examined: 0, skipped: [{ path: '', reason: "'' is not a directory" }] } : look(host, await resolvePath(host, one, environment), given))))
    const picked = await Promise.all(looked.map(async ({ root, found }) => ({ root, ...(await filtered(host, found, given)) })))
    const matched = picked.flatMap(({ matched }) => matched)
    return {
      files: await described(host, given.limit === undefined ? matched : matched.slice(0, given.limit), given), examined: looked.reduce((sum, one) => sum + one.examined, 0),
      skipped: [...looked.flatMap(({ skipped }) => skipped), ...picked.flatMap(({ root, unread }) => (unread === undefined ? [] : [{ path: root, reason: unread }]))],
    }
  },
  plan: (_params, before) => before,
  result: ({ before: { files, examined, skipped } }) => ({
    outputs: {
      files, examined, matched: files.length, skipped_paths: dict(Object.fromEntries(skipped.map(({ path, reason }) => [path, reason]))),
      msg: skipped.length === 0 ? 'All paths examined' : 'Not all paths examined, check warnings for details',
      ...(skipped.length === 0 ? {} : { warnings: skipped.map(({ path, reason }) => `Skipped '${path}' path due to this access issue: ${reason}\n`) }),
    },
  }),
})

interface Skipped {
  readonly path: string
  readonly reason: string
}

interface Looked {
  readonly root: string
  readonly found: readonly Found[]
  readonly examined: number
  readonly skipped: readonly Skipped[]
}

interface Found {
  readonly path: string
  readonly state: FileState
}

async function look(host: Reader, root: string, { recurse, depth, follow }: FindParams): Promise<Looked> {
  const top = root.replace(/(.)\/+$/, '$1')
  const { kind } = known(await host.get(followedResource, top))
  if (kind !== 'directory') return { root, found: [], examined: 0, skipped: [{ path: root, reason: `'${root}' is not a directory` }] }
  const limit = recurse ? (depth === undefined || depth < 0 ? undefined : depth) : 1
  // What is one step too deep is not found, but counts as examined.
  const levels = limit === undefined ? '' : `-maxdepth ${recurse ? limit + 1 : 1} `
  const { stdout, stderr } = known(await host.run(`export LC_ALL=C; cd -- ${quote(top)} && find ${follow ? '-L ' : ''}. ${levels}! -name . -print0`, [top]))
  const all = textOfBytes(stdout).split('\0').filter(Boolean).map((name) => `${top === '/' ? '' : top}/${name.slice(2)}`).sort()
  const paths = limit === undefined ? all : all.filter((path) => path.slice(top === '/' ? 0 : top.length).split('/').length - 1 <= limit)
  const states = await Promise.all(paths.map((one) => host.get(follow ? followedResource : fileResource, one)))
  return { root, found: paths.map((path, i) => ({ path, state: known(states[i]!) })), examined: all.length, skipped: denied(stderr.toString(), top) }
}

/** Directories that the user may not look into. */
const denied = (said: string, top: string): readonly Skipped[] =>
  [...said.matchAll(/^find: '?\.\/(.*?)'?: (Permission denied)$/gm)].map(([, name, why]) => ({ path: `${top === '/' ? '' : top}/${name!}`, reason: `[Errno 13] ${why!}: '${top === '/' ? '' : top}/${name!}'` }))

const KIND = { directory: 'directory', file: 'file', link: 'link' } as const

async function filtered(host: Reader, all: readonly Found[], given: FindParams): Promise<{ readonly matched: readonly Found[]; readonly unread?: string }> {
  const patterns = (some: readonly string[] | undefined) => some?.map((one) => (given.use_regex ? pythonPattern(`^(?:${one})`) : fnmatch(one))) ?? []
  const [wanted, excluded] = [patterns(given.patterns), patterns(given.excludes)]
  const name = (path: string) => path.slice(path.lastIndexOf('/') + 1)
  const rest = all.filter(({ path, state }) => (given.hidden || !name(path).startsWith('.')) && (given.file_type === 'any' || state.kind === KIND[given.file_type])
    && (wanted.length === 0 || wanted.some((one) => one.test(name(path)))) && !excluded.some((one) => one.test(name(path))))
  const aged = rest.filter(({ state }) => isOfSize(state, given.size) && isOfAge(state, given) && isOfMode(state, given))
  if (given.contains === undefined) return { matched: aged }
  const codec = codecOf(given.encoding ?? 'utf-8')
  if (!codec) return { matched: [], ...(aged.length > 0 ? { unread: `unknown encoding: ${given.encoding!}` } : {}) }
  const texts = await Promise.all(aged.map(({ path, state }) => (state.kind === 'file' ? host.get(contentResource, path) : undefined)))
  const read = texts.map((bytes) => (known(bytes) === undefined ? '' : codec.decode(known(bytes)!)))
  const unread = aged.find((_, i) => read[i] === undefined)
  return {
    matched: aged.filter((_, i) => read[i] !== undefined && texts[i] !== undefined && contains(read[i], given)),
    ...(unread ? { unread: `Failed to read the file ${unread.path} due to an encoding error. current encoding: ${given.encoding ?? 'None'}` } : {}),
  }
}

function contains(text: string, given: FindParams): boolean {
  const pattern = pythonPattern(given.read_whole_file ? given.contains! : `^(?:${given.contains!})`)
  return given.read_whole_file ? pattern.test(text) : text.split('\n').some((line) => pattern.test(line))
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 } as const
const SIZES = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } as const

function quantity(text: string, units: Readonly<Record<string, number>>, what: string): number {
  const match = /^(-?\d+)([a-z])?$/i.exec(text.trim())
  const unit = match && (match[2] === undefined ? 1 : units[match[2].toLowerCase()])
  return unit === undefined || unit === null ? fail(`failed to process ${what}: ${text}`) : Number(match![1]) * unit
}

function isOfSize({ size }: FileState, wanted: string | undefined): boolean {
  if (wanted === undefined) return true
  const bytes = quantity(wanted, SIZES, 'size')
  return wanted.trim().startsWith('-') ? number(size) <= Math.abs(bytes) : number(size) >= bytes
}

function isOfAge(state: FileState, { age, age_stamp }: FindParams): boolean {
  if (age === undefined) return true
  const seconds = quantity(age, UNITS, 'age')
  const old = Date.now() / 1000 - number({ atime: state.accessed, ctime: state.changed, mtime: state.modified }[age_stamp])
  return age.trim().startsWith('-') ? old <= Math.abs(seconds) : old >= seconds
}

function isOfMode(state: FileState, given: FindParams): boolean {
  if (given.mode === undefined) return true
  const wanted = parseMode(given.mode, { mode: 0, directory: state.kind === 'directory' })
  return given.exact_mode ? state.mode === wanted : (state.mode & wanted) === wanted
}

const number = (value: number | Unknown): number => known(value)

async function described(host: Reader, found: readonly Found[], { get_checksum, checksum_algorithm }: FindParams): Promise<readonly Value[]> {
  return Promise.all(found.map(async ({ path, state }) => {
    const bit = (mask: number) => (state.mode & mask) !== 0
    const sum = get_checksum && state.kind === 'file' ? await checksum(host, path, checksum_algorithm) : undefined
    return dict({
      path, mode: showMode(state.mode), isdir: state.kind === 'directory', ischr: state.kind === 'char', isblk: state.kind === 'block', isreg: state.kind === 'file', isfifo: state.kind === 'fifo', islnk: state.kind === 'link', issock: state.kind === 'socket',
      uid: state.uid, gid: state.gid, size: state.size, inode: state.inode, dev: state.device, nlink: state.links, atime: state.accessed, mtime: state.modified, ctime: state.changed, gr_name: state.group, pw_name: state.owner,
      wusr: bit(0o200), rusr: bit(0o400), xusr: bit(0o100), wgrp: bit(0o020), rgrp: bit(0o040), xgrp: bit(0o010), woth: bit(0o002), roth: bit(0o004), xoth: bit(0o001), isuid: bit(0o4000), isgid: bit(0o2000),
      ...(sum === undefined ? {} : { checksum: sum }),
    })
  }))
}

async function checksum(host: Reader, path: string, algorithm: string): Promise<Value> {
  if (algorithm === 'sha1') return host.get(checksumResource, path)
  const reply = await host.run(`${algorithm}sum < ${quote(path)}`, [path])
  return reply instanceof Unknown ? reply : reply.stdout.toString().split(' ')[0]!
}
