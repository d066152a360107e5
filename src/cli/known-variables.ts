import { isAbsolute } from 'node:path'
import type { Inventory } from '../inventory/inventory.ts'
import type { KnownVariables } from '../playbook/load-playbook.ts'
import { problemsOf } from '../problem/problem.ts'
import { globals } from '../template/globals.ts'
import type { Dict } from '../value/value.ts'
import { factNames } from '../vars/fact-names.ts'
import { connectionNames, magicNames } from '../vars/magic.ts'

/** Asking every host of a large inventory would cost more than the check is worth. */
const MOST_HOSTS = 500

/** What playbooks of a directory may read without defining it: the run's own names, facts, the inventory's and the command line's variables. */
export function knownVariables(inventory: Inventory, named: boolean, extraVars: Dict): (playbookDirectory: string) => KnownVariables {
  const facts = new Set(factNames)
  const always = [...magicNames, ...connectionNames, ...globals.keys(), 'services', 'packages', 'lookup', 'query', 'q', 'item', 'ansible_loop', 'ansible_loop_var', 'ansible_index_var', 'ansible_managed', ...factNames.map((name) => `ansible_${name}`), ...[...extraVars.keys()].map(String)]
  return (playbookDirectory) => {
    const { names, whole } = inventoryNames(inventory, playbookDirectory)
    return { names: new Set([...always, ...names]), facts, whole: named && whole }
  }
}

/** Variables of all hosts and groups, also those that no host of a play has; not whole where a file cannot be read. */
function inventoryNames(inventory: Inventory, playbookDirectory: string): { readonly names: readonly string[]; readonly whole: boolean } {
  const hosts = [...inventory.hosts.keys()]
  try {
    const layers = [
      ...[...inventory.groups.keys()].flatMap((group) => inventory.groupLayers(group, playbookDirectory)),
      ...hosts.slice(0, MOST_HOSTS).flatMap((host) => inventory.layersOf(host, isAbsolute(playbookDirectory) ? playbookDirectory : undefined).map(({ vars }) => vars)),
    ]
    return { names: layers.flatMap((layer) => [...layer.keys()].map(String)), whole: hosts.length > 0 && hosts.length <= MOST_HOSTS }
  } catch (error) {
    if (problemsOf(error)) return { names: [], whole: false }
    throw error
  }
}
