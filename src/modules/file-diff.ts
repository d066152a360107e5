import type { TextDiff } from '../contract/define-module.ts'
import { type FileTarget, attributeLines, attributeOutputs, resultMode, stateWord } from '../contract/file-target.ts'
import { stateAt } from '../contract/put-tree.ts'
import { diffSides } from '../contract/register-diff.ts'
import { type Value, Unknown, dict, fresh } from '../value/value.ts'
import type { FileModuleState } from './file.ts'

/** What `file` changes, for people: attributes that differ, of the path and of all that goes with it, then times. */
export function fileDiff({ before, after }: { readonly before: FileModuleState; readonly after: FileModuleState }): readonly TextDiff[] {
  return [
    ...attributeLines(before.own, after.own, before.seen.value.path),
    ...(before.behind && after.behind ? attributeLines(before.behind, after.behind, before.seen.value.path) : []),
    ...Object.keys(after.above).flatMap((path) => attributeLines(stateAt(before.above, path), stateAt(after.above, path), path)),
    ...Object.keys(after.below).flatMap((path) => attributeLines(before.below[path]!, after.below[path]!, path)),
    ...timeLines(before, after),
  ]
}

function timeLines(before: FileModuleState, after: FileModuleState): readonly TextDiff[] {
  const { path } = before.seen.value
  const line = (name: string, time: number | Unknown | undefined) => (time === undefined ? '' : `${name}: ${time instanceof Unknown ? time.fresh ? 'now' : `(unknown: ${time.reason})` : new Date(time * 1000).toISOString()}\n`)
  const side = (times: FileModuleState['times']) => line('atime', times.accessed) + line('mtime', times.modified)
  const [old, now] = [side(before.times), side(after.times)]
  return old === now ? [] : [{ header: { before: path, after: path }, before: old, after: now }]
}

type View = Omit<FileTarget, 'seen' | 'checksum'>

/** `diff` as conditions look at it: two sides with the path and what differs. `born`: what is there before attributes are set. */
export function registeredFileDiff(before: FileModuleState, after: FileModuleState, born: View, taken: boolean): Value {
  const { path, state, content, target } = before.seen.value
  const made = before.own.kind !== after.own.kind
  const word = (view: View): Value => (view === after.own && (state === 'touch' || state === 'hard') ? state : stateWord(view.kind))
  const [old, now] = [before.behind ?? born, after.behind ?? after.own]
  const id = (key: 'uid' | 'gid', view: View): Value => attributeOutputs(view, target)[key]!
  const mode = ({ mode }: View): Value => (mode instanceof Unknown ? mode : resultMode(mode))
  return diffSides(path, {
    ...(made || state === 'touch' ? { state: [word(before.own), word(after.own)] as const } : {}),
    ...(before.own.target !== undefined && after.own.target !== undefined ? { src: [before.own.target, after.own.target] as const } : {}),
    ...(state === 'absent' ? {} : { mode: [mode(old), mode(now)] as const, ...(old.owner === now.owner ? {} : { owner: [id('uid', old), id('uid', now)] as const }), ...(old.group === now.group ? {} : { group: [id('gid', old), id('gid', now)] as const }) }),
    ...timePairs(before, after, taken),
    ...(content ? { path_content: [content instanceof Unknown ? content : dict({ directories: content.directories, files: content.files }), undefined] as const } : {}),
  })
}

function timePairs({ times: old }: FileModuleState, { times: now }: FileModuleState, taken: boolean): Readonly<Record<string, readonly [Value | undefined, Value | undefined]>> {
  const after = (time: number | Unknown): Value => (time instanceof Unknown ? (taken ? Date.now() / 1000 : fresh('touched')) : time)
  return {
    ...(now.accessed === undefined || now.accessed === old.accessed ? {} : { atime: [old.accessed, after(now.accessed)] as const }),
    ...(now.modified === undefined || now.modified === old.modified ? {} : { mtime: [old.modified, after(now.modified)] as const }),
  }
}
