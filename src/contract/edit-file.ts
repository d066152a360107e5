import { isUtf8 } from 'node:buffer'
import { dirname } from 'node:path/posix'
import { contentResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import type { Step } from '../host/step.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Content, bytesContent, unknownContent } from '../value/content.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Value, Unknown, dict, unknown } from '../value/value.ts'
import type { Ending, Outputs, Result, Surroundings, TextDiff } from './define-module.ts'
import { attributeOutputs, attributeSides, newTarget, readTarget, wish } from './file-target.ts'
import { fileParams, refuseAttributes } from './file-attributes.ts'
import { fail } from './failure.ts'
import { backupOutput, type PutState, planPut, putDiff, putSteps, showText } from './put-file.ts'
import { type Entry, type TreeState, inMade, missingAbove, planTree, readTree, treeSteps } from './put-tree.ts'
import { textsAsValue } from './register-diff.ts'
import { refuseSelinux } from './selinux.ts'
import { flag, path, text } from '../schema/field.ts'

/** The parameters that all modules which edit a text share. */
export const editParams = {
  path: path('The file.', { required: true, aliases: ['dest', 'destfile', 'name'] }),
  backup: flag('Keep the old file, with the time in its name.', { default: false }),
  validate: text('A command that must accept the new file; %s is its name.'),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false }),
  ...fileParams,
} as const

interface EditParams {
  readonly path: string
  readonly backup: boolean
  readonly validate: string | undefined
  readonly unsafe_writes: boolean
  readonly owner: string | undefined
  readonly group: string | undefined
  readonly mode: string | undefined
  readonly attributes: string | undefined
}

/** What an edit makes of a text, and what it says about it. The text that was given means that nothing is to do. */
export interface Edit {
  readonly text: string | undefined
  readonly msg: string
  readonly outputs?: Outputs
}

export interface EditState extends PutState {
  readonly old: Aside<Buffer | Unknown | undefined>
  readonly edit: Aside<Edit | undefined>
  /** Directories above a new file that are made with it. */
  readonly above: Aside<{ readonly entries: readonly Entry[]; readonly tree: TreeState }>
}

export interface Editor<P> {
  /** Whether a missing file is made. */
  readonly creates: (params: P) => boolean
  /** Missing directories above a new file are made, unless false. */
  readonly makesDirectories?: false
  /** What is said where it is missing and not made. Undefined: nothing is to do. */
  readonly missing: (params: P, path: string) => { readonly msg: string; readonly rc: number } | undefined
  /** Pure. `text` is undefined where there is no file. */
  readonly edit: (params: P, text: string | undefined) => Edit
  readonly result?: (edit: Edit, backup: Outputs) => Outputs
  /** The result names the file and says whose it is, as Ansible's does for some of these modules. */
  readonly tellsFile?: true
  /** The registered `diff` always has two parts, of the content and of the attributes. */
  readonly diff?: 'content-and-attributes'
}

/** The working parts of a module that edits one text; the editor says how. Bytes that are no UTF-8 stay as they are. */
export function editFile<P extends EditParams>(editor: Editor<P>) {
  return {
    async probe(host: Reader, params: P, { environment }: Surroundings): Promise<EditState> {
      refuseAttributes(params)
      const path = await resolvePath(host, params.path, environment)
      const makesAbove = editor.creates(params) && editor.makesDirectories !== false
      const above = makesAbove ? missingAbove(host, dirname(path), { owner: undefined, group: undefined, mode: undefined }) : Promise.resolve([])
      above.catch(() => undefined)
      const [target, old] = await Promise.all([readTarget(host, path, params, true), host.get(contentResource, path), refuseSelinux(host, params)])
      const entries = target.kind === 'absent' ? await above : []
      return { ...target, old: aside(old), content: aside(old), edit: aside(undefined), above: aside({ entries, tree: await readTree(host, entries, true, false) }) }
    },
    plan: (params: P, before: EditState): EditState => planEdit(editor, params, before),
    apply: ({ params, before, after }: { params: P; before: EditState; after: EditState }): readonly Step[] => [
      ...treeSteps(before.above.value.tree, after.above.value.tree, before.above.value.entries),
      ...putSteps({ ...before, seen: after.seen }, after, after.content.value as Content, { backup: params.backup, validate: params.validate, unsafe: params.unsafe_writes }),
    ],
    diff: ({ before, after }: { params: P; before: EditState; after: EditState }): readonly TextDiff[] => putDiff(before, after),
    registerDiff: ({ before, after, shown, asked }: { before: EditState; after: EditState; shown: readonly TextDiff[]; asked: boolean }): Value | undefined =>
      editor.diff === undefined ? (asked ? textsAsValue(shown) : undefined) : bothDiffs(before, after, asked),
    result: ({ params, before, after, replies, taken, changed }: Ending<P, EditState>): Result => {
      const edit = after.edit.value
      const attributesToo = before.kind === 'file' && (before.mode !== after.mode || before.owner !== after.owner || before.group !== after.group)
      const msg = [edit?.msg, attributesToo ? 'ownership, perms or SE linux context changed' : ''].filter(Boolean).join(' and ')
      const kept = backupOutput(params.backup, before, after, replies[0], taken)
      void changed
      const file = editor.tellsFile ? { path: before.seen.value.path, ...(after.kind === 'file' ? { ...attributeOutputs(after, before), size: sizeOf(after.content.value) } : {}) } : {}
      return { outputs: { ...file, ...(after.checksum instanceof Unknown ? { msg: after.checksum } : { msg }), ...edit?.outputs, ...(editor.result && edit ? editor.result(edit, kept) : kept) } }
    },
  }
}

