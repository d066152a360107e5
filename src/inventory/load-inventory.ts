import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { defaultEnvironment } from '../template/environment.ts'
import type { Environment } from '../template/scope.ts'
import type { Dict, Value } from '../value/value.ts'
import { type VaultSecrets, noVaultSecrets } from '../vault/vault.ts'
import type { Duplicates } from '../yaml/parse-nodes.ts'
import { groupNamer } from './group-name.ts'
import { Inventory } from './inventory.ts'
import { InventoryData } from './inventory-data.ts'
import { DEFAULT_INVENTORY_SETTINGS, type InventorySettings } from './inventory-settings.ts'
import { readSource } from './read-source.ts'
import type { Reading, VarsOf } from './plugins/source.ts'
import { VarsFiles } from './vars-files.ts'

export interface InventoryOptions {
  /** Filters and tests for `constructed` sources. */
  readonly environment?: Environment
  readonly vault?: VaultSecrets
  readonly warn?: (problem: Problem) => void
  /** What a key is that stands twice in a mapping; refused by default. */
  readonly duplicates?: Duplicates
  readonly settings?: InventorySettings
  /** Of the command line, for `constructed` sources that ask for them. */
  readonly extraVars?: Dict
}

/**
 * Reads the sources of an inventory in their order: files, directories, executables, and lists of hosts with a comma. A source that
 * cannot be read is a warning and the others count, as for Ansible, unless the settings make it an error.
 */
export async function loadInventory(sources: readonly string[], options: InventoryOptions = {}): Promise<Inventory> {
  const { warn = () => undefined, vault = noVaultSecrets, duplicates = 'refuse', settings = DEFAULT_INVENTORY_SETTINGS, extraVars = new Map(), environment = defaultEnvironment } = options
  const files = new VarsFiles(vault, warn, duplicates)
  const places = sources.map((source) => (isHostList(source) ? source : resolve(source)))
  const directories = places.filter((place) => !isHostList(place)).map((place) => (isDirectory(place) ? place : dirname(place)))
  const groupName = groupNamer(settings.groupNaming, warn)
  const load = async (): Promise<InventoryData> => {
    const data = new InventoryData(groupName)
    const reading: Reading = { data, vault, duplicates, environment, warn, settings, extraVars, varsBefore: varsBefore(data, directories, files) }
    if (await readAll(places, reading)) data.reconcile()
    for (const name of data.hosts.keys()) if (data.groups.has(name)) warn(new Problem({ code: 'same-name', summary: 'Found both group and host with same name', detail: name }))
    return data
  }
  return new Inventory({ data: await load(), directories, files, reload: load, warn, settings })
}

/** Whether anything could be read. */
async function readAll(places: readonly string[], reading: Reading): Promise<boolean> {
  const { settings, warn } = reading
  let anything = false
  for (const place of places) if (await readSource(place, reading)) anything = true
  if (anything || places.length === 0) return anything
  if (settings.unparsedFails) throw new Problem({ code: 'inventory-unparsed', summary: 'No inventory was parsed', detail: 'please check your configuration and options' })
  if (settings.unparsedWarns) warn(new Problem({ code: 'inventory-unparsed', summary: 'No inventory was parsed, only implicit localhost is available' }))
  return false
}

/** What `constructed` sees of a host: the variables of sources so far, and of files where `use_vars_plugins` asks for them. */
const varsBefore = (data: InventoryData, directories: readonly string[], files: VarsFiles) => (withFiles: boolean): VarsOf => (host) => {
  const inventory = new Inventory({ data, directories: withFiles ? directories : [], files, reload: async () => data, warn: () => undefined, settings: DEFAULT_INVENTORY_SETTINGS })
  const layers = inventory.layersOf(host).map(({ vars }) => vars).toReversed()
  const magic: Readonly<Record<string, () => Value>> = {
    inventory_hostname: () => host, inventory_hostname_short: () => host.split('.')[0] ?? host,
    group_names: () => inventory.groupsOf(host).map(({ name }) => name).sort(),
  }
  return {
    get: (name) => (Object.hasOwn(magic, name) ? magic[name]!() : layers.find((vars) => vars.has(name))?.get(name)),
    names: () => new Set([...Object.keys(magic), ...layers.flatMap((vars) => [...vars.keys()].map(String))]),
  }
}

const isHostList = (source: string): boolean => source.includes(',') && !existsSync(source)
const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()
