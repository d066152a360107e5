import { readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { isFile } from '../playbook/find-files.ts'
import { isPlaybook } from '../playbook/is-playbook.ts'

/** What a directory of playbooks and roles holds, told by the places and the shapes of its files. Paths are absolute. */
export interface ProjectFiles {
  readonly playbooks: readonly string[]
  /** Directories of roles. */
  readonly roles: readonly string[]
  /** Files of tasks and of handlers that are in no role. */
  readonly looseTasks: readonly string[]
  readonly templates: readonly string[]
  /** All that may name a version: YAML, templates and inventories. */
  readonly texts: readonly string[]
  readonly inventories: readonly string[]
  readonly configs: readonly string[]
  readonly plugins: readonly Plugin[]
}

/** A file with Python (or PowerShell) that the project brings along, and what kind of thing it would be to Ansible. */
export interface Plugin {
  readonly kind: string
  readonly file: string
}

const SKIPPED = new Set(['.git', 'node_modules', '.tox', '.venv', '__pycache__', '.github'])

export function findProjectFiles(root: string): ProjectFiles {
  const files = filesBelow(resolve(root))
  const roles = [...new Set(files.flatMap((file) => /^(.*)\/(?:tasks|handlers|meta)\/main\.ya?ml$/.exec(file)?.[1] ?? []))]
  const inRole = (file: string): boolean => roles.some((role) => file.startsWith(`${role}/`) && /^(?:tasks|handlers|vars|defaults|meta|templates|files|library|molecule)\//.test(file.slice(role.length + 1)))
  const yaml = files.filter((file) => /\.ya?ml$/.test(file) && !/\/(?:files|templates)\//.test(file))
  const playbooks = yaml.filter((file) => !/\/(?:tasks|handlers)\//.test(file) && isPlaybook(readFileSync(file, 'utf8')))
  return {
    playbooks, roles, looseTasks: yaml.filter((file) => /\/(?:tasks|handlers)\//.test(file) && !inRole(file) && !playbooks.includes(file)),
    templates: files.filter((file) => file.endsWith('.j2')), texts: files.filter((file) => /\.(?:ya?ml|j2|ini|json)$/.test(file) || /\/(?:group_vars|host_vars)\//.test(file)), inventories: inventoriesOf(resolve(root)), configs: files.filter((file) => basename(file) === 'ansible.cfg'),
    plugins: files.flatMap((file) => pluginOf(file) ?? []),
  }
}

export function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path)
    return entry.isFile() ? [path] : []
  })
}

/** What is usually given to `-i`: names at the top and in directories of inventories. */
function inventoriesOf(root: string): readonly string[] {
  const named = (directory: string): readonly string[] => readdirSync(directory, { withFileTypes: true }).filter(({ name }) => /^(?:hosts|inventory)(?:\.(?:ini|ya?ml))?$/.test(name)).map(({ name }) => join(directory, name))
  const several = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory() && /^inventor(?:y|ies)$/.test(entry.name)).flatMap(({ name }) => directoriesIn(join(root, name)).flatMap(named))
  return [...new Set([...named(root).filter((path) => isFile(path) || several.length === 0), ...several])].filter((path) => !isFile(path) || !/\.(?:py|sh)$/.test(path)).sort()
}
const directoriesIn = (directory: string): readonly string[] => readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name))

const FOLDERS: Readonly<Record<string, string>> = {
  library: 'module', modules: 'module', module_utils: 'module_utils', filter_plugins: 'filter', filter: 'filter', test_plugins: 'test', test: 'test', lookup_plugins: 'lookup', lookup: 'lookup',
  action_plugins: 'action', action: 'action', callback_plugins: 'callback', callback: 'callback', connection_plugins: 'connection', connection: 'connection', strategy_plugins: 'strategy', strategy: 'strategy',
  vars_plugins: 'vars', vars: 'vars', inventory_plugins: 'inventory', inventory: 'inventory', cache_plugins: 'cache', cache: 'cache', become_plugins: 'become', become: 'become',
}

/** Short names (`filter`, `modules`) are folders of plugins only below `plugins/`. */
function pluginOf(file: string): Plugin | undefined {
  if (!/\.(?:py|ps1)$/.test(file) || basename(file) === '__init__.py' || /\/(?:tests?|molecule)\//.test(file)) return undefined
  const parts = dirname(file).split('/')
  const at = parts.findLastIndex((part, index) => (part === 'library' || part.endsWith('_plugins') || part === 'module_utils' || parts[index - 1] === 'plugins') && FOLDERS[part] !== undefined)
  return at < 0 ? undefined : { kind: FOLDERS[parts[at]!]!, file }
}
