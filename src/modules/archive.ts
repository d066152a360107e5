import { askProgram } from '../contract/ask-program.ts'
import { type Source, type Sources, readSources } from '../contract/archive-sources.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileParams, refuseAttributes, showMode } from '../contract/file-attributes.ts'
import { type FileTarget, attributeChange, attributeLines, attributeOutputs, newTarget, readTarget, wish } from '../contract/file-target.ts'
import { type ArchiveEntry, FIND_TAR, listScript, parseListing, refuseWithoutPacker } from '../contract/list-archive.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { writtenBeside } from '../contract/written-beside.ts'
import { type FileState, absent, fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { leaves } from '../host/resource.ts'
import { type Step, attributes, remove, run } from '../host/step.ts'
import { type Params, choice, flag, list, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, fresh } from '../value/value.ts'

const params = {
  path: list(path(''), 'Files, directories and patterns. A directory with a slash at its end gives what is in it, without its own name.', { required: true }),
  dest: path('The archive. May be left out for one file, which then gets the ending of the format.'),
  format: choice(['bz2', 'gz', 'tar', 'xz', 'zip'], 'How it is packed.', { default: 'gz' }),
  exclude_path: list(path(''), 'Of what path means, what is left out: paths and patterns.', { default: [] }),
  exclusion_patterns: list(text(''), 'What is left out below the paths: patterns like *.log.'),
  force_archive: flag('Make an archive of a single file too, where it would only be compressed.', { default: false }),
  remove: flag('Remove what went into the archive.', { default: false }),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false, inert: 'the archive is made beside its place and renamed' }),
  ...fileParams,
} as const
type ArchiveParams = Params<typeof params>

interface Archived extends FileTarget {
  /** What is in the archive: kind, attributes and sum by name; of a file that is only compressed, its sum under ''. */
  readonly entries: Readonly<Record<string, string>> | Unknown
  /** With `remove`: what is to go. */
  readonly rest: readonly string[]
  readonly about: Aside<{ readonly sources: Sources; readonly single: boolean }>
}

