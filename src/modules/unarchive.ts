import { spawn } from 'node:child_process'
import { join } from 'node:path/posix'
import { pipeline } from 'node:stream/promises'
import { defineModule, type Outputs } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileParams, parseMode, refuseAttributes, showMode } from '../contract/file-attributes.ts'
import { known } from '../contract/file-target.ts'
import { writtenExists } from '../contract/glob-exists.ts'
import { type ArchiveEntry, type Listing, type Selection, FIND_TAR, FIND_UNZIP, IS_ZIP, listScript, members, parseListing, refuseWithoutPacker, tarOptions, zipMembers } from '../contract/list-archive.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { groupAccount, userAccount } from '../host/account.ts'
import { type FileState, absent, checksumResource, fileResource, followedResource } from '../host/file.ts'
import type { Identity, Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Effect, leaves } from '../host/resource.ts'
import { type Step, run, write } from '../host/step.ts'
import { temporaryPlace } from '../host/temporary-place.ts'
import { type Params, controllerFile, flag, integer, list, path, text } from '../schema/field.ts'
import { bytesOfText } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Content, streamOf } from '../value/content.ts'
import { Unknown, type Value, fresh } from '../value/value.ts'

const params = {
  src: controllerFile('files', 'The archive: of the controller, or with remote_src a path or address that the host reaches.', { required: true }),
  dest: path('The directory to unpack into; it must exist.', { required: true }),
  remote_src: flag('src is on the host already, or an address.', { default: false }),
  copy: flag('The old word for the opposite of remote_src.', { default: true }),
  creates: path('Where this exists, nothing is unpacked.'),
  include: list(text(''), 'Only these entries.'),
  exclude: list(text(''), 'Patterns of entries that are left out.'),
  extra_opts: list(text(''), 'More options for tar or unzip.', { default: [] }),
  keep_newer: flag('Leave files that are newer than those of the archive.', { default: false }),
  list_files: flag('Tell the names of what is in the archive.', { default: false }),
  decrypt: flag('Open an archive in the Vault format first.', { default: true }),
  validate_certs: flag('Of an address: whether its certificate must be valid.', { default: true }),
  io_buffer_size: integer('Bytes that are read at once.', { default: 65536, inert: 'the archive travels as a stream' }),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false, inert: 'tar and unzip write files in their own way' }),
  ...fileParams,
} as const
type UnarchiveParams = Params<typeof params>

/** What an entry is or should be, as one line: kind, then what of mode, owner, content or target is compared. */
type EntryState = string | Unknown

interface Unpacked {
  readonly entries: Readonly<Record<string, EntryState>>
  readonly seen: Aside<Seen>
}

interface Seen {
  readonly dest: string
  readonly source: { readonly name: string; readonly local?: Content & { readonly kind: 'bytes' | 'controller' }; readonly remote?: string; readonly address?: boolean }
  readonly root: FileState
  readonly me: Identity
  readonly settled: boolean
  readonly format: Listing['format']
  readonly found: readonly Found[]
}

interface Found {
  readonly entry: ArchiveEntry
  readonly path: string
  readonly state: FileState
  readonly sum: string | Unknown
  readonly owner: string
  readonly group: string
  readonly uid: number | Unknown
  readonly gid: number | Unknown
  readonly mode: number
  readonly kept: boolean
}

