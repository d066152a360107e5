import { dirname } from 'node:path/posix'
import { type Account, groupAccount, userAccount } from '../host/account.ts'
import { type FileKind, type FileState, checksumResource, fileResource, followedResource, writableResource } from '../host/file.ts'
import type { Identity, Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import type { FileAttributes } from '../host/step.ts'
import { type Value, Unknown, dict, unknown } from '../value/value.ts'
import { type Aside, aside } from '../value/aside.ts'
import { parseMode, showMode } from './file-attributes.ts'
import type { TextDiff } from './define-module.ts'
import { fail } from './failure.ts'

/** What modules that make or change one file compare. `owner` and `group` are names, or ids where the task gives ids. */
export interface FileTarget {
  readonly kind: FileKind | Unknown
  readonly mode: number | Unknown
  readonly owner: string | Unknown
  readonly group: string | Unknown
  /** SHA-1 of a file's content; '' where there is none. */
  readonly checksum: string | Unknown
  /** What a link says. */
  readonly target?: string
  readonly seen: Aside<Seen>
}

/** What surrounds the file: never compared. */
export interface Seen {
  /** Absolute, as the task means it. */
  readonly path: string
  readonly me: Identity
  /** The path itself, and what it leads to. */
  readonly own: FileState
  readonly followed: FileState
  /** The directory that the file is in, links followed. */
  readonly parent: FileState
  readonly mayMake: boolean | Unknown
  readonly mayWrite: boolean | Unknown
  /** The wanted owner and group, where they exist. */
  readonly user: Account | undefined
  readonly group: Account | undefined
}

/** The attributes as parameters give them. */
export interface WantedAttributes {
  readonly owner: string | undefined
  readonly group: string | undefined
  readonly mode: string | undefined
}

/** The value, or the `Unknown` thrown: a probe that cannot go on without it is unknown as a whole. */
export function known<T>(value: T | Unknown): T {
  if (value instanceof Unknown) throw value
  return value
}

const NUMBER = /^\d+$/

/** Reads everything about a path in one turn. `follow`: what a link leads to counts, and not the link. */
export async function readTarget(host: Reader, written: string, wanted: WantedAttributes, follow: boolean): Promise<FileTarget> {
  const path = await resolvePath(host, written)
  const bare = path.replace(/(.)\/+$/, '$1')
  const above = dirname(bare)
  const [me, own, followed, parent, checksum, mayMake, mayWrite, user, group] = await Promise.all([
    host.whoami(), host.get(fileResource, bare), host.get(followedResource, bare), host.get(followedResource, above),
    host.get(checksumResource, bare), host.get(writableResource, above), host.get(writableResource, bare),
    wanted.owner === undefined ? undefined : host.get(userAccount, wanted.owner), wanted.group === undefined ? undefined : host.get(groupAccount, wanted.group),
  ])
  const seen: Seen = { path: bare, me, own: known(own), followed: known(followed), parent: known(parent), mayMake, mayWrite, user: known(user), group: known(group) }
  return { ...viewOf(follow && seen.followed.kind !== 'absent' ? seen.followed : seen.own, wanted), checksum, seen: aside(seen) }
}

/** The compared parts of a file's state: an id that the task gives as a number is compared as one. */
export function viewOf(state: FileState, wanted: Pick<WantedAttributes, 'owner' | 'group'>): Omit<FileTarget, 'seen' | 'checksum'> {
  const owner = wanted.owner !== undefined && NUMBER.test(wanted.owner) ? textOf(state.uid) : state.owner
  const group = wanted.group !== undefined && NUMBER.test(wanted.group) ? textOf(state.gid) : state.group
  return { kind: state.kind, mode: state.mode, owner, group, ...(state.target === undefined ? {} : { target: state.target }) }
}

const textOf = (id: number | Unknown): string | Unknown => (id instanceof Unknown ? id : String(id))

/** What a new file or directory would be without any wish: the user's, under the umask, in the group of a set-gid parent. */
export function newTarget(kind: 'file' | 'directory', { seen }: FileTarget, wanted: WantedAttributes): Omit<FileTarget, 'seen' | 'checksum'> {
  const { me, parent } = seen.value
  const inherits = (parent.mode & 0o2000) !== 0
  const ids = { owner: me.user, group: inherits ? parent.group : me.group, uid: me.uid, gid: inherits ? parent.gid : me.gid }
  const mode = kind === 'file' ? 0o666 & ~me.umask : (0o777 & ~me.umask) | (inherits ? 0o2000 : 0)
  return viewOf({ ...parent, ...ids, kind, mode }, wanted)
}

/** The state with the wanted attributes. Refuses what the user may not do. */
export function wish<T extends Omit<FileTarget, 'seen' | 'checksum'>>(state: T, wanted: WantedAttributes, { seen }: FileTarget, exists = true): T {
  const { me, path, user, group } = seen.value
  if (wanted.owner !== undefined && !user && !NUMBER.test(wanted.owner)) fail(`chown failed: failed to look up user ${wanted.owner}`, { path })
  if (wanted.group !== undefined && !group && !NUMBER.test(wanted.group)) fail(`chgrp failed: failed to look up group ${wanted.group}`, { path })
  const bits = state.mode instanceof Unknown ? 0o644 : state.mode
  const mode = wanted.mode === undefined || state.kind === 'link' ? state.mode : parseMode(wanted.mode, { mode: bits, directory: state.kind === 'directory' }, me.umask)
  const after = { ...state, mode, ...(wanted.owner === undefined ? {} : { owner: wanted.owner }), ...(wanted.group === undefined ? {} : { group: wanted.group }) }
  if (me.uid === 0) return after
  if (after.owner !== state.owner) fail(`chown failed: [Errno 1] Operation not permitted: '${path}'`, { path })
  if (after.group !== state.group && !me.groups.includes(String(after.group))) fail(`chgrp failed: [Errno 1] Operation not permitted: '${path}'`, { path })
  if (exists && after.mode !== state.mode && state.owner !== me.user && state.owner !== String(me.uid)) fail(`chmod failed: [Errno 1] Operation not permitted: '${path}'`, { path })
  return after
}

/** The attributes that must be set to come from one state to the next. */
export function attributeChange(before: Omit<FileTarget, 'seen' | 'checksum'>, after: Omit<FileTarget, 'seen' | 'checksum'>): FileAttributes {
  return {
    ...(after.owner === before.owner || after.owner instanceof Unknown ? {} : { owner: after.owner }),
    ...(after.group === before.group || after.group instanceof Unknown ? {} : { group: after.group }),
    ...(after.mode === before.mode || after.mode instanceof Unknown ? {} : { mode: after.mode }),
  }
}

/** Owner, group, mode and state as results have them. */
export function attributeOutputs(after: Omit<FileTarget, 'seen' | 'checksum'>, { seen }: Pick<FileTarget, 'seen'>): Readonly<Record<string, Value | undefined>> {
  const { me, own, followed, parent, user, group } = seen.value
  const file = after.kind === 'link' ? own : followed
  const known = (name: string | Unknown, wanted: Account | undefined, was: { name: string; id: number | Unknown }, ...others: readonly Account[]): Account => {
    const all = [...(wanted ? [wanted] : []), ...(file.kind === 'absent' ? [] : [was]), ...others]
    return all.find((one) => one.name === name || String(one.id) === name) ?? { name: String(name), id: NUMBER.test(String(name)) ? Number(name) : unknown(`the id of ${String(name)}`) }
  }
  const owner = known(after.owner, user, { name: file.owner, id: file.uid }, { name: me.user, id: me.uid })
  const ofGroup = known(after.group, group, { name: file.group, id: file.gid }, { name: me.group, id: me.gid }, { name: parent.group, id: parent.gid })
  return { owner: owner.name, group: ofGroup.name, uid: owner.id, gid: ofGroup.id, mode: after.mode instanceof Unknown ? after.mode : resultMode(after.mode), state: stateWord(after.kind) }
}

/** Owner, group and mode that differ, as the two sides of a registered `diff`; undefined where none does. */
export function attributeSides(before: Omit<FileTarget, 'seen' | 'checksum'>, after: Omit<FileTarget, 'checksum'>, path?: string): { readonly before: Value; readonly after: Value } | undefined {
  const side = (state: typeof before): Value => {
    const { uid, gid, mode } = attributeOutputs(state, after)
    return dict({ ...(path === undefined ? {} : { path }), ...(before.owner === after.owner ? {} : { owner: uid }), ...(before.group === after.group ? {} : { group: gid }), ...(before.mode === after.mode ? {} : { mode }) })
  }
  return before.owner === after.owner && before.group === after.group && before.mode === after.mode ? undefined : { before: side(before), after: side(after) }
}

/** Bits as Ansible's results of what makes files have them: a zero, then at least three digits (01777, where `stat` says 1777). */
export const resultMode = (bits: number): string => `0${bits.toString(8).padStart(3, '0')}`

/** Ansible's word for what a path is. */
export const stateWord = (kind: FileKind | Unknown): Value => (kind === 'link' || kind === 'file' || kind === 'directory' || kind === 'absent' || kind instanceof Unknown ? kind : 'file')

/** The attributes that differ, a line each. */
export function attributeLines(before: Omit<FileTarget, 'seen' | 'checksum'>, after: Omit<FileTarget, 'seen' | 'checksum'>, path: string): readonly TextDiff[] {
  const keys = (['kind', 'mode', 'owner', 'group', 'target'] as const).filter((key) => before[key] !== after[key] && (before.kind !== 'absent' || key === 'kind' || key === 'target'))
  const line = (key: (typeof keys)[number], state: typeof before) => {
    const value = state[key]
    return value === undefined ? '' : `${key === 'kind' ? 'state' : key === 'target' ? 'src' : key}: ${key === 'mode' && typeof value === 'number' ? showMode(value) : value instanceof Unknown ? `(unknown: ${value.reason})` : value}\n`
  }
  const side = (state: typeof before) => `path: ${path}\n${keys.map((key) => line(key, state)).join('')}`
  return keys.length === 0 ? [] : [{ header: { before: path, after: path }, before: side(before), after: side(after) }]
}
