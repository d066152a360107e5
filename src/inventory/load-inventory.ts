import { accessSync, constants, existsSync, openSync, readSync, closeSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { isLabFile } from '../lab/lab-file.ts'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, Problems, problemsOf } from '../problem/problem.ts'
import { defaultEnvironment } from '../template/environment.ts'
import type { Environment } from '../template/scope.ts'
import { type Dict, type Value, isDict } from '../value/value.ts'
import { type VaultSecrets, noVaultSecrets } from '../vault/vault.ts'
import { loadText, loadYaml } from '../yaml/load-yaml.ts'
import type { Duplicates } from '../yaml/parse-nodes.ts'
import { toValue } from '../yaml/yaml-node.ts'
import { Inventory } from './inventory.ts'
import { InventoryData } from './inventory-data.ts'
import { type VarsOf, readConstructed } from './plugins/constructed.ts'
import { readHostList } from './plugins/host-list.ts'
import { readIni } from './plugins/ini.ts'
import { readLab } from './plugins/lab.ts'
import { readScript } from './plugins/script.ts'
import type { Reading } from './plugins/source.ts'
import { readYamlInventory } from './plugins/yaml.ts'
import { VarsFiles } from './vars-files.ts'

export interface InventoryOptions {
  /** Filters and tests for `constructed` sources. */
  readonly environment?: Environment
  readonly vault?: VaultSecrets
  readonly warn?: (problem: Problem) => void
  /** What a key is that stands twice in a mapping; refused by default. */
  readonly duplicates?: Duplicates
  /** Of directories: endings left out (`inventory_ignore_extensions`). */
  readonly ignoredExtensions?: readonly string[]
}

// Ansible's INVENTORY_IGNORE_EXTS.
const IGNORED = ['.pyc', '.pyo', '.swp', '.bak', '~', '.rpm', '.md', '.txt', '.rst', '.orig', '.cfg', '.retry']
const PLUGINS = ['constructed', 'ini', 'yaml', 'script', 'host_list', 'advanced_host_list']

/**
 * Reads the sources of an inventory in their order: files, directories, executables, and lists of hosts with a comma. Throws
 * `Problems` for whatever cannot be read; Ansible would warn and go on with fewer hosts, which has emptied clusters before.
 */
export async function loadInventory(sources: readonly string[], options: InventoryOptions = {}): Promise<Inventory> {
  const warn = options.warn ?? (() => undefined)
  const vault = options.vault ?? noVaultSecrets
  const duplicates = options.duplicates ?? 'refuse'
  const files = new VarsFiles(vault, warn, duplicates)
  const places = sources.map((source) => (isHostList(source) ? source : resolve(source)))
  const directories = places.filter((place) => !isHostList(place)).map((place) => (isDirectory(place) ? place : dirname(place)))
  const load = async (): Promise<InventoryData> => {
    const data = new InventoryData()
    const reading: Reading = { data, vault, duplicates, environment: options.environment ?? defaultEnvironment, warn, ignoredExtensions: options.ignoredExtensions ?? IGNORED }
    const problems: Problem[] = []
    for (const place of places) {
      try {
        await readSource(place, reading, varsBefore(data, directories, files))
      } catch (error) {
        problems.push(...(problemsOf(error) ?? raise(error)))
      }
    }
    data.reconcile()
    if (problems.length > 0) throw new Problems(problems)
    return data
  }
  return new Inventory({ data: await load(), directories, files, reload: load, warn })
}

function raise(error: unknown): never {
  throw error
}

/** What `constructed` sees of a host: the variables of sources so far, and of files where `use_vars_plugins` asks for them. */
const varsBefore = (data: InventoryData, directories: readonly string[], files: VarsFiles) => (withFiles: boolean): VarsOf => (host) => {
  const inventory = new Inventory({ data, directories: withFiles ? directories : [], files, reload: async () => data, warn: () => undefined })
  const layers = inventory.layersOf(host).map(({ vars }) => vars).toReversed()
  const magic: Readonly<Record<string, () => Value>> = {
    inventory_hostname: () => host, inventory_hostname_short: () => host.split('.')[0] ?? host,
    group_names: () => inventory.groupsOf(host).map(({ name }) => name).sort(), groups: () => inventory.groupsVariable(),
  }
  return {
    get: (name) => (Object.hasOwn(magic, name) ? magic[name]!() : layers.find((vars) => vars.has(name))?.get(name)),
    names: () => new Set([...Object.keys(magic), ...layers.flatMap((vars) => [...vars.keys()].map(String))]),
  }
}

