import { dirname } from 'node:path/posix'
import { type FileState, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { type Step, attributes, link, mkdir, remove } from '../host/step.ts'
import type { Content } from '../value/content.ts'
import { Aside, aside } from '../value/aside.ts'
import type { TextDiff } from './define-module.ts'
import { type FileTarget, type WantedAttributes, attributeChange, attributeLines, known, newTarget, readTarget, wish } from './file-target.ts'
import { fail } from './failure.ts'
import { type PutOptions, type PutState, planPut, putDiff, putSteps, sumOf, withOldContent } from './put-file.ts'
import { settledEntries } from './settled-entries.ts'

/** One thing that should stand somewhere on the host. Directories come before what is in them. */
export interface Entry {
  /** Absolute. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link'
  readonly wanted: WantedAttributes
  readonly content?: Content
  readonly target?: string
  /** Made only because something below needs it: no part of what is compared. */
  readonly above?: true
}

/** States by path, in the order of the entries. */
export type TreeState = Readonly<Record<string, PutState | Aside<PutState>>>

export function stateAt(tree: TreeState, path: string): PutState {
  const state = tree[path]!
  return state instanceof Aside ? state.value : state
}

export async function readTree(host: Reader, entries: readonly Entry[], follow: boolean, diff: boolean): Promise<TreeState> {
  const settled = await settledEntries(host, entries)
  const states = await Promise.all(entries.map(async ({ path, wanted, kind, content, above }): Promise<readonly [string, TreeState[string]]> => {
    const right = settled.get(path)
    if (right) return [path, right]
    const target = await readTarget(host, path, wanted, kind === 'directory' || (kind === 'file' && follow))
    const state = kind === 'file' && content ? await withOldContent(host, target, sumOf(content), diff) : { ...target, checksum: '', content: aside(undefined) }
    return [path, above ? aside(state) : state]
  }))
  return Object.fromEntries(states)
}

/** Directories to be made above a path that need not exist: all that are missing, from the top. */
export async function missingAbove(host: Reader, directory: string, wanted: WantedAttributes): Promise<readonly Entry[]> {
  const all: string[] = []
  for (let path = directory; path !== '/'; path = dirname(path)) all.unshift(path)
  const states = await Promise.all(all.map(async (path) => known(await host.get(followedResource, path))))
  return all.filter((_, i) => states[i]!.kind === 'absent').map((path) => ({ path, kind: 'directory', wanted, above: true }))
}

export function planTree(before: TreeState, entries: readonly Entry[], force: boolean): TreeState {
  const made = new Map<string, FileState>()
  const after: Record<string, TreeState[string]> = {}
  for (const entry of entries) {
    const found = stateAt(before, entry.path)
    if (found.settled) {
      after[entry.path] = found
      continue
    }
    const parent = made.get(dirname(entry.path))
    const state = parent ? { ...found, seen: aside({ ...found.seen.value, parent, mayMake: true }) } : found
    const planned = planEntry(state, entry, force)
    after[entry.path] = entry.above ? aside(planned) : planned
    if (entry.kind === 'directory' && found.kind !== 'directory') made.set(entry.path, asFile(planned, state))
  }
  return after
}

/** The target as it will be once the directories above it are made: the last of the entries is its parent. */
export function inMade<T extends FileTarget>(target: T, made: TreeState, above: readonly Entry[]): T {
  const last = above.at(-1)
  if (!last) return target
  const { mode, group } = stateAt(made, last.path)
  const parent: FileState = { ...target.seen.value.parent, kind: 'directory', mode: mode as number, group: String(group) }
  return { ...target, seen: aside({ ...target.seen.value, parent, mayMake: true }) }
}

function planEntry(before: PutState, entry: Entry, force: boolean): PutState {
  const exists = before.kind !== 'absent'
  if (entry.kind === 'file') return exists && !force && before.kind !== 'directory' ? before : planPut(before, entry.content!, entry.wanted)
  if (entry.kind === 'link') return exists && !force ? before : { ...before, ...(before.kind === 'link' ? {} : newTarget('file', before, entry.wanted)), kind: 'link', mode: 0o777, target: entry.target!, checksum: '' }
  if (exists && before.kind !== 'directory') fail(`cannot make the directory ${entry.path}: there is a file of that name`, { path: entry.path })
  if (!exists && before.seen.value.me.uid !== 0 && before.seen.value.mayMake === false) fail(`There was an issue creating ${entry.path} as requested: [Errno 13] Permission denied: '${entry.path}'`, { path: entry.path })
  return { ...before, ...wish(exists ? before : { ...before, ...newTarget('directory', before, entry.wanted) }, exists ? { ...entry.wanted, mode: undefined } : entry.wanted, before, exists) }
}

const asFile = (state: PutState, { seen }: FileTarget): FileState => ({ ...seen.value.parent, kind: 'directory', mode: state.mode as number, owner: String(state.owner), group: String(state.group) })

export function treeSteps(before: TreeState, after: TreeState, entries: readonly Entry[], options: PutOptions = {}): readonly Step[] {
  return entries.flatMap((entry): readonly Step[] => {
    const [old, wanted] = [stateAt(before, entry.path), stateAt(after, entry.path)]
    if (old === wanted) return []
    if (entry.kind === 'file') return wanted.kind === 'file' ? putSteps({ ...old, seen: wanted.seen }, wanted, entry.content!, options) : []
    if (entry.kind === 'link') return old.kind === 'link' && old.target === wanted.target ? [] : [...(old.kind === 'directory' ? [remove(entry.path)] : []), link(entry.path, entry.target!)]
    if (old.kind === 'directory') return hasChange(old, wanted) ? [attributes(entry.path, attributeChange(old, wanted))] : []
    return [mkdir(entry.path, attributeChange(newTarget('directory', wanted, { owner: undefined, group: undefined, mode: undefined }), wanted))]
  })
}

const hasChange = (before: FileTarget, after: FileTarget): boolean => Object.keys(attributeChange(before, after)).length > 0

export const treeDiff = (before: TreeState, after: TreeState, entries: readonly Entry[]): readonly TextDiff[] =>
  entries.flatMap(({ path, kind }) => (before[path] === after[path] ? [] : kind === 'file' ? putDiff(stateAt(before, path), stateAt(after, path)) : attributeLines(stateAt(before, path), stateAt(after, path), path)))
