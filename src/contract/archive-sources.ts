import { dirname } from 'node:path/posix'
import { type FileState, checksumResource, fileResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { quote } from '../shell/quote.ts'
import { fail } from './failure.ts'
import { known } from './file-target.ts'
import { fnmatch } from './fnmatch.ts'
import { shellPattern } from './glob-exists.ts'

/** One thing that goes into an archive. */
export interface Source {
  /** Absolute, and as the archive names it. */
  readonly path: string
  readonly name: string
  readonly state: FileState
  /** SHA-1 of a file's content. */
  readonly sum: string
}

export interface Sources {
  /** What the paths and patterns mean, without what is excluded. */
  readonly expanded: readonly string[]
  readonly excluded: readonly string[]
  readonly missing: readonly string[]
  /** Those that are there. */
  readonly roots: readonly { readonly path: string; readonly state: FileState }[]
  /** Above all of them, with a slash at its end. */
  readonly root: string
  readonly entries: readonly Source[]
  /** Some of what is below the roots is left out by a pattern. */
  readonly partial: boolean
}

const GLOB = /[*?[]/

/** Finds everything that goes into an archive. What is planned below the paths makes it unknown. */
export async function readSources(host: Reader, written: { readonly paths: readonly string[]; readonly excluded: readonly string[]; readonly patterns: readonly string[]; readonly follow: boolean }, dest: string | undefined, environment: Readonly<Record<string, string>>): Promise<Sources> {
  const [all, excluded] = await Promise.all([expand(host, written.paths, environment), expand(host, written.excluded, environment)])
  const without = new Set(excluded.map(bare))
  const expanded = all.filter((path) => !without.has(bare(path)))
  const states = await Promise.all(expanded.map(async (path) => known(await host.get(fileResource, bare(path)))))
  const roots = expanded.map((path, i) => ({ path, state: states[i]! })).filter(({ state }) => state.kind !== 'absent')
  const root = commonRoot(expanded)
  const below = await Promise.all(roots.map(async ({ path, state }) => (state.kind === 'directory' ? (await listBelow(host, bare(path))) : [path])))
  const leftOut = written.patterns.map(fnmatch)
  const candidates = [...new Set(below.flat())].filter((path) => path !== dest)
  const kept = candidates.filter((path) => !leftOut.some((pattern) => pattern.test(path.slice(root.length)) || pattern.test(path)))
  const entries = await Promise.all(kept.map((path) => look(host, path, path.slice(root.length), written.follow)))
  return { expanded, excluded, missing: expanded.filter((_, i) => states[i]!.kind === 'absent'), roots, root, entries: entries.filter(({ state }) => state.kind !== 'socket').sort((a, b) => (a.name < b.name ? -1 : 1)), partial: kept.length < candidates.length }
}

const bare = (path: string): string => path.replace(/(.)\/+$/, '$1')

async function expand(host: Reader, written: readonly string[], environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const found = await Promise.all(written.map(async (one) => {
    const path = await resolvePath(host, one, environment)
    if (!GLOB.test(path)) return [path]
    const fixed = path.slice(0, path.search(GLOB)).replace(/[^/]*$/, '') || '/'
    const { stdout } = known(await host.run(`for p in ${shellPattern(path)}; do if [ -e "$p" ] || [ -h "$p" ]; then printf '%s\\000' "$p"; fi; done`, [fixed]))
    return stdout.toString().split('\0').filter(Boolean)
  }))
  return found.flat()
}

async function listBelow(host: Reader, directory: string): Promise<readonly string[]> {
  const { stdout } = known(await host.run(`exec find ${quote(directory)} -mindepth 1 -print0`, [directory], { timeout: 600 }))
  return stdout.toString().split('\0').filter(Boolean)
}

async function look(host: Reader, path: string, name: string, follow: boolean): Promise<Source> {
  const [state, sum] = await Promise.all([host.get(follow ? followedResource : fileResource, path), host.get(checksumResource, path)])
  const now = known(state)
  if (now.kind === 'absent') fail(`${path} leads nowhere`)
  return { path, name, state: now, sum: now.kind === 'file' ? known(sum) : '' }
}

/** A path that ends with a slash means what is in the directory, any other the directory too. */
function commonRoot(paths: readonly string[]): string {
  const above = paths.map((path) => (path.endsWith('/') ? path : `${dirname(path).replace(/\/$/, '')}/`))
  const first = above[0] ?? '/'
  let length = first.length
  for (const one of above) while (!one.startsWith(first.slice(0, length))) length--
  return first.slice(0, length).replace(/[^/]*$/, '')
}