function bothDiffs(before: EditState, after: EditState, asked: boolean): Value {
  const { path } = before.seen.value
  const [content, about] = [`${path} (content)`, `${path} (file attributes)`]
  const born = before.kind === 'file' ? before : after.kind === 'file' ? { ...before, ...newTarget('file', after, { owner: undefined, group: undefined, mode: undefined }) } : before
  const text = (edit: unknown, bytes: unknown): Value => (!asked ? '' : edit instanceof Unknown ? edit : bytes instanceof Uint8Array ? showText(Buffer.from(bytes)) : '')
  const old = before.old.value
  const next = after.content.value
  const now = next && !(next instanceof Unknown) && 'kind' in next ? (next.kind === 'bytes' ? next.bytes : next.kind === 'unknown' ? next.unknown : undefined) : next
  const sides = attributeSides(born, after)
  return [
    dict({ before: text(old, old), after: text(now, now), before_header: content, after_header: content }),
    dict({ before_header: about, after_header: about, ...(sides ? { before: sides.before, after: sides.after } : {}) }),
  ]
}

function planEdit<P extends EditParams>(editor: Editor<P>, params: P, before: EditState): EditState {
  const { path } = before.seen.value
  const old = before.old.value
  if (before.kind === 'directory') fail(`Path ${path} is a directory !`, { rc: 256 })
  if (before.kind === 'absent' && !editor.creates(params)) {
    const missing = editor.missing(params, path)
    return missing ? fail(missing.msg, { rc: missing.rc }) : { ...before, edit: aside({ text: undefined, msg: 'file not present' }) }
  }
  if (old instanceof Unknown) return { ...before, ...planPut(before, unknownContent(old), params) }
  const edit = editText(old, params, editor.edit)
  const content = edit.text === undefined ? undefined : edit.content
  if (content === undefined) return { ...before, ...(before.kind === 'absent' ? {} : wish(before, params, before)), edit: aside(edit) }
  const { entries, tree } = before.above.value
  const made = planTree(tree, entries, true)
  return { ...before, ...planPut(inMade(before, made, entries), content, params), edit: aside(edit), above: aside({ entries, tree: made }) }
}

/** Edits bytes as text. What is not UTF-8 is edited byte by byte: the parameters go in as the bytes that they are in UTF-8. */
function editText<P>(old: Buffer | undefined, params: P, edit: (params: P, text: string | undefined) => Edit): Edit & { readonly content: Content | undefined } {
  const encoding = old === undefined || isUtf8(old) ? 'utf8' : 'latin1'
  const done = edit(encoding === 'utf8' ? params : asBytes(params), old?.toString(encoding))
  return { ...done, content: done.text === undefined ? undefined : bytesContent(Buffer.from(done.text, encoding)) }
}

const asBytes = <P>(params: P): P => Object.fromEntries(Object.entries(params as object).map(([name, value]) => [name, typeof value === 'string' ? Buffer.from(value).toString('latin1') : value])) as P

/** A text as lines that keep their ends: joined they are the text. */
export const splitLines = (text: string): string[] => (text === '' ? [] : text.match(/[^\n]*\n|[^\n]+$/g) ?? [])

export const bare = (line: string): string => line.replace(/[\r\n]+$/, '')


/** Bytes of the file as it will be: an edited text is in memory. */
function sizeOf(content: EditState['content']['value']): number | Unknown {
  if (content === undefined || content instanceof Unknown) return content ?? 0
  if (content instanceof Uint8Array) return content.length
  return content.kind === 'bytes' ? content.bytes.length : unknown('how long the file will be')
}
