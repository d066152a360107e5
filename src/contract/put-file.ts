import { createHash } from 'node:crypto'
import { contentResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { type Step, attributes, write } from '../host/step.ts'
import type { Content } from '../value/content.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, fresh, isUnknown } from '../value/value.ts'
import type { TextDiff } from './define-module.ts'
import { type FileTarget, type WantedAttributes, attributeChange, attributeLines, attributeOutputs, newTarget, wish } from './file-target.ts'
import { fail } from './failure.ts'

/** A file whose whole content the task decides. */
export interface PutState extends FileTarget {
  /** Old content, where a diff needs it, or new content. */
  readonly content: Aside<Buffer | Content | Unknown | undefined>
  /** It was found to be as it should: there is nothing to plan. */
  readonly settled?: Aside<true>
}

/** Content larger than this is told by its size and checksum alone: as in Ansible. Bytes. */
const SHOWN = 104448

export const sumOf = (content: Content): string | Unknown => (content.kind === 'unknown' ? content.unknown : content.sha1)

/** Adds the old content where people will see the difference. */
export async function withOldContent(host: Reader, before: FileTarget, wanted: string | Unknown, diff: boolean): Promise<PutState> {
  const { path, followed } = before.seen.value
  const worth = diff && followed.kind === 'file' && before.checksum !== wanted && !(typeof followed.size === 'number' && followed.size > SHOWN)
  return { ...before, content: aside(worth ? await host.get(contentResource, path) : undefined) }
}

/** The file with that content and those attributes; fails where the host would refuse to write it. */
export function planPut(before: PutState, content: Content, wanted: WantedAttributes, missingParent?: (directory: string) => string): PutState {
  const { path, parent, me, mayMake } = before.seen.value
  const directory = path.slice(0, path.lastIndexOf('/')) || '/'
  if (before.kind === 'directory') fail(`${path} is a directory`, { path })
  if (parent.kind === 'absent') fail(missingParent?.(directory) ?? `Destination directory ${directory} does not exist`)
  if (parent.kind !== 'directory') fail(`${directory} is not a directory`)
  const base = before.kind === 'file' ? before : { ...newTarget('file', before, wanted), checksum: '' }
  const sum = sumOf(content)
  const { target: _, ...after } = { ...wish(owned(base, sum, before), wanted, before, false), checksum: sum, seen: before.seen, content: aside(content) }
  if (me.uid !== 0 && mayMake === false && after.checksum !== before.checksum) fail(`Destination directory ${directory} is not writable`)
  return after
}

/** Without root a file that is replaced becomes the user's own. */
function owned<T extends Omit<FileTarget, 'seen'>>(state: T, sum: string | Unknown, { seen }: FileTarget): T {
  const { me } = seen.value
  const mine = me.uid === 0 || state.checksum === sum || state.owner === me.user || state.owner === String(me.uid)
  return mine ? state : { ...state, owner: me.user, group: me.group }
}

export interface PutOptions {
  readonly backup?: boolean
  readonly validate?: string | undefined
  readonly unsafe?: boolean
  /** A link is replaced by the file instead of followed. */
  readonly replaceLink?: boolean
}

/** Writes where the content differs, else sets what differs. */
export function putSteps(before: PutState, after: PutState, content: Content, { backup, validate, unsafe, replaceLink }: PutOptions = {}): readonly Step[] {
  const { path } = before.seen.value
  const isNew = before.kind !== 'file'
  const change = attributeChange(isNew ? newTarget('file', before, { owner: undefined, group: undefined, mode: undefined }) : before, after)
  if (isNew || after.checksum instanceof Unknown || before.checksum !== after.checksum) return [write(path, content, change, { ...(backup && !isNew ? { backup: true } : {}), ...(validate ? { validate } : {}), ...(unsafe ? { unsafe } : {}), ...(replaceLink ? { replaceLink } : {}) })]
  return Object.keys(change).length > 0 ? [attributes(path, change, true)] : []
}

/** Results that describe the file as it is now. */
export function putOutputs(before: PutState, after: PutState, content: Content | undefined): Readonly<Record<string, Value | undefined>> {
  const size = content?.kind === 'bytes' ? content.bytes.length : content?.kind === 'controller' ? content.size : before.seen.value.followed.size
  return { ...attributeOutputs(after, before), size, checksum: after.checksum }
}

export const md5Of = (content: Content): string | undefined => (content.kind === 'bytes' ? createHash('md5').update(content.bytes).digest('hex') : undefined)

/** Ansible's `backup_file`: the name that the host chose; in a dry run one that nobody knows yet. */
export function backupOutput(backup: boolean, before: FileTarget, after: FileTarget, reply: { readonly stdout: Buffer } | undefined, taken: boolean): Readonly<Record<string, Value | undefined>> {
  if (!backup || before.kind !== 'file' || before.checksum === after.checksum) return {}
  return { backup_file: taken ? (reply?.stdout.toString().replace(/\n$/, '') || undefined) : fresh('named when it is written') }
}

/** The difference in content as texts, in attributes as lines. */
export function putDiff(before: PutState, after: PutState): readonly TextDiff[] {
  const { path } = before.seen.value
  const attributesOnly = before.kind === 'absent' || before.kind !== 'file' ? [] : attributeLines(before, after, path)
  if (before.checksum === after.checksum && before.kind === 'file') return attributesOnly
  const old = before.content.value
  const next = after.content.value as Content
  const shown = { before: before.kind === 'file' ? showBytes(old, before) : '', after: showContent(next) }
  return [{ header: { before: path, after: path }, ...shown }, ...attributesOnly]
}

function showBytes(old: unknown, { checksum, seen }: FileTarget): string {
  if (isUnknown(old)) return `(unknown: ${old.reason})\n`
  if (old instanceof Uint8Array) return showText(Buffer.from(old))
  const { size } = seen.value.followed
  return `(${typeof size === 'number' ? `${size} bytes, ` : ''}sha1 ${checksum instanceof Unknown ? 'unknown' : checksum})\n`
}

function showContent(content: Content): string {
  switch (content.kind) {
    case 'unknown': return `(unknown: ${content.unknown.reason})\n`
    case 'host': return `(a copy of ${content.path}, sha1 ${content.sha1})\n`
    case 'controller': return `(${content.size} bytes, sha1 ${content.sha1})\n`
    case 'bytes': return content.bytes.length > SHOWN ? `(${content.bytes.length} bytes, sha1 ${content.sha1})\n` : showText(content.bytes)
  }
}

/** Text as it is; anything else by its size and checksum. */
export function showText(bytes: Buffer): string {
  if (!bytes.includes(0)) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      // Not UTF-8: shown like any other binary.
    }
  }
  return `(binary, ${bytes.length} bytes, sha1 ${createHash('sha1').update(bytes).digest('hex')})\n`
}
