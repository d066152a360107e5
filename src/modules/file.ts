import { basename, dirname } from 'node:path/posix'
import { type Outputs, defineModule } from '../contract/define-module.ts'
import { type FileTarget, type WantedAttributes, attributeChange, attributeOutputs, known, newTarget, readTarget, viewOf, wish } from '../contract/file-target.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { Failure, fail } from '../contract/failure.ts'
import { parseTimestamp } from '../contract/parse-timestamp.ts'
import { type TreeState, inMade, missingAbove, planTree, readTree, treeSteps } from '../contract/put-tree.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { fileResource, followedResource } from '../host/file.ts'
import type { FileState } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { expandPath, resolvePath } from '../host/resolve-path.ts'
import { type Step, attributes, link, remove, touch } from '../host/step.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { textOfBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, fresh, unknown } from '../value/value.ts'
import { fileDiff, registeredFileDiff } from './file-diff.ts'

const params = {
  path: path('What it is about.', { required: true, aliases: ['dest', 'name'] }),
  state: choice(['absent', 'directory', 'file', 'hard', 'link', 'touch'], 'What should be there; without it, what is there with these attributes.'),
  src: path('What a link leads to.'),
  recurse: flag('Set owner, group and mode of everything in a directory.', { default: false }),
  force: flag('Make links to what does not exist, and in place of files and empty directories.', { default: false }),
  follow: flag('What a link leads to counts, and not the link.', { default: true }),
  modification_time: text("'preserve', 'now' or a time; for touch 'now' unless given."),
  modification_time_format: text('How the time is written.', { default: '%Y%m%d%H%M.%S' }),
  access_time: text("'preserve', 'now' or a time; for touch 'now' unless given."),
  access_time_format: text('How the time is written.', { default: '%Y%m%d%H%M.%S' }),
  unsafe_writes: flag('Write in place where a rename is not possible.', { inert: 'this module writes no content', default: false }),
  _diff_peek: flag('Only looks, for differences that other modules show.', { inert: 'differences need no task of their own' }),
  ...fileParams,
} as const
type FileModuleParams = Params<typeof params>
type View = Omit<FileTarget, 'seen' | 'checksum'>

export interface FileModuleState {
  readonly own: View
  readonly times: { readonly accessed?: number | Unknown; readonly modified?: number | Unknown }
  /** Directories above that are made as well, by path. */
  readonly above: TreeState
  /** What is in the directory, with `recurse`, by path. */
  readonly below: Readonly<Record<string, View>>
  /** Of a link that is followed: the file that it leads to, or will. */
  readonly behind?: View
  /** Of a hard link: the file it is. */
  readonly inode?: number | Unknown
  readonly seen: Aside<Surrounding>
}

interface Content {
  readonly files: readonly string[]
  readonly directories: readonly string[]
}

interface Surrounding {
  readonly target: FileTarget
  readonly path: string
  readonly state: NonNullable<FileModuleParams['state']>
  readonly above: Parameters<typeof planTree>[1]
  readonly below: ReadonlyMap<string, FileState>
  /** What a link would lead to, as it is now, and its path. */
  readonly source?: FileState
  readonly sourcePath?: string
  readonly empty?: boolean
  /** What is in a directory that goes away, where people see the difference. */
  readonly content?: Content | Unknown
  /** What Ansible says of owners and groups that a dry run does not find. */
  readonly warnings?: readonly string[]
}

export const file = defineModule({
  name: 'file',
  summary: 'Keep a file, directory or link there or away, with owner, group, mode and times.',
  notes: ['Needs nothing on the host but its shell. `touch` is a change each time, unless both times are to be preserved, as in Ansible.'],
  examples: `
- name: A directory
  file: { path: /srv/app/releases, state: directory, owner: www-data, group: www-data, mode: "0755" }
- name: Everything in it belongs to one user
  file: { path: /srv/app, state: directory, owner: www-data, recurse: true }
- name: A link
  file: { src: /srv/app/releases/1, dest: /srv/app/current, state: link, force: true }
- name: Others may not read it
  file: { path: /etc/app.conf, mode: "u=rw,g=r,o=" }
- name: It is not there
  file: { path: /etc/app.conf.old, state: absent }
- name: It is there, empty at first
  file: { path: /var/log/app.log, state: touch, access_time: preserve, modification_time: preserve, mode: "0640" }
`,
  params,
  probe,
  plan,
  apply,
  diff: fileDiff,
  registerDiff: ({ before, after, taken }) => registeredFileDiff(before, after, bornAs(before, after), taken),
  result: ({ params, before, after }) => ({ outputs: outputsOf(params, before, after) }),
})

