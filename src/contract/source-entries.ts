import { basename, dirname, join } from 'node:path/posix'
import { checksumResource, fileResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import type { ControllerFile } from '../schema/field.ts'
import { textOfBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import { type Content, unknownContent } from '../value/content.ts'
import { Unknown } from '../value/value.ts'
import type { Outputs } from './define-module.ts'
import { type WantedAttributes, known } from './file-target.ts'
import { showMode } from './file-attributes.ts'
import { fail } from './failure.ts'
import { type Entry, missingAbove } from './put-tree.ts'

/** What is to be copied: one file, or a tree of which paths are relative to its root. */
export interface Source {
  readonly name: string
  readonly kind: 'file' | 'directory'
  readonly entries: readonly { readonly path: string; readonly kind: 'file' | 'directory' | 'link'; readonly mode: number; readonly content?: Content; readonly target?: string }[]
  /** What a module that made it says of it besides. */
  readonly outputs?: Outputs
}

/** `preserve` is what the source has. */
export const sourceMode = (wanted: string | undefined, source: number): string | undefined => (wanted === 'preserve' ? showMode(source) : wanted)

export const controllerSource = ({ name, kind, mode, content, entries }: ControllerFile): Source => ({
  name, kind, entries: kind === 'directory' ? entries ?? [] : [{ path: '', kind: 'file', mode, content: content! }],
})

/** A file or tree that is on the host already. */
export async function hostSource(host: Reader, name: string, follow: boolean): Promise<Source> {
  const root = known(await host.get(followedResource, name.replace(/(.)\/+$/, '$1')))
  if (root.kind === 'absent') fail(`Source ${name} not found`)
  // A device or pipe has no content that could be compared, and reading it may never end.
  if (root.kind !== 'directory' && root.kind !== 'file') fail(`Source ${name} is not a file`)
  if (root.kind === 'file') return { name, kind: 'file', entries: [{ path: '', kind: 'file', mode: root.mode, content: await hostContent(host, name) }] }
  const listing = known(await host.run(`cd -- ${quote(name)} && find ${follow ? '-L ' : ''}. ! -name . -print0`, [name]))
  const paths = textOfBytes(listing.stdout).split('\0').filter(Boolean).map((path) => path.slice(2)).sort()
  return { name, kind: 'directory', entries: (await Promise.all(paths.map((path) => hostEntry(host, name, path, follow)))).flat() }
}

async function hostEntry(host: Reader, root: string, path: string, follow: boolean): Promise<Source['entries']> {
  const full = join(root, path)
  const state = known(await host.get(follow ? followedResource : fileResource, full))
  if (state.kind === 'directory') return [{ path, kind: 'directory', mode: state.mode }]
  if (state.kind === 'link') return [{ path, kind: 'link', mode: state.mode, target: state.target ?? '' }]
  return state.kind === 'file' ? [{ path, kind: 'file', mode: state.mode, content: await hostContent(host, full) }] : []
}

async function hostContent(host: Reader, path: string): Promise<Content> {
  const sha1 = await host.get(checksumResource, path)
  return sha1 instanceof Unknown ? unknownContent(sha1) : { kind: 'host', path, sha1 }
}

export interface Placing {
  readonly owner: string | undefined
  readonly group: string | undefined
  readonly mode: string | undefined
  readonly directory_mode?: string | undefined
}

/**
 * Where everything of a source goes. A destination that ends with a slash or is a directory takes a file under its own name;
 * a tree comes with its own name unless it ends with a slash.
 */
export async function placeEntries(host: Reader, source: Source, dest: string, placing: Placing): Promise<readonly Entry[]> {
  const { owner, group, mode, directory_mode } = placing
  const wanted = (own: number): WantedAttributes => ({ owner, group, mode: sourceMode(mode, own) })
  const directory: WantedAttributes = { owner, group, mode: directory_mode }
  if (source.kind === 'file') {
    const { content, mode: own } = source.entries[0]!
    const into = dest.endsWith('/') || known(await host.get(followedResource, dest)).kind === 'directory'
    const above = dest.endsWith('/') ? await missingAbove(host, dest.replace(/(.)\/+$/, '$1'), directory) : []
    return [...above, { path: into ? join(dest, basename(source.name)) : dest, kind: 'file', wanted: wanted(own), content: content! }]
  }
  const root = (source.name.endsWith('/') ? dest : join(dest, basename(source.name))).replace(/(.)\/+$/, '$1')
  // The root is compared even where nothing is in it; directories of a tree keep their mode where they exist.
  return [...(await missingAbove(host, dirname(root), directory)), { path: root, kind: 'directory', wanted: directory }, ...source.entries.map(({ path, kind, mode: own, content, target }): Entry => ({
    path: join(root, path), kind, wanted: kind === 'directory' ? directory : wanted(own), ...(content ? { content } : {}), ...(target === undefined ? {} : { target }),
  }))]
}
