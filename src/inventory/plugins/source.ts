import type { Problem, Span } from '../../problem/problem.ts'
import type { Environment } from '../../template/scope.ts'
import type { VaultSecrets } from '../../vault/vault.ts'
import type { Duplicates } from '../../yaml/parse-nodes.ts'
import type { InventoryData, Origin } from '../inventory-data.ts'
import { type HostAddress, expandHosts } from '../host-address.ts'

/** What every kind of source works with. */
export interface Reading {
  readonly data: InventoryData
  readonly vault: VaultSecrets
  readonly duplicates: Duplicates
  /** Filters and tests for `constructed`. */
  readonly environment: Environment
  readonly warn: (problem: Problem) => void
  /** Endings of files that a directory leaves out. */
  readonly ignoredExtensions: readonly string[]
}

/** Adds all hosts of a pattern; a port that is said becomes `ansible_port`. */
export function addHosts({ data }: Reading, pattern: string, group: string | undefined, origin: Origin, span?: Span): readonly HostAddress[] {
  const hosts = expandHosts(pattern, span)
  for (const { name, port } of hosts) {
    const host = data.addHost(name, origin)
    if (port !== undefined) host.vars.set('ansible_port', port)
    if (group !== undefined) data.join(name, group)
  }
  return hosts
}