export const unarchive = defineModule({
  name: 'unarchive',
  summary: 'Unpack an archive on the host.',
  notes: [
    'Needs GNU tar, or unzip for zip files, on the host; for archives of the controller there too.',
    'Every entry is compared with what is there by kind, content, and for tar by mode and owner. Times are not compared, but with keep_newer.',
  ],
  examples: `
- name: An archive of the controller
  unarchive: { src: site.tar.gz, dest: /srv/www, owner: www-data, group: www-data, creates: /srv/www/site/index.html }
- name: One that is on the host, without its first directory
  unarchive: { src: /opt/app-1.0.tar.gz, dest: /opt/app, remote_src: true, extra_opts: [--strip-components=1] }
- name: From an address
  unarchive: { src: "https://get.example.com/tool.zip", dest: /opt/tool, remote_src: true }
`,
  params,
  rules: { words: { missing: 'src (or content) and dest are required' }, atMostOneOf: [['include', 'exclude']] },
  async probe(host, given, { environment }): Promise<Unpacked> {
    refuseAttributes(given)
    await refuseSelinux(host, given)
    if (!given.copy && !given.remote_src) fail('copy: false is no longer understood: write remote_src: true')
    const [dest, me] = await Promise.all([resolvePath(host, given.dest.replace(/(.)\/+$/, '$1'), environment), host.whoami()])
    const root = known(await host.get(followedResource, dest))
    const source = await sourceOf(host, given, environment)
    const nothing: Seen = { dest, source, root, me, settled: true, format: 'tar', found: [] }
    if (given.creates !== undefined && known(await writtenExists(host, given.creates, environment))) return { entries: {}, seen: aside(nothing) }
    if (root.kind !== 'directory') fail(`dest '${dest}' must be an existing dir`)
    const listing = parseListing(await listed(host, source, selectionOf(given), given.validate_certs))
    if (source.local) await refuseWithoutPacker(host, listing.format)
    const found = await Promise.all(listing.entries.map((entry) => look(host, entry, dest, given, me)))
    return { entries: Object.fromEntries(found.map((one) => [one.path, stateOf(one, listing.format, given, me)])), seen: aside({ ...nothing, settled: false, format: listing.format, found }) }
  },
  plan(given, before) {
    const { found, format, me } = before.seen.value
    return { ...before, entries: Object.fromEntries(found.map((one) => [one.path, wantedOf(one, before.entries[one.path]!, format, given, me)])) }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { dest, source, found, format } = before.seen.value
    const differing = found.filter(({ path }) => before.entries[path] !== after.entries[path])
    const place = source.local ? `${dest}/.tutti-${source.local.sha1.slice(0, 16)}` : source.remote!
    if (source.local) yield write(place, source.local, { mode: 0o600 })
    const fetch = source.address ? fetchScript(place, given.validate_certs) : `f=${quote(place)}${source.local ? `; trap 'rm -f -- "$f"' EXIT; trap 'exit 143' HUP INT TERM PIPE` : ''}`
    const effects = [...differing.flatMap((one) => effectsOf(one, given)), ...(source.local ? [leaves(fileResource, place, absent)] : [])]
    yield run(`${fetch}\n${unpackScript(given, dest)}`, effects, { sentence: `unpack ${source.name} into ${dest}` })
    yield* attributeSteps(given, found, format)
  },
  diff({ before, after }) {
    const { dest } = before.seen.value
    const lines = (side: Unpacked, other: Unpacked) => Object.entries(side.entries).filter(([path, state]) => state !== other.entries[path] && state !== 'absent').map(([path, state]) => `${path}: ${state instanceof Unknown ? `(unknown: ${state.reason})` : state}\n`).join('')
    return [{ header: { before: dest, after: dest }, before: lines(before, after), after: lines(after, before) }]
  },
  result({ params: given, before, replies, taken }) {
    const { dest, source, root, settled, format, found } = before.seen.value
    if (settled) return { outputs: { dest, src: source.name, msg: `skipped, since ${given.creates} exists` } }
    const reply = taken ? replies[source.local ? 1 : 0] : undefined
    // The archive may hold the directory itself.
    const own = found.find(({ entry, kept }) => entry.path === '' && !kept)
    const ids = own ? { owner: own.owner, group: own.group, uid: own.uid, gid: own.gid, mode: showMode(own.mode) } : { owner: root.owner, group: root.group, uid: root.uid, gid: root.gid, mode: showMode(root.mode) }
    const about: Outputs = { dest, src: source.name, handler: format === 'zip' ? 'ZipArchive' : 'TgzArchive', state: 'directory', ...ids, size: root.size }
    const files = given.list_files ? { files: found.map(({ entry }) => entry.name) as Value } : {}
    return { outputs: { ...about, ...files, ...(reply ? { extract_results: new Map<Value, Value>([['rc', reply.code], ['out', reply.stdout.toString()], ['err', reply.stderr.toString()]]) } : {}) } }
  },
})

const selectionOf = ({ include, exclude, extra_opts }: UnarchiveParams): Selection => ({ include: include ?? [], exclude: exclude ?? [], options: extra_opts })

