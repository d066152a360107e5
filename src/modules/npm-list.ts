import { dirname, resolve } from 'node:path/posix'
import { fail } from '../contract/failure.ts'

/** One package as `npm list --json --long` tells it. */
export interface NpmPackage {
  readonly version: string
  /** Named by package.json and not there, or there in a version that does not fit. */
  readonly missing: boolean
  readonly path?: string
  /** Where it came from. */
  readonly resolved?: string
}

export interface NpmList {
  /** What relative sources of packages are relative to. */
  readonly root: string
  readonly packages: ReadonlyMap<string, NpmPackage>
  /** The one that is asked for is there in a version that fits. */
  readonly fits: boolean
  readonly notDirectory?: boolean
}

interface Told {
  readonly path?: string
  readonly error?: { readonly code?: string; readonly summary?: string }
  readonly dependencies?: Readonly<Record<string, { readonly version?: string; readonly missing?: unknown; readonly invalid?: unknown; readonly path?: string; readonly resolved?: string }>>
}

/** The list, the list of what fits where that was asked, and what npm said, each after a line `@@`. */
export function parseNpmList(output: string, name: string | undefined, root: string): NpmList {
  const parts = output.split('\n@@\n')
  const [told, fitting] = [jsonOf(parts[0]), parts.length > 2 ? jsonOf(parts[1]) : undefined]
  // A package.json that cannot be read is no list; what is missing or in the way is one all the same.
  if (told === undefined || (told.error && told.error.code !== 'ELSPROBLEMS')) return fail(`npm cannot list the packages: ${told?.error?.summary?.trim() || parts.at(-1)?.trim() || 'no answer'}`)
  const packages = new Map(Object.entries(told.dependencies ?? {}).map(([one, { version = '', missing, invalid, path, resolved }]) => [one, { version, missing: Boolean(missing) || Boolean(invalid), ...(path === undefined ? {} : { path }), ...(resolved === undefined ? {} : { resolved }) }] as const))
  return { root: told.path ?? root, packages, fits: name !== undefined && fitting?.dependencies?.[name] !== undefined && fitting.dependencies[name].missing === undefined }
}

/** The package of that name; of a folder, a packed file or an address the one that came from there. */
export function findPackage({ packages, root }: NpmList, name: string, directory: string | undefined): NpmPackage | undefined {
  const named = packages.get(name)
  if (named) return named.missing && named.version === '' ? undefined : named
  const wanted = resolve(directory ?? '/', name.replace(/^file:/, ''))
  return [...packages.values()].find(({ path, resolved }) => {
    if (resolved === undefined) return false
    if (!resolved.startsWith('file:')) return resolved === name
    const from = resolved.slice('file:'.length)
    // A folder is told as seen from beside its link, a packed file as seen from the project.
    return [root, ...(path === undefined ? [] : [dirname(path)])].some((base) => resolve(base, from) === wanted)
  })
}

/** What `npm outdated --json` tells; undefined where the registry gave no answer. What package.json holds back is not counted. */
export function parseOutdated(output: string): readonly { readonly name: string; readonly current: string; readonly wanted: string }[] | undefined {
  const told = output.trim() === '' ? {} : (jsonOf(output) as Readonly<Record<string, { current?: string; wanted?: string } & { code?: string }>> | undefined)
  if (told === undefined || 'error' in told) return undefined
  return Object.entries(told).flatMap(([name, { current = '', wanted = '' }]) => (current === wanted ? [] : [{ name, current, wanted }]))
}

function jsonOf(text: string | undefined): Told | undefined {
  try {
    return JSON.parse(text ?? '') as Told
  } catch {
    return undefined
  }
}
