import { Problem } from '../../problem/problem.ts'

/** One Redis process of the cluster, as the inventory describes it. */
export interface Instance {
  /** Unique in the cluster and what people read: `redis1:7000`. */
  readonly name: string
  readonly host: string
  /** The IP address that its peers and clients use. */
  readonly address: string
  readonly port: number
  /** Of the cluster bus; `port` + 10000 unless Redis is told otherwise. */
  readonly busPort?: number
  /** Where it stands: the value of each level that the inventory knows, `{ zone: 'a', rack: 'a1' }`. The host is a level by itself. */
  readonly domains: Readonly<Record<string, string>>
}

/** A failure domain that counts: a host, a rack, a zone. */
export interface Domain {
  /** Qualified by the levels above, `zone1/rack2`: racks of two zones may share a name. */
  readonly id: string
  readonly level: string
  readonly parent: Domain | undefined
  /** The hosts below it, sorted; of a host the host itself. */
  readonly hosts: readonly string[]
}

/** The instances and the tree they stand in. Everything is sorted, so that equal inventories give equal plans. */
export interface Topology {
  readonly instances: readonly Instance[]
  /** The levels that count, outermost first; the last is always `host`. Copies of a shard never share a domain of the first. */
  readonly levels: readonly string[]
  /** The domains of every level that counts, outermost level first. */
  readonly domains: readonly Domain[]
  instancesOf(host: string): readonly Instance[]
  /** The domain of a host at the outermost level that counts. */
  separation(host: string): Domain
  hostDomain(host: string): Domain
}

/**
 * Builds the tree. `failureDomain` names the level or levels that count, outermost first (`['zone', 'rack']`); hosts count always.
 * Refuses instances that name each other's address, have no value for a level, or one host in two domains.
 */
export function topology(instances: readonly Instance[], failureDomain: readonly string[]): Topology {
  const sorted = [...instances].sort(byHostAndPort)
  checkUnique(sorted)
  const levels = [...new Set([...failureDomain.filter((level) => level !== 'host'), 'host'])]
  const hosts = Map.groupBy(sorted, (instance) => instance.host)
  const domains = new Map<string, Domain & { hosts: string[] }>()
  for (const [host, own] of hosts) addHost(domains, levels, host, own)
  const all = [...domains.values()].sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level) || compareNames(a.id, b.id))
  const ancestors = (host: string) => lineage(all.find((domain) => domain.level === 'host' && domain.hosts[0] === host)!)
  const lines = new Map([...hosts.keys()].map((host) => [host, ancestors(host)]))
  return {
    instances: sorted,
    levels,
    domains: all,
    instancesOf: (host) => hosts.get(host) ?? [],
    separation: (host) => lines.get(host)!.at(-1)!,
    hostDomain: (host) => lines.get(host)![0]!,
  }
}

/** A domain and the domains around it, innermost first. */
export function lineage(domain: Domain): readonly Domain[] {
  return domain.parent ? [domain, ...lineage(domain.parent)] : [domain]
}

function addHost(domains: Map<string, Domain & { hosts: string[] }>, levels: readonly string[], host: string, instances: readonly Instance[]): void {
  let parent: Domain | undefined
  for (const level of levels) {
    const value = level === 'host' ? host : domainOf(level, host, instances)
    const id = parent ? `${parent.id}/${value}` : value
    const key = `${level} ${id}`
    const domain = domains.get(key) ?? { id, level, parent, hosts: [] }
    domain.hosts.push(host)
    domains.set(key, domain)
    parent = domain
  }
}

function domainOf(level: string, host: string, instances: readonly Instance[]): string {
  const values = new Set(instances.map((instance) => instance.domains[level]))
  const [value] = values
  if (values.size > 1) throw new Problem({ code: 'redis-domain-ambiguous', summary: 'A host stands in two failure domains', detail: `the instances of ${host} name ${[...values].join(' and ')} as their ${level}` })
  if (value === undefined || value === '')
    throw new Problem({
      code: 'redis-domain-missing', summary: 'A host has no failure domain', detail: `${host} has no '${level}', and the failure domain of this cluster is '${level}'`,
      hint: `give every Redis host its ${level} in the inventory`,
    })
  return value
}

function checkUnique(instances: readonly Instance[]): void {
  for (const [what, of] of [['name', (i: Instance) => i.name], ['address', (i: Instance) => `${i.address}:${i.port}`]] as const) {
    const twice = [...Map.groupBy(instances, of)].find(([, same]) => same.length > 1)
    if (twice) throw new Problem({ code: 'redis-instance-twice', summary: `Two Redis instances have the same ${what}`, detail: `${twice[0]} (${twice[1].map((i) => i.name).join(', ')})` })
  }
}

const byHostAndPort = (a: Instance, b: Instance) => compareNames(a.host, b.host) || a.port - b.port || compareNames(a.address, b.address) || compareNames(a.name, b.name)
/** `node2` before `node10`; the same everywhere, whatever the locale of the controller. */
const collator = new Intl.Collator('en', { numeric: true })
export const compareNames = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0)