const isHostList = (source: string): boolean => source.includes(',') && !existsSync(source)
const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

type VarsBefore = ReturnType<typeof varsBefore>

async function readSource(place: string, reading: Reading, vars: VarsBefore): Promise<void> {
  if (isHostList(place)) return readHostList(place, reading)
  if (!existsSync(place)) throw new Problem({ code: 'inventory-missing', summary: 'an inventory source is not there', detail: place, hint: 'a list of hosts needs a comma: -i web1,' })
  if (isDirectory(place)) return readDirectory(place, reading, vars)
  await readFile(place, reading, vars)
}

/** Files and directories below a directory in the order of their names. */
async function readDirectory(directory: string, reading: Reading, vars: VarsBefore): Promise<void> {
  const names = readdirSync(directory).sort().filter((name) => {
    if (name.startsWith('.') || ['group_vars', 'host_vars', 'vars_plugins'].includes(name)) return false
    return !reading.ignoredExtensions.some((ending) => name.endsWith(ending))
  })
  const problems: Problem[] = []
  for (const name of names) {
    try {
      await readSource(join(directory, name), reading, vars)
    } catch (error) {
      problems.push(...(problemsOf(error) ?? raise(error)))
    }
  }
  if (problems.length > 0) throw new Problems(problems)
}

async function readFile(file: string, reading: Reading, vars: VarsBefore): Promise<void> {
  const start = beginning(file)
  const executable = isExecutable(file)
  if (start.startsWith('#!') && !executable) throw new Problem({ code: 'inventory-script', summary: 'an inventory script is not executable', detail: file, hint: 'chmod +x it' })
  // A shebang makes a script; so does being executable and binary. An executable text without one is a file with a wrong mode.
  if (start.startsWith('#!') || (executable && start.includes('\0'))) return readScript(file, reading)
  const ending = extname(file)
  if (ending === '.toml') throw new Problem({ code: 'inventory-toml', summary: 'TOML inventories cannot be read', detail: file, hint: 'write it as YAML or INI' })
  if (!['.yml', '.yaml', '.json'].includes(ending)) return readIni(loadText(file, reading.vault), file, reading)
  const node = loadYaml(file, { templates: true, vault: reading.vault, duplicates: reading.duplicates, warn: reading.warn })
  const content = toValue(node)
  if (isLabFile(content)) return readLab(content, file, reading)
  if (isDict(content) && typeof content.get('plugin') === 'string') return readPlugin(content, file, reading, vars)
  readYamlInventory(node, file, reading)
}

function readPlugin(content: Dict, file: string, reading: Reading, vars: VarsBefore): void {
  const name = String(content.get('plugin')).replace(/^ansible\.builtin\./, '')
  if (name === 'constructed') return readConstructed(content, file, reading, vars(content.get('use_vars_plugins') === true))
  const hint = didYouMean(name, PLUGINS) ?? 'constructed and lab files are what a plugin file can be here; a script can print any other inventory as JSON'
  throw new Problem({ code: 'inventory-plugin', summary: 'this inventory plugin is not offered', detail: `'${name}' in ${basename(file)}`, hint, span: { file, line: 1, column: 1 } })
}

function beginning(file: string): string {
  const buffer = Buffer.alloc(512)
  try {
    const handle = openSync(file, 'r')
    try {
      return buffer.toString('latin1', 0, readSync(handle, buffer))
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    throw new Problem({ code: 'file-unreadable', summary: 'a file cannot be read', detail: `${file}: ${(error as Error).message}` })
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