const wantedOf = ({ owner, group, mode }: FileModuleParams): WantedAttributes => ({ owner, group, mode })

async function probe(host: Reader, params: FileModuleParams, { environment, diff }: { readonly environment: Readonly<Record<string, string>>; readonly diff: boolean }): Promise<FileModuleState> {
  refuseAttributes(params)
  await refuseSelinux(host, params)
  const written = await placeOf(host, params, environment)
  const wanted = wantedOf(params)
  if (params.recurse && params.state !== undefined && params.state !== 'directory') fail("recurse option requires state to be 'directory'", { path: written })
  // Mostly what is above is there, or made by the same step: asked for at once it costs no second round trip.
  if (params.state === 'directory') missingAbove(host, dirname(written), wanted).catch(() => undefined)
  const looked = await readTarget(host, written, wanted, params.follow && params.state !== 'link' && params.state !== 'absent')
  const state = params.state ?? stateNow(looked, params)
  if (params.src !== undefined && state !== 'link' && state !== 'hard') fail("src option requires state to be 'link' or 'hard'", { path: written })
  const target = params.follow && state !== 'link' && state !== 'absent' ? looked : { ...looked, ...viewOf(looked.seen.value.own, wanted) }
  const above = state === 'directory' && looked.kind === 'absent' ? await missingAbove(host, dirname(written), wanted) : []
  const below = state === 'directory' && params.recurse && target.kind === 'directory' ? await readBelow(host, written, params.follow) : new Map<string, FileState>()
  const source = (state === 'link' || state === 'hard') && params.src !== undefined ? await readSource(host, params, state, written, environment) : {}
  const empty = state === 'link' && target.kind === 'directory' ? { empty: known(await host.run(`[ -z "$(ls -A -- ${quote(written)})" ]`, [written])).code === 0 } : {}
  const { kind, mode, owner, group, target: leads } = target
  const behind = state === 'link' && params.follow && Object.values(wanted).some((one) => one !== undefined) ? ('source' in source ? source.source : looked.seen.value.followed) : undefined
  const content = state === 'absent' && diff && target.kind === 'directory' ? { content: await readContent(host, written) } : {}
  const warnings = host.planned ? missingNames(looked, wanted) : []
  return {
    own: { kind, mode, owner, group, ...(leads === undefined ? {} : { target: leads }) },
    times: timesNow(params, state, looked.seen.value.followed),
    above: await readTree(host, above, true, false),
    below: Object.fromEntries([...below].map(([path, found]) => [path, viewOf(found, wanted)])),
    ...(behind && behind.kind !== 'absent' ? { behind: viewOf(behind, wanted) } : {}),
    ...(state === 'hard' ? { inode: looked.seen.value.own.inode } : {}),
    seen: aside({ target, path: written, state, above, below, ...source, ...empty, ...content, ...(warnings.length > 0 ? { warnings } : {}) }),
  }
}

function stateNow({ kind }: FileTarget, { recurse }: FileModuleParams): Surrounding['state'] {
  if (kind === 'absent') return recurse ? 'directory' : 'file'
  return kind === 'directory' || kind === 'link' ? kind : 'file'
}

/** Nothing can be below a device: what an empty path means, where Ansible takes it for something that is not there. */
const NOWHERE = '/dev/null/nothing'

/** A hard link to be made where a directory is goes into it, under the name of its source. */
async function placeOf(host: Reader, { path, state, src }: FileModuleParams, environment: Readonly<Record<string, string>>): Promise<string> {
  if (path === '' && state === 'absent') return NOWHERE
  const written = (await resolvePath(host, path, environment)).replace(/(.)\/+$/, '$1')
  if (state !== 'hard' || src === undefined || known(await host.get(followedResource, written)).kind !== 'directory') return written
  return `${written}/${basename(src)}`
}

/** All that is below a directory. `follow`: what links lead to counts, and what is below that; a link that leads nowhere does not. */
async function readBelow(host: Reader, directory: string, follow: boolean): Promise<ReadonlyMap<string, FileState>> {
  const listing = known(await host.run(`cd -- ${quote(directory)} && find ${follow ? '-L ' : ''}. ! -name . -print0`, [directory]))
  const paths = textOfBytes(listing.stdout).split('\0').filter(Boolean).map((path) => `${directory}/${path.slice(2)}`).sort()
  const states = await Promise.all(paths.map((path) => host.get(follow ? followedResource : fileResource, path)))
  return new Map(paths.map((path, i) => [path, known(states[i]!)] as const).filter(([, { kind }]) => kind !== 'absent'))
}

