import { resolve } from 'node:path'
import type { Inventory } from '../inventory/inventory.ts'
import type { HostSource } from './create-vars.ts'

/** The inventory as variables see it. `sources` as given on the command line. */
export function inventorySource(inventory: Inventory, sources: readonly string[]): HostSource {
  const places = sources.map((source) => (source.includes(',') ? source : resolve(source)))
  return {
    get revision() {
      return inventory.revision
    },
    hostNames: () => [...inventory.hosts.values()].filter(({ implicit }) => !implicit).map(({ name }) => name),
    knows: (host) => inventory.find(host) !== undefined,
    groups: () => inventory.groupsVariable(),
    groupsOf: (host) => inventory.groupsOf(host).map(({ name }) => name),
    layersOf: (host, playbookDirectory) => inventory.layersOf(host, playbookDirectory).map(({ vars }) => vars),
    originOf: (host) => {
      const found = inventory.find(host)
      return found?.implicit === false ? found : undefined
    },
    sources: places,
  }
}