async function sourceOf(host: Reader, { src }: UnarchiveParams, environment: Readonly<Record<string, string>>): Promise<Seen['source']> {
  if (typeof src !== 'string') {
    const { content, name, kind } = src
    if (kind === 'directory' || !content) return fail(`Source '${name}' is a directory`)
    if (content.kind === 'unknown') throw content.unknown
    return content.kind === 'host' ? fail(`Source '${name}' is not on the controller`) : { name, local: content }
  }
  const name: string = src
  if (/^[a-z]+:\/\//i.test(name)) return { name, remote: name, address: true }
  const place = await resolvePath(host, name, environment)
  const { kind } = known(await host.get(followedResource, place))
  if (kind === 'absent') fail(`Source '${place}' does not exist`)
  if (kind !== 'file') fail(`Source '${place}' is not a file`)
  return { name: place, remote: place }
}

/** The address in `$f`, gone with the script. */
const fetchScript = (address: string, validate: boolean): string => [
  `${temporaryPlace('t', { directory: true })}\nf=$t/archive`,
  `if command -v curl >/dev/null; then curl -fsSL${validate ? '' : ' -k'} -o "$f" -- ${quote(address)}; elif command -v wget >/dev/null; then wget -q${validate ? '' : ' --no-check-certificate'} -O "$f" -- ${quote(address)}; else echo 'an address needs curl or wget on the host' >&2; exit 9; fi || { c=$?; echo "the archive could not be loaded" >&2; exit $c; }`,
].join('\n')

async function listed(host: Reader, { local, remote, name, address }: Seen['source'], selection: Selection, validate: boolean): Promise<string> {
  const script = listScript(selection)
  const reply = local ? await onController(local, script) : known(await host.run(`${address ? fetchScript(remote!, validate) : `f=${quote(remote!)}`}\n${script}`, address ? [] : [remote!], { timeout: 1800 }))
  if (reply.code !== 0) fail(`Failed to find handler for "${name}"${local ? ' on the controller' : ''}: ${reply.stderr.toString().trim() || `exit code ${reply.code}`}`)
  return reply.stdout.toString()
}

/** The same script beside the archive; one that is in memory alone is given by standard input. */
async function onController(content: Content & { readonly kind: 'bytes' | 'controller' }, script: string): Promise<{ code: number; stdout: Buffer; stderr: Buffer }> {
  const begin = content.kind === 'controller' ? `f=${quote(content.file)}` : `f=$(mktemp) || exit 1; trap 'rm -f -- "$f"' EXIT; trap 'exit 143' HUP INT TERM; cat > "$f"`
  const child = spawn('/bin/sh', ['-c', `${begin}\n${script}`])
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (part: Buffer) => stdout.push(part))
  child.stderr.on('data', (part: Buffer) => stderr.push(part))
  const ended = new Promise<number>((resolve, reject) => child.on('close', (code) => resolve(code ?? 1)).on('error', reject))
  // A script that ends before it has read everything closes the pipe: its own words count.
  if (content.kind === 'bytes') await pipeline(streamOf(content), child.stdin).catch(() => undefined)
  else child.stdin.end()
  return { code: await ended, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }
}

async function look(host: Reader, entry: ArchiveEntry, dest: string, given: UnarchiveParams, me: Identity): Promise<Found> {
  const path = entry.path === '' ? dest : join(dest, entry.path)
  const [state, sum, owner, group] = await Promise.all([
    host.get(fileResource, path), entry.kind === 'file' ? host.get(checksumResource, path) : '',
    accountOf(host, userAccount, given.owner ?? (me.uid === 0 ? entry.owner : '')), accountOf(host, groupAccount, given.group ?? (me.uid === 0 ? entry.group : '')),
  ])
  const now = known(state)
  // root takes the names of the archive where the host knows them, else its numbers; everybody else owns what they unpack.
  const named = (account: { readonly name: string } | undefined, id: number) => account?.name ?? String(id)
  const base = entry.owner === '' ? { owner: me.user, group: me.group } : me.uid === 0 ? { owner: named(known(owner), entry.uid), group: named(known(group), entry.gid) } : { owner: me.user, group: me.group }
  const bits = me.uid === 0 ? entry.mode : entry.mode & ~me.umask
  const mode = given.mode === undefined ? bits : parseMode(given.mode, { mode: bits, directory: entry.kind === 'directory' }, me.umask)
  const kept = given.keep_newer && now.kind === 'file' && typeof now.modified === 'number' && now.modified > entry.modified
  const ids = { uid: known(owner)?.id ?? (me.uid === 0 ? entry.uid : me.uid), gid: known(group)?.id ?? (me.uid === 0 ? entry.gid : me.gid) }
  return { entry, path, state: now, sum, mode, owner: given.owner ?? base.owner, group: given.group ?? base.group, ...ids, kept }
}

const accountOf = async (host: Reader, resource: typeof userAccount, name: string) => (name === '' ? undefined : host.get(resource, name))

/** Whether modes and owners count: those that are asked for, and those that tar carries. */
const counts = (format: Listing['format'], { owner, group, mode }: UnarchiveParams, me: Identity) => ({
  mode: mode !== undefined || format === 'tar', owner: owner !== undefined || (format === 'tar' && me.uid === 0), group: group !== undefined || (format === 'tar' && me.uid === 0),
})

