import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A checked-out repository of public content: where it is, and the playbooks in it, relative to it. */
export interface Repository {
  readonly name: string
  readonly directory: string
  readonly playbooks: readonly string[]
}

/** The repositories below a directory, each `OWNER__NAME`, with every playbook they hold. */
export function findRepositories(sources: string): readonly Repository[] {
  return readdirSync(sources).toSorted().map((name) => ({ name, directory: join(sources, name), playbooks: filesBelow(join(sources, name)).filter((file) => /\.ya?ml$/.test(file) && isPlaybook(join(sources, name, file))) }))
}

/** Files of a directory and below it, relative to it, in order. */
export function filesBelow(root: string, below = ''): readonly string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    const path = join(below, entry.name)
    if (entry.isDirectory()) return entry.name === '.git' || entry.name === 'node_modules' ? [] : filesBelow(root, path)
    return entry.isFile() ? [path] : []
  })
}

/** A list of mappings with `hosts` or an imported playbook: told by the text, for a file that cannot be parsed is of interest, too. */
function isPlaybook(file: string): boolean {
  const text = readFileSync(file, 'utf8')
  const first = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#') && !line.startsWith('---') && !line.startsWith('%'))
  return first?.startsWith('- ') === true && /^(?:-\s+|\s+)(?:hosts|(?:ansible\.builtin\.)?import_playbook)\s*:/m.test(text)
}

/** Directories for `roles_path` and the collections path, in which each repository goes by the names that its own playbooks use. */
export function linkNames(repositories: readonly Repository[], scratch: string): { readonly roles: string; readonly collections: string } {
  const [roles, collections] = [join(scratch, 'roles'), join(scratch, 'collections')]
  for (const directory of [roles, collections]) rmSync(directory, { recursive: true, force: true })
  mkdirSync(roles, { recursive: true })
  for (const { name, directory } of repositories) {
    const [owner = '', repository = ''] = name.split('__')
    const short = repository.replace(/^ansible-(role-)?/, '')
    if (existsSync(join(directory, 'tasks'))) for (const link of [repository, short, `${owner}.${short}`, `${owner}.${repository}`]) if (!existsSync(join(roles, link))) symlinkSync(directory, join(roles, link))
    linkCollection(directory, collections)
  }
  return { roles, collections }
}

function linkCollection(directory: string, collections: string): void {
  const galaxy = ['', ...readdirSync(directory)].map((below) => join(directory, below, 'galaxy.yml')).find((file) => existsSync(file))
  const text = galaxy ? readFileSync(galaxy, 'utf8') : ''
  const [namespace, name] = ['namespace', 'name'].map((key) => new RegExp(`^${key}:\\s*['"]?(\\w+)`, 'm').exec(text)?.[1])
  if (!galaxy || !namespace || !name || basename(directory) === '') return
  mkdirSync(join(collections, 'ansible_collections', namespace), { recursive: true })
  symlinkSync(join(galaxy, '..'), join(collections, 'ansible_collections', namespace, name))
}
