import { dirname, isAbsolute, resolve } from 'node:path'
import type { Inventory } from '../inventory/inventory.ts'
import type { Loader } from '../playbook/load-playbook.ts'
import { projectTexts } from '../playbook/project-texts.ts'
import { problemsOf } from '../problem/problem.ts'
import { type Dict, TemplateString, type Value, isDict } from '../value/value.ts'
import { neededFacts } from '../vars/needed-facts.ts'
import type { VaultSecrets } from '../vault/vault.ts'

/** Asking every host of a large inventory would cost more than its facts. */
const MOST_HOSTS = 2000

/** The `gather_subset` that plays need which do not say one; undefined for all. */
export function factsByNeed(loader: Pick<Loader, 'sources'>, files: readonly string[], inventory: Inventory, extraVars: Dict, vault: VaultSecrets): readonly string[] | undefined {
  const { directories, files: read, open } = loader.sources()
  const beside = [...new Set(files.map((file) => dirname(resolve(file))))]
  const texts = open ? undefined : projectTexts([...beside, ...directories], read, vault)
  const values = texts && inventoryTexts(inventory, beside)
  const families = values && neededFacts([...texts, ...values, ...textsIn(extraVars)])
  return families && ['!all', '!min', ...families]
}

/** All texts of the variables of hosts and groups; undefined where they cannot be read, or are too many. */
function inventoryTexts(inventory: Inventory, beside: readonly string[]): readonly string[] | undefined {
  if (inventory.hosts.size > MOST_HOSTS) return undefined
  try {
    return beside.flatMap((directory) => [
      ...[...inventory.groups.keys()].flatMap((group) => inventory.groupLayers(group, directory).flatMap(textsIn)),
      ...[...inventory.hosts.keys()].flatMap((host) => inventory.layersOf(host, isAbsolute(directory) ? directory : undefined).flatMap(({ vars }) => textsIn(vars))),
    ])
  } catch (error) {
    if (problemsOf(error)) return undefined
    throw error
  }
}

/** Keys count: a variable may have the name of a fact. */
function textsIn(value: Value): readonly string[] {
  if (typeof value === 'string') return [value]
  if (value instanceof TemplateString) return [value.source]
  if (Array.isArray(value)) return value.flatMap((item: Value) => textsIn(item))
  return isDict(value) ? [...value].flatMap(([key, item]) => [...textsIn(key), ...textsIn(item)]) : []
}
