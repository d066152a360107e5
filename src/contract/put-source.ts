import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, dict } from '../value/value.ts'
import type { Ending, Result, Surroundings, TextDiff } from './define-module.ts'
import { fileResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { type Step, act } from '../host/step.ts'
import { attributeSides, readTarget } from './file-target.ts'
import { backupOutput, md5Of, putOutputs } from './put-file.ts'
import { type Entry, type TreeState, planTree, readTree, stateAt, treeDiff, treeSteps } from './put-tree.ts'
import { diffEntry } from './register-diff.ts'
import { type Placing, type Source, placeEntries } from './source-entries.ts'
import { refuseSelinux } from './selinux.ts'
import { refuseAttributes } from './file-attributes.ts'

/** What `copy` and `template` compare: the entries of their source at their places. */
export interface PutSourceState {
  readonly tree: TreeState
  /** What is to be put cannot be known yet: an earlier task of the dry run plans it. */
  readonly doubt?: Unknown
  readonly seen: Aside<{ readonly entries: readonly Entry[]; readonly source: Source; readonly dest: string; readonly doubt?: Unknown }>
}

/** The parameters that decide how files are put, whatever their source. */
export interface PutParams extends Placing {
  readonly dest: string
  readonly backup: boolean
  readonly force: boolean
  readonly follow: boolean
  readonly validate: string | undefined
  readonly unsafe_writes: boolean
  readonly attributes: string | undefined
}

/** The working parts of a module that puts files onto hosts; `sourceOf` says what to put. */
export function putSource<P extends PutParams>(sourceOf: (host: Reader, params: P, around: Surroundings) => Promise<Source> | Source) {
  return {
    async probe(host: Reader, params: P, around: Surroundings): Promise<PutSourceState> {
      refuseAttributes(params)
      // Mostly the destination is the file itself: asked for together with whether it is a directory, it costs no second round trip.
      resolvePath(host, params.dest, around.environment).then((place) => readTarget(host, place, params, params.follow)).catch(() => undefined)
      const [source, dest] = await Promise.all([doubtful(sourceOf(host, params, around)), resolvePath(host, params.dest, around.environment), refuseSelinux(host, params)])
      if (source instanceof Unknown) return { tree: {}, seen: aside({ entries: [], source: { name: dest, kind: 'directory', entries: [] }, dest, doubt: source }) }
      const entries = await placeEntries(host, source, dest, params)
      return { tree: await readTree(host, entries, params.follow, around.diff), seen: aside({ entries, source, dest }) }
    },
    plan({ force }: P, before: PutSourceState): PutSourceState {
      const { entries, doubt } = before.seen.value
      return doubt ? { ...before, doubt } : { ...before, tree: planTree(before.tree, entries, force) }
    },
    apply: ({ params, before, after }: { params: P; before: PutSourceState; after: PutSourceState }): readonly Step[] =>
      // From here on nothing is known of the destination.
      after.doubt ? [act(`put ${params.dest}`, () => Promise.reject(after.doubt), [leaves(fileResource, before.seen.value.dest.replace(/(.)\/+$/, '$1'), after.doubt)])] : treeSteps(before.tree, after.tree, before.seen.value.entries, { backup: params.backup, validate: params.validate, unsafe: params.unsafe_writes, replaceLink: !params.follow }),
    diff: ({ before, after }: { params: P; before: PutSourceState; after: PutSourceState }): readonly TextDiff[] => treeDiff(before.tree, after.tree, before.seen.value.entries),
    registerDiff: ({ before, after, shown, asked }: { before: PutSourceState; after: PutSourceState; shown: readonly TextDiff[]; asked: boolean }): Value | undefined => registeredDiff(before, after, shown, asked),
    result: (ending: Ending<P, PutSourceState>): Result => ({ outputs: outputsOf(ending) }),
  }
}

/** Only a dry run meets what is not known. */
const doubtful = async (source: Promise<Source> | Source): Promise<Source | Unknown> => {
  try {
    return await source
  } catch (thrown) {
    if (thrown instanceof Unknown) return thrown
    throw thrown
  }
}

/** A list with the content where that differs, else what differs of the attributes; of a tree nothing. */
function registeredDiff(before: PutSourceState, after: PutSourceState, shown: readonly TextDiff[], asked: boolean): Value | undefined {
  const { entries, source } = before.seen.value
  if (source.kind === 'directory') return undefined
  const { path } = entries.at(-1)!
  const [old, now] = [stateAt(before.tree, path), stateAt(after.tree, path)]
  if (old.checksum !== now.checksum || old.kind !== now.kind) return asked ? shown.filter(({ header }) => header.after === path).slice(0, 1).map(diffEntry) : []
  const sides = attributeSides(old, now, path)
  return dict(sides ?? { before: dict({ path }), after: dict({ path }) })
}

function outputsOf({ params, before, after, replies, taken, changed }: Ending<PutParams, PutSourceState>): Result['outputs'] {
  const { entries, source, dest } = before.seen.value
  if (source.kind === 'directory') return { dest, src: source.name }
  const { path, content } = entries.at(-1)!
  const [old, now] = [stateAt(before.tree, path), stateAt(after.tree, path)]
  const written = changed && old.checksum !== now.checksum
  return { dest: path, src: source.name, ...putOutputs(old, now, content), ...(written && content ? { md5sum: md5Of(content) } : {}), ...(written ? {} : { path }), ...backupOutput(params.backup, old, now, replies.find(({ stdout }) => stdout.length > 0), taken) }
}