function line(kind: string, parts: { readonly mode: number; readonly owner: string; readonly group: string; readonly what: string }, what: ReturnType<typeof counts>): string {
  return [kind, ...(what.mode && kind !== 'link' ? [showMode(parts.mode)] : []), ...(what.owner ? [parts.owner] : []), ...(what.group ? [parts.group] : []), ...(parts.what === '' ? [] : [parts.what])].join(' ')
}

function stateOf({ entry, state, sum, owner, group }: Found, format: Listing['format'], given: UnarchiveParams, me: Identity): EntryState {
  if (state.kind === 'absent') return 'absent'
  if (sum instanceof Unknown) return sum
  // A hard link is a file like any other: what it leads to is compared under its own name.
  if (entry.kind === 'hard link') return state.kind === 'file' ? 'hard link' : state.kind
  if (entry.kind === 'other') return 'there'
  const same = (name: string, id: FileState['uid'], wanted: string) => (/^\d+$/.test(wanted) ? String(id) : name)
  return line(state.kind, { mode: state.mode, owner: same(state.owner, state.uid, owner), group: same(state.group, state.gid, group), what: state.kind === 'link' ? (format === 'zip' ? '' : (state.target ?? '')) : state.kind === 'file' ? sum : '' }, counts(format, given, me))
}

function wantedOf(one: Found, now: EntryState, format: Listing['format'], given: UnarchiveParams, me: Identity): EntryState {
  const { entry, state, mode, owner, group, kept } = one
  if (kept) return now
  if (entry.kind === 'hard link') return 'hard link'
  if (entry.kind === 'other') return 'there'
  // Both tools unpack a directory through a link to one.
  if (entry.kind === 'directory' && state.kind === 'link') return now
  return line(entry.kind, { mode, owner, group, what: entry.kind === 'link' ? (format === 'zip' ? '' : (entry.target ?? '')) : (entry.sum ?? '') }, counts(format, given, me))
}

function effectsOf({ entry, path, state, mode, owner, group, uid, gid }: Found, given: UnarchiveParams): readonly Effect[] {
  // What is in a directory that is there already stays.
  if (entry.kind === 'directory' && state.kind === 'directory') return []
  const unborn = fresh('unpacked by this run')
  const base: FileState = {
    kind: entry.kind === 'directory' || entry.kind === 'link' ? entry.kind : 'file', mode, owner, group, uid, gid, size: unborn, accessed: unborn, modified: given.keep_newer ? unborn : entry.modified, changed: unborn,
    inode: unborn, device: unborn, links: 1, ...(entry.kind === 'link' ? { target: entry.target ?? '' } : {}),
  }
  return [leaves(fileResource, path, base), ...(entry.sum === undefined ? [] : [leaves(checksumResource, path, entry.sum)])]
}

function unpackScript(given: UnarchiveParams, dest: string): string {
  const selection = selectionOf(given)
  const zip = `unzip ${given.keep_newer ? '-uo' : '-o'}${given.extra_opts.map((word) => ` ${quote(word)}`).join('')} "$f"${zipMembers(selection)} -d ${quote(dest)}`
  const tar = `"$tar" --extract${given.keep_newer ? ' --keep-newer-files' : ''}${tarOptions(selection)} -C ${quote(dest)} -f "$f"${members(selection)}`
  return ['export LC_ALL=C', `if ${IS_ZIP}; then`, FIND_UNZIP, zip, 'else', FIND_TAR, tar, 'fi'].join('\n')
}

/** Owners and modes that are asked for, on everything that came out of the archive. */
function* attributeSteps({ owner, group, mode }: UnarchiveParams, found: readonly Found[], _format: Listing['format']): Iterable<Step> {
  const mine = found.filter(({ kept }) => !kept)
  const names = (some: readonly Found[]) => bytesOfText(some.map(({ path }) => `${path}\0`).join(''))
  const who = owner !== undefined && group !== undefined ? `${owner}:${group}` : owner ?? (group === undefined ? undefined : `:${group}`)
  if (who !== undefined && mine.length > 0) yield run(['xargs', '-0', '-r', 'chown', '-h', '--', who], [], { stdin: names(mine), sentence: `give what was unpacked to ${who}` })
  if (mode === undefined) return
  for (const bits of new Set(mine.map((one) => one.mode))) {
    const some = mine.filter((one) => one.mode === bits && one.entry.kind !== 'link')
    if (some.length > 0) yield run(['xargs', '-0', '-r', 'chmod', '--', showMode(bits)], [], { stdin: names(some), sentence: `set the mode ${showMode(bits)} on what was unpacked` })
  }
}