/** Unknown where the plan has changed it: that is no reason not to know that the directory goes. */
async function readContent(host: Reader, directory: string): Promise<Content | Unknown> {
  const all = await readBelow(host, directory, false).catch((thrown: unknown) => (thrown instanceof Unknown ? thrown : Promise.reject(thrown)))
  if (all instanceof Unknown) return all
  const [directories, files] = [[...all].filter(([, { kind }]) => kind === 'directory'), [...all].filter(([, { kind }]) => kind !== 'directory')]
  return { directories: directories.map(([path]) => path), files: files.map(([path]) => path) }
}

/** In a dry run, whoever is not there yet may be made before the real one: Ansible warns of them. */
function missingNames({ seen: { value: { user, group } } }: FileTarget, wanted: WantedAttributes): readonly string[] {
  const about = (kind: string, id: string, name: string | undefined, found: unknown) =>
    name === undefined || found !== undefined ? [] : [`failed to look up ${kind} ${/^\d+$/.test(name) ? `with ${id} ` : ''}${name}. Create ${kind} up to this point in real play`]
  return [...about('user', 'uid', wanted.owner, user), ...about('group', 'gid', wanted.group, group)]
}

/** A relative source of a symbolic link is relative to the link, of a hard link to where commands start. */
async function readSource(host: Reader, { src }: FileModuleParams, state: 'link' | 'hard', path: string, environment: Readonly<Record<string, string>>): Promise<Pick<Surrounding, 'source' | 'sourcePath'>> {
  const said = await expandPath(host, src!, environment)
  const sourcePath = state === 'hard' ? await resolvePath(host, src!, environment) : said.startsWith('/') ? said : `${dirname(path)}/${said}`
  const source = known(await host.get(state === 'link' ? followedResource : fileResource, sourcePath))
  return { source, sourcePath: state === 'hard' ? sourcePath : said }
}

const wantsTime = (given: string | undefined, state: string): string => (given === undefined || given === '' ? (state === 'touch' ? 'now' : 'preserve') : given)

function timesNow({ modification_time, access_time }: FileModuleParams, state: string, now: FileState): FileModuleState['times'] {
  if (state === 'absent' || state === 'link') return {}
  return {
    ...(wantsTime(access_time, state) === 'preserve' ? {} : { accessed: now.accessed }), ...(wantsTime(modification_time, state) === 'preserve' ? {} : { modified: now.modified }),
  }
}

function timesAfter(params: FileModuleParams, state: string): FileModuleState['times'] {
  const one = (given: string, format: string) => (given === 'now' ? fresh('touched') : parseTimestamp(given, format))
  const [accessed, modified] = [wantsTime(params.access_time, state), wantsTime(params.modification_time, state)]
  if (state === 'absent' || state === 'link') return {}
  return { ...(accessed === 'preserve' ? {} : { accessed: one(accessed, params.access_time_format) }), ...(modified === 'preserve' ? {} : { modified: one(modified, params.modification_time_format) }) }
}

function plan(params: FileModuleParams, before: FileModuleState): FileModuleState {
  const after = { ...before, times: timesAfter(params, before.seen.value.state) }
  try {
    return planState(params, before, after)
  } catch (thrown) {
    const { warnings } = before.seen.value
    throw warnings && thrown instanceof Failure ? new Failure(thrown.message, { ...thrown.outputs, warnings }) : thrown
  }
}

function planState(params: FileModuleParams, before: FileModuleState, after: FileModuleState): FileModuleState {
  const { state } = before.seen.value
  switch (state) {
    case 'absent': return before.own.kind === 'absent' ? before : { ...before, own: { kind: 'absent', mode: 0, owner: '', group: '' } }
    case 'file': return { ...after, own: planFile(params, before) }
    case 'touch': return { ...after, own: planTouch(params, before) }
    case 'directory': return { ...after, ...planDirectory(params, before) }
    case 'link': return { ...after, own: planLink(params, before), ...(before.behind ? { behind: wish(before.behind, wantedOf(params), before.seen.value.target) } : {}) }
    case 'hard': return { ...after, ...planHard(params, before) }
  }
}