export const archive = defineModule({
  name: 'archive',
  summary: 'Pack files of the host into an archive on the host.',
  notes: [
    'Needs GNU tar on the host, for gz, bz2 and xz also gzip, bzip2 or xz; for zip the programs zip and unzip.',
    'What the archive holds is compared by name, kind, mode and content, in tar also by owner and time. `remove` leaves what `exclusion_patterns` kept out of the archive.',
  ],
  examples: `
- name: The logs of last month, without what is still open
  archive: { path: [/var/log/app/*.log, /var/log/app/old], exclude_path: /var/log/app/current.log, dest: /var/backups/logs.tgz }
- name: A file becomes /var/log/app.log.xz
  archive: { path: /var/log/app.log, format: xz, remove: true }
- name: A directory as a zip file
  archive: { path: /srv/www/site, dest: /var/backups/site.zip, format: zip, mode: "0600" }
`,
  params,
  async probe(host, given, { environment }): Promise<Archived> {
    refuseAttributes(given)
    await refuseSelinux(host, given)
    const whole = given.force_archive || given.path.length > 1 || given.path.some((one) => /[*?[]/.test(one)) || given.format === 'zip' || given.format === 'tar'
    const dest = given.dest === undefined ? undefined : await resolvePath(host, given.dest, environment)
    const sources = await readSources(host, { paths: given.path, excluded: given.exclude_path, patterns: given.exclusion_patterns ?? [], follow: given.format === 'zip' }, dest, environment)
    const [first] = sources.roots
    const single = !whole && first !== undefined && first.state.kind !== 'directory'
    if (sources.expanded.length === 0) fail('Error, no source paths were found', { path: given.path.join(',') })
    if (dest === undefined && (given.path.length > 1 || given.path.some((one) => /[*?[]/.test(one)) || first?.state.kind === 'directory')) fail('Error, must specify "dest" when archiving multiple files or trees')
    refuseItself(given, sources, dest)
    if (sources.roots.length > 0 && !single && given.format !== 'zip') await refuseWithoutPacker(host, 'tar')
    const target = await readTarget(host, dest ?? `${sources.expanded[0]!}.${given.format}`, given, true)
    return { ...target, checksum: '', entries: target.kind === 'file' ? await readEither(host, given, first === undefined ? undefined : single, target.seen.value.path) : {}, rest: given.remove ? restOf(sources) : [], about: aside({ sources, single }) }
  },
  plan(given, before): Archived {
    const { sources, single } = before.about.value
    const { path: dest, parent } = before.seen.value
    if (before.kind === 'directory') fail(`Error, dest ${dest} is a directory`)
    if (sources.roots.length === 0 || (given.remove && sources.partial && before.rest.length === 0)) return before.kind === 'file' ? { ...before, ...wish(before, given, before) } : before
    if (parent.kind !== 'directory') fail(`Error, the directory of ${dest} does not exist`)
    if (given.format === 'zip') refuseForZip(sources)
    const base = before.kind === 'file' ? before : { ...before, ...newTarget('file', before, given) }
    const entries = single ? { '': sources.entries[0]!.sum } : Object.fromEntries(sources.entries.map((one) => [one.name, sourceLine(one, given.format)]))
    return { ...base, ...wish(base, given, before, before.kind === 'file'), entries, rest: [] }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { sources, single } = before.about.value
    const { path: dest, followed, me } = before.seen.value
    const isNew = before.kind !== 'file'
    const packs = isNew || JSON.stringify(before.entries) !== JSON.stringify(after.entries)
    if (packs) {
      const unborn = fresh('packed by this run')
      const state: FileState = { ...followed, ...(isNew ? { kind: 'file', mode: 0o666 & ~me.umask, owner: me.user, group: me.group, uid: me.uid, gid: me.gid, links: 1 } : {}), size: unborn, modified: unborn, changed: unborn, inode: unborn }
      const names = sources.entries.map(({ name }) => name).join(given.format === 'zip' ? '\n' : '\0')
      yield run(packScript(given, single, dest, sources), [leaves(fileResource, dest, state)], { sentence: `pack ${sources.entries.length} ${sources.entries.length === 1 ? 'entry' : 'entries'} into ${dest}`, ...(single ? {} : { stdin: Buffer.from(names === '' ? '' : `${names}${given.format === 'zip' ? '\n' : '\0'}`) }) })
    }
    const change = attributeChange(isNew ? newTarget('file', before, { owner: undefined, group: undefined, mode: undefined }) : before, after)
    if (Object.keys(change).length > 0) yield attributes(dest, change)
    if (before.rest.length === after.rest.length) return
    if (!sources.partial) yield* sources.roots.map((one) => remove(one.path.replace(/(.)\/+$/, '$1')))
    else yield run(['xargs', '-0', '-r', 'rm', '-f', '--'], before.rest.map((one) => leaves(fileResource, one, absent)), { stdin: Buffer.from(before.rest.map((one) => `${one}\0`).join('')), sentence: `remove ${before.rest.length} files that are in the archive` })
  },
  diff({ before, after }) {
    const { path: dest } = before.seen.value
    const [old, now] = [before.entries, after.entries]
    const lines = (side: Archived['entries'], other: Archived['entries']) => (side instanceof Unknown ? '' : Object.entries(side).filter(([name, line]) => other instanceof Unknown || other[name] !== line).map(([name, line]) => `${name === '' ? 'sha1' : name}: ${line}\n`).join(''))
    const packed = JSON.stringify(old) === JSON.stringify(now) ? [] : [{ header: { before: dest, after: dest }, before: lines(old, now), after: lines(now, old) }]
    const gone = before.rest.filter((one) => !after.rest.includes(one)).map((one) => ({ header: { before: one, after: one }, before: 'there\n', after: '' }))
    return [...packed, ...(before.kind === 'file' ? attributeLines(before, after, dest) : []), ...gone]
  },
  result({ params: given, before, after }) {
    const { sources: { root, expanded, excluded, missing, entries, roots }, single } = before.about.value
    const state = roots.length === 0 && after.kind !== 'file' ? 'absent' : missing.length > 0 && roots.length > 0 && !single ? 'incomplete' : single ? 'compress' : 'archive'
    const about = after.kind === 'file' ? attributeOutputs(after, before) : {}
    return { outputs: { ...about, dest: before.seen.value.path, arcroot: root, archived: roots.length === 0 ? [] : entries.map((one) => one.path), missing, expanded_paths: expanded, expanded_exclude_paths: excluded, state: given.remove || roots.length === 0 ? 'absent' : roots.some((one) => one.state.kind === 'directory') ? 'directory' : 'file', dest_state: state } }
  },
})

function refuseItself({ remove: removes }: ArchiveParams, { roots }: Sources, dest: string | undefined): void {
  const inside = roots.find(({ path, state }) => state.kind === 'directory' && dest?.startsWith(`${path.replace(/\/+$/, '')}/`))
  if (removes && inside) fail('Error, created archive can not contain itself when remove=true')
  if (removes && roots.some(({ path }) => /^\/+$/.test(path))) fail('the root of the host is not removed')
}

function refuseForZip({ entries }: Sources): void {
  if (entries.length === 0) fail('there is nothing to put into a zip archive')
  const odd = entries.find(({ name }) => name.includes('\n'))
  if (odd) fail(`a zip archive cannot be given the name ${JSON.stringify(odd.name)}`)
}

/** What `remove` takes away: whole paths, or where something is left out of the archive the files that are in it. */
const restOf = ({ roots, entries, partial }: Sources): readonly string[] => (partial ? entries.filter(({ state }) => state.kind !== 'directory').map((one) => one.path) : roots.map((one) => one.path))

function sourceLine({ state, sum, name: _ }: Source, format: ArchiveParams['format']): string {
  const kind = state.kind === 'file' || state.kind === 'directory' || state.kind === 'link' ? state.kind : 'other'
  const what = kind === 'link' ? (state.target ?? '') : sum
  return format === 'zip' ? line(kind, showMode(state.mode), what) : line(kind, ...(kind === 'link' ? [] : [showMode(state.mode)]), `${state.owner}:${state.group}`, new Date(Number(state.modified) * 1000).toISOString().slice(0, 19), what)
}

function entryLine({ kind, mode, owner, group, modified, sum, target }: ArchiveEntry, format: ArchiveParams['format']): string {
  const what = kind === 'link' ? (target ?? '') : (sum ?? '')
  return format === 'zip' ? line(kind, showMode(mode), what) : line(kind, ...(kind === 'link' ? [] : [showMode(mode)]), `${owner}:${group}`, new Date(modified * 1000).toISOString().slice(0, 19), what)
}

const line = (...words: readonly string[]): string => words.filter(Boolean).join(' ')

const PACKERS = { gz: 'gzip', bz2: 'bzip2', xz: 'xz' } as const

/** Where nothing is to be packed any more, the archive itself says whether it is one. */
async function readEither(host: Reader, given: ArchiveParams, single: boolean | undefined, dest: string): Promise<Archived['entries']> {
  const entries = await readArchive(host, given, single ?? false, dest)
  const isNone = single === undefined && !(entries instanceof Unknown) && '(not readable)' in entries && given.format !== 'zip' && given.format !== 'tar'
  return isNone ? readArchive(host, given, true, dest) : entries
}

/** The first two bytes of a file. */
const MAGIC: Readonly<Record<string, string>> = { '1f8b': 'gz', '425a': 'bz2', fd37: 'xz' }

/** What is in the archive now; a file that is none, or of another kind, counts as one that holds something else. */
async function readArchive(host: Reader, { format }: ArchiveParams, single: boolean, dest: string): Promise<Archived['entries']> {
  const packer = format === 'zip' || format === 'tar' ? undefined : PACKERS[format]
  const needed = format === 'zip' ? { zip: 'zip', unzip: 'unzip' } : { ...(single ? {} : { tar: 'tar' }), ...(packer ? { [packer]: packer === 'xz' ? 'xz-utils' : packer } : {}) }
  const script = single ? `if s=$(${packer} -dc < ${quote(dest)} 2>/dev/null | sha1sum) && ${packer} -t < ${quote(dest)} 2>/dev/null; then echo "\${s%% *}"; fi` : `f=${quote(dest)}; echo "@@packed $(od -An -N2 -tx1 < "$f" | tr -d ' ')"\n${listScript({ include: [], exclude: [], options: [] })}`
  const reply = await askProgram(host, needed, script, [dest], { timeout: 1800 })
  if (reply instanceof Unknown) return reply
  if (reply.code !== 0) return { '(not readable)': reply.stderr.toString().trim().split('\n').at(-1) ?? '' }
  const output = reply.stdout.toString()
  if (single) return { '': output.trim() }
  const listing = parseListing(output)
  const packed = MAGIC[/^@@packed (\w*)/.exec(output)?.[1] ?? ''] ?? listing.format
  return { ...(packed === format ? {} : { '(format)': packed }), ...Object.fromEntries(listing.entries.map((entry) => [entry.path, entryLine(entry, format)])) }
}

/** Packs beside the archive's place and renames. The names come by standard input. */
function packScript({ format }: ArchiveParams, single: boolean, dest: string, { root, entries }: Sources): string {
  const packer = format === 'zip' || format === 'tar' ? undefined : PACKERS[format]
  const compress = packer === 'gzip' ? 'gzip -n' : packer
  const make = single ? `${compress} -c < ${quote(entries[0]!.path)} > "$t"`
    : format === 'zip' ? `command -v zip >/dev/null || { echo 'Failed to find required executable "zip": install the package zip on the host' >&2; exit 9; }\nrm -f -- "$t"; zip -q -X -@ "$t"`
      : `${FIND_TAR}\n"$tar" --create --format=gnu --no-recursion --hard-dereference${packer ? ` --use-compress-program=${quote(compress!)}` : ''} --null --verbatim-files-from -T - -f "$t"`
  return writtenBeside(dest, [
    ...(packer ? [`command -v ${packer} >/dev/null || { echo 'Failed to find required executable "${packer}": install the package ${packer === 'xz' ? 'xz-utils' : packer} on the host' >&2; exit 9; }`] : []),
    `cd -- ${quote(root)}`, make,
  ])
}
