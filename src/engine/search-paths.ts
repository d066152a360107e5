import { statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Play, Task } from '../playbook/tree.ts'
import type { Context } from './context.ts'
import { rolesAround } from './context.ts'

/** Where Ansible looks for a file of a task, best first: the roles around it, the task file's directory, the playbook's directory; in each the subdirectory first. */
export function searchPaths(play: Play, context: Context, task: Pick<Task, 'home'> | undefined, subdirectory: string): readonly string[] {
  const playbook = dirname(play.span.file)
  const bases = [...rolesAround(context).map(({ path }) => path), ...(task ? [task.home.directory] : []), playbook].map((base) => resolve(base))
  const paths: string[] = []
  for (const base of bases) for (const path of [join(base, subdirectory), ...(base === bases[0] && context.role ? [join(base, 'tasks', subdirectory)] : []), base]) if (!paths.includes(path)) paths.push(path)
  return paths
}

/** The first place where the name is, and all places that were looked at. */
export function findFile(name: string, places: readonly string[]): { readonly found?: string; readonly looked: readonly string[] } {
  const looked = isAbsolute(name) ? [name] : places.map((place) => join(place, name))
  const found = looked.find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined)
  return found === undefined ? { looked } : { found, looked }
}
