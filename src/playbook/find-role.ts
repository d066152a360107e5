import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { homedir } from 'node:os'
import { didYouMean } from '../problem/did-you-mean.ts'
import { isDirectory, namesIn } from './find-files.ts'
import { type Loading, type Place, type RoleRequest, report } from './loading.ts'

/** Where a role is; undefined, and reported with every place looked at, where it is nowhere. */
export function findRole(loading: Loading, { name, span }: RoleRequest, place: Place): string | undefined {
  const places = rolePlaces(loading, name, place)
  const path = places.find(isDirectory)
  if (path) return path
  const hint = didYouMean(basename(name), places.flatMap((candidate) => namesIn(dirname(candidate))))
  report(loading, { code: 'role-not-found', summary: 'The role is not there', detail: `'${name}', looked for at ${places.join(', ')}`, ...(span ? { span } : {}), ...(hint ? { hint } : {}) })
  return undefined
}

/** Collections first where the name says so, then beside the playbook, `roles_path`, beside the role that asks, the playbook's own directory, and as a path. */
function rolePlaces(loading: Loading, name: string, place: Place): readonly string[] {
  const { options } = loading
  const { playbookDirectory } = place
  if (name.startsWith('~')) return [join(homedir(), name.slice(1))]
  if (isAbsolute(name)) return [name]
  const parts = name.split('.')
  const inCollections = parts.length === 3 && !name.includes('/')
    ? collectionPlaces(loading, parts[0]!, parts[1]!, parts[2]!)
    : place.collections.flatMap((collection) => collectionPlaces(loading, ...(collection.split('.') as [string, string]), name))
  const directories = [
    join(playbookDirectory, 'roles'), ...(options.rolesPath ?? DEFAULT_ROLES_PATH), ...(place.home.role ? [dirname(place.home.role.path)] : []), playbookDirectory,
  ]
  return [...new Set([...inCollections, ...directories.map((directory) => resolve(directory, name))])]
}

/** Ansible's own places for roles that were installed. */
export const DEFAULT_ROLES_PATH: readonly string[] = [join(homedir(), '.ansible/roles'), '/usr/share/ansible/roles', '/etc/ansible/roles']
export const DEFAULT_COLLECTIONS_PATH: readonly string[] = [join(homedir(), '.ansible/collections'), '/usr/share/ansible/collections']

function collectionPlaces(loading: Loading, namespace: string, collection: string, role: string): readonly string[] {
  return collectionDirectories(loading, `${namespace}.${collection}`).map((directory) => join(directory, 'roles', role))
}

/** The directories a collection may be in. */
export function collectionDirectories({ playbookDirectory, options }: Loading, collection: string): readonly string[] {
  const [namespace = '', name = ''] = collection.split('.')
  return [join(playbookDirectory, 'collections'), ...(options.collectionsPath ?? DEFAULT_COLLECTIONS_PATH)].map((directory) => join(directory, 'ansible_collections', namespace, name))
}

/** The collection whose directory a role lies in: its tasks may use the collection's names without saying so. */
export function collectionOf(rolePath: string): string | undefined {
  const match = /\/ansible_collections\/([^/]+)\/([^/]+)\/roles\//.exec(rolePath)
  return match ? `${match[1]}.${match[2]}` : undefined
}