const nameOfKind = (kind: FileState['kind'] | Unknown): string => (kind instanceof Unknown ? 'unknown' : kind)

function planFile(params: FileModuleParams, { own, seen }: FileModuleState): View {
  const { path, target } = seen.value
  if (own.kind === 'absent') fail(`file (${path}) is absent, cannot continue`, { path, state: 'absent' })
  if (own.kind === 'directory' || (own.kind === 'link' && params.state !== undefined)) fail(`file (${path}) is ${nameOfKind(own.kind)}, cannot continue`, { path, state: nameOfKind(own.kind) })
  return wish(own, wantedOf(params), target)
}

function planTouch(params: FileModuleParams, { own, seen }: FileModuleState): View {
  const { path, target } = seen.value
  if (own.kind !== 'absent') return wish(own, wantedOf(params), target)
  refuseNew(target, path, `Error, could not touch target: [Errno 2] No such file or directory: b'${path}'`)
  return wish(newTarget('file', target, wantedOf(params)), wantedOf(params), target, false)
}

function refuseNew({ seen }: FileTarget, path: string, missing: string): void {
  const { parent, me, mayMake } = seen.value
  if (parent.kind !== 'directory') fail(missing, { path })
  if (me.uid !== 0 && mayMake === false) fail(`There was an issue creating ${path} as requested: [Errno 13] Permission denied: b'${path}'`, { path })
}

function planDirectory(params: FileModuleParams, before: FileModuleState): Pick<FileModuleState, 'own' | 'above' | 'below'> {
  const { path, target, above, below } = before.seen.value
  const wanted = wantedOf(params)
  if (before.own.kind !== 'directory' && before.own.kind !== 'absent') fail(`${path} already exists as a ${nameOfKind(before.own.kind)}`, { path })
  const made = planTree(before.above, above, true)
  const inside = inMade(target, made, above)
  if (before.own.kind === 'absent') refuseNew(inside, path, `There was an issue creating ${path} as requested: [Errno 20] Not a directory: b'${path}'`)
  const own = before.own.kind === 'absent' ? wish(newTarget('directory', inside, wanted), wanted, inside, false) : wish(before.own, wanted, target)
  return { own, above: made, below: Object.fromEntries([...below].map(([name, found]) => [name, wish(viewOf(found, wanted), wanted, target)])) }
}

function planLink(params: FileModuleParams, { own, seen }: FileModuleState): View {
  const { path, source, sourcePath, target, empty } = seen.value
  const { force, follow } = params
  // A link that is followed keeps what it has itself: owner, group and mode are for what it leads to.
  const its = follow ? { owner: undefined, group: undefined, mode: undefined } : wantedOf(params)
  if (sourcePath === undefined) {
    if (own.kind === 'link') return wish(own, its, target)
    return fail('src is required for creating new symlinks', { path })
  }
  const wanted: View = own.kind === 'link' ? { ...own, target: sourcePath } : { ...newTarget('file', target, wantedOf(params)), kind: 'link', mode: 0o777, target: sourcePath }
  if (source?.kind === 'absent' && !force && !(own.kind === 'link' && own.target === sourcePath)) fail(`src file does not exist, use "force=yes" if you really want to create the link: ${sourcePath.startsWith('/') ? sourcePath : `${dirname(path)}/${sourcePath}`}`, { path, src: sourcePath })
  if (own.kind === 'directory' && !force) fail(`refusing to convert from directory to symlink for ${path}`, { path, src: sourcePath })
  if (own.kind === 'directory' && !empty) fail(`the directory ${path} is not empty, refusing to convert it`, { path, src: sourcePath })
  if (own.kind === 'file' && !force) fail(`refusing to convert from file to symlink for ${path}`, { path, src: sourcePath })
  if (own.kind === 'absent') refuseNew(target, path, `Error while linking: [Errno 2] No such file or directory: b'${sourcePath}' -> b'${path}'`)
  return wish(wanted, its, target, own.kind === 'link')
}

