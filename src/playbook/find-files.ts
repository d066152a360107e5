import { existsSync, readdirSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { homedir } from 'node:os'
import type { Home } from './tree.ts'

/** Endings of YAML files in the order Ansible tries them. */
const ENDINGS = ['.yml', '.yaml', '.json'] as const

/**
 * Where a relative name of a file is looked for, best first: the roles around (innermost first; their subdirectory, their own),
 * the directory of the task's file, the playbook's.
 */
export function placesFor(name: string, home: Home, playbookDirectory: string, subdirectory: string): readonly string[] {
  const path = name.startsWith('~') ? join(homedir(), name.slice(1)) : name
  if (isAbsolute(path)) return [path]
  const roles = [...(home.role ? [home.role] : []), ...(home.parents ?? [])].flatMap((role) => [join(role.path, subdirectory), role.path])
  const here = home.role ? [home.directory, ...roles] : [home.directory, join(home.directory, subdirectory)]
  const all = [...here, join(playbookDirectory, subdirectory), playbookDirectory].map((directory) => resolve(directory, path))
  return [...new Set(all)]
}

export const findFile = (places: readonly string[]): string | undefined => places.find(isFile)
export const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
export const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/**
 * The files that stand for `main` (or for the name asked for with `*_from`) in a role's directory: one file, or, where
 * `directories` says so, all YAML files of a directory, in order of their names.
 */
export function findRoleFiles(directory: string, from: string | undefined, directories: boolean): readonly string[] {
  const endings = from === undefined || from === 'main' ? [...ENDINGS, ''] : ['', ...ENDINGS]
  for (const ending of endings) {
    const path = join(directory, `${from ?? 'main'}${ending}`)
    if (isFile(path)) return [path]
    if (directories && isDirectory(path)) return filesBelow(path)
  }
  return []
}

/** All YAML files of a directory and below it, in order. */
export function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name }) => {
      const path = join(directory, name)
      if (name.startsWith('.') || name.endsWith('~')) return []
      if (isDirectory(path)) return filesBelow(path)
      return name.includes('.') && !ENDINGS.some((ending) => name.endsWith(ending)) ? [] : [path]
    })
}

/** Names in a directory, or none: for "did you mean". */
export function namesIn(directory: string): readonly string[] {
  return existsSync(directory) && isDirectory(directory) ? readdirSync(directory) : []
}
