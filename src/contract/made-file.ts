import { fileResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { type Step, attributes, remove, run } from '../host/step.ts'
import { type Unknown, fresh } from '../value/value.ts'
import type { TextDiff } from './define-module.ts'
import { fail } from './failure.ts'
import { writtenBeside } from './written-beside.ts'
import { type FileTarget, type WantedAttributes, attributeChange, attributeLines, newTarget, wish } from './file-target.ts'

/** A file that a program of the host makes: `text` says what is in it, as the program tells. */
export interface MadeFile extends FileTarget {
  readonly text: string | Unknown
}

/** The file with that in it, or none at all. */
export function planMade(before: MadeFile, text: string | Unknown | undefined, wanted: WantedAttributes): MadeFile {
  const { path, parent } = before.seen.value
  if (before.kind === 'directory') fail(`${path} is a directory`)
  if (text === undefined) return before.kind === 'absent' ? before : { ...before, kind: 'absent', mode: 0, owner: '', group: '', checksum: '', text: '' }
  if (parent.kind !== 'directory') fail(`The directory of ${path} does not exist or the file is not a directory`, { name: path })
  const base = before.kind === 'file' ? before : { ...before, ...newTarget('file', before, wanted) }
  return { ...base, ...wish(base, wanted, before, before.kind === 'file'), text }
}

/** `script` writes to "$t", which then takes the file's place. */
export function* madeSteps(before: MadeFile, after: MadeFile, script: string, { backup }: { readonly backup: boolean }, sentence: string): Iterable<Step> {
  const { path, followed, me } = before.seen.value
  if (after.kind === 'absent') return yield remove(path)
  const isNew = before.kind !== 'file'
  if (before.text !== after.text) {
    const unborn = fresh('made by this run')
    const state = { ...followed, ...(isNew ? { kind: 'file' as const, mode: 0o666 & ~me.umask, owner: me.user, group: me.group, uid: me.uid, gid: me.gid, links: 1 } : {}), size: unborn, modified: unborn, changed: unborn, inode: unborn }
    yield run(writtenBeside(path, [script, '[ -s "$t" ]'], { backup }), [leaves(fileResource, path, state)], { sentence })
  }
  const change = attributeChange(isNew ? newTarget('file', before, { owner: undefined, group: undefined, mode: undefined }) : before, after)
  if (Object.keys(change).length > 0) yield attributes(path, change)
}

export function madeDiff(before: MadeFile, after: MadeFile): readonly TextDiff[] {
  const { path } = before.seen.value
  const side = ({ text }: MadeFile) => (typeof text === 'string' ? (text === '' ? '' : `${text}\n`) : `(${text.reason})\n`)
  return [
    ...(before.text === after.text ? [] : [{ header: { before: path, after: path }, before: side(before), after: side(after) }]),
    ...(before.kind === 'file' && after.kind === 'file' ? attributeLines(before, after, path) : []),
  ]
}