function planHard(params: FileModuleParams, { own, inode, seen }: FileModuleState): Pick<FileModuleState, 'own' | 'inode'> {
  const { path, source, sourcePath, target } = seen.value
  // A file with one name alone is no hard link.
  if (sourcePath === undefined && (own.kind === 'absent' || target.seen.value.own.links === 1)) fail('src is required for creating new hardlinks', { path })
  if (sourcePath === undefined) return { own: wish(own, wantedOf(params), target), ...(inode === undefined ? {} : { inode }) }
  if (source!.kind === 'absent') fail('src does not exist', { dest: path, src: params.src })
  const linked = { own: wish(viewOf(source!, wantedOf(params)), wantedOf(params), target), inode: source!.inode }
  if (inode === source!.inode && own.kind !== 'absent') return linked
  if (own.kind === 'directory') fail(`refusing to convert from directory to hard link for ${path}`, { dest: path, src: sourcePath })
  if (own.kind !== 'absent' && !params.force) fail(`Cannot link, ${path} exists at destination`, { dest: path, src: sourcePath })
  if (own.kind === 'absent') refuseNew(target, path, `Error while linking: [Errno 2] No such file or directory: b'${sourcePath}' -> b'${path}'`)
  return linked
}

function apply({ params, before, after }: { readonly params: FileModuleParams; readonly before: FileModuleState; readonly after: FileModuleState }): readonly Step[] {
  const { path, state, above, sourcePath } = before.seen.value
  if (state === 'absent') return [remove(path)]
  const steps: Step[] = [...treeSteps(before.above, after.above, above)]
  const made = isMade(before, after)
  if (made && (state === 'link' || state === 'hard')) steps.push(...(before.own.kind === 'directory' ? [remove(path)] : []), link(path, sourcePath!, state === 'hard'))
  else if (made && state === 'directory') steps.push({ step: 'mkdir', path, attributes: {} })
  else if (made) steps.push(touch(path))
  const change = attributeChange(bornAs(before, after), after.own)
  if (Object.keys(change).length > 0) steps.push(attributes(path, change, params.follow && state !== 'link'))
  if (before.behind) {
    const behind = attributeChange(before.behind, after.behind!)
    if (Object.keys(behind).length > 0) steps.push(attributes(path, behind, true))
  }
  for (const [name, old] of Object.entries(before.below)) {
    const inner = attributeChange(old, after.below[name]!)
    if (Object.keys(inner).length > 0) steps.push(attributes(name, inner, params.follow))
  }
  return [...steps, ...timeSteps(before, after)]
}

const isMade = (before: FileModuleState, after: FileModuleState): boolean => before.own.kind !== after.own.kind || before.own.target !== after.own.target || before.inode !== after.inode

/** What stands there before owner, group and mode are set: what was there, or what making it brings about. */
function bornAs(before: FileModuleState, after: FileModuleState): View {
  const { state, target, above, source } = before.seen.value
  const nothing: WantedAttributes = { owner: undefined, group: undefined, mode: undefined }
  if (!isMade(before, after) || state === 'absent') return before.own
  if (state === 'hard') return { ...after.own, ...viewOf(source!, nothing) }
  if (state === 'link') return { ...after.own, ...newOwner(target) }
  return newTarget(state === 'directory' ? 'directory' : 'file', inMade(target, after.above, above), nothing)
}

function newOwner(target: FileTarget): Pick<View, 'owner' | 'group'> {
  const { owner, group } = newTarget('file', target, { owner: undefined, group: undefined, mode: undefined })
  return { owner, group }
}

function timeSteps(before: FileModuleState, after: FileModuleState): readonly Step[] {
  const differs = (key: 'accessed' | 'modified') => after.times[key] !== undefined && after.times[key] !== before.times[key]
  const both = (['accessed', 'modified'] as const).filter(differs)
  const at = (key: 'accessed' | 'modified') => (typeof after.times[key] === 'number' ? { [key]: new Date((after.times[key] as number) * 1000) } : {})
  return both.length === 0 ? [] : [touch(before.seen.value.path, { ...(both.length === 2 ? {} : { only: both[0]! }), ...at('accessed'), ...at('modified') })]
}

function outputsOf({ src }: FileModuleParams, { own, seen }: FileModuleState, after: FileModuleState): Outputs {
  const { path, state, target, sourcePath, warnings } = seen.value
  const name = state === 'link' || state === 'hard' || state === 'touch' ? { dest: path } : { path }
  if (state === 'absent') return { path: path === NOWHERE ? '' : path, state: 'absent' }
  const size = after.own.kind === 'directory' && own.kind !== 'directory' ? unknown('its file system decides how much a new directory takes') : target.seen.value.followed.size
  return { ...name, ...(src === undefined ? {} : { src: sourcePath ?? src }), ...attributeOutputs(after.own, target), ...(state === 'hard' ? { state: 'hard' } : {}), size, ...(warnings ? { warnings } : {}) }
}
