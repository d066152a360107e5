import { Problem, type Span } from '../problem/problem.ts'
import type { Value } from '../value/value.ts'

/** A host as inventory sources describe it. Sets and maps keep the order in which things were first said. */
export interface Host {
  readonly name: string
  readonly vars: Map<Value, Value>
  /** Groups that name it directly. */
  readonly groups: Set<string>
  /** The file that named it first; absent for host lists and `add_host`. */
  readonly file?: string
  readonly directory?: string
  /** Names of variables that an expression of a source computed. */
  readonly computed?: ReadonlySet<Value>
  /** `localhost` that no source names: no pattern but its own name finds it. */
  readonly implicit: boolean
}

export interface Group {
  readonly name: string
  readonly hosts: Set<string>
  readonly children: Set<string>
  readonly parents: Set<string>
  readonly vars: Map<Value, Value>
  /** `ansible_group_priority`: among groups of one depth the higher wins. Default 1. */
  priority: number
}

/** Where something comes from: the file in work, for `inventory_file` and `inventory_dir`. */
export interface Origin {
  readonly file?: string
  readonly directory?: string
}

/** Hosts and groups while sources are read, and while a run adds to them. Names are unique over both sources and time. */
export class InventoryData {
  readonly hosts = new Map<string, Host>()
  readonly groups = new Map<string, Group>()
  readonly #groupName: (name: string) => string

  /** `groupName` is asked for every name of a group, and may replace it. */
  constructor(groupName: (name: string) => string = (name) => name) {
    this.#groupName = groupName
    this.addGroup('all')
    this.addGroup('ungrouped')
    this.addChild('all', 'ungrouped')
  }

  /** Another of the same content. */
  copy(): InventoryData {
    const copy = new InventoryData(this.#groupName)
    for (const [name, host] of this.hosts) copy.hosts.set(name, { ...host, vars: new Map(host.vars), groups: new Set(host.groups) })
    for (const [name, group] of this.groups) copy.groups.set(name, { ...group, hosts: new Set(group.hosts), children: new Set(group.children), parents: new Set(group.parents), vars: new Map(group.vars) })
    return copy
  }

  addHost(name: string, origin: Origin = {}, implicit = false): Host {
    let host = this.hosts.get(name)
    if (!host) this.hosts.set(name, (host = { name, vars: new Map(), groups: new Set(), implicit, ...origin }))
    return host
  }

  addGroup(given: string): Group {
    const known = this.groups.get(given)
    if (known) return known
    const name = this.#groupName(given)
    let group = this.groups.get(name)
    if (!group) this.groups.set(name, (group = { name, hosts: new Set(), children: new Set(), parents: new Set(), vars: new Map(), priority: 1 }))
    return group
  }

  join(hostName: string, groupName: string): void {
    const group = this.addGroup(groupName)
    group.hosts.add(hostName)
    this.addHost(hostName).groups.add(group.name)
  }

  /** A variable that an expression made. */
  setComputed(host: Host, key: Value, value: Value): void {
    host.vars.set(key, value)
    this.hosts.set(host.name, { ...host, computed: new Set([...(host.computed ?? []), key]) })
  }

  /** Makes a group the child of another. Throws `inventory-cycle` where it is its own ancestor. */
  addChild(above: string, below: string, span?: Span): void {
    const parent = this.addGroup(above)
    const child = this.addGroup(below)
    const [parentName, childName] = [parent.name, child.name]
    if (parentName === childName || this.ancestors(parentName).has(childName)) {
      const detail = parentName === childName ? `'${childName}' is its own child` : `'${childName}' is an ancestor of '${parentName}' already`
      throw new Problem({ code: 'inventory-cycle', summary: 'groups form a circle', detail, ...(span ? { span } : {}) })
    }
    parent.children.add(childName)
    child.parents.add(parentName)
  }

  setGroupVar(group: Group, key: Value, value: Value, span?: Span): void {
    if (key !== 'ansible_group_priority') return void group.vars.set(key, value)
    const priority = Number(typeof value === 'string' || typeof value === 'number' ? value : NaN)
    if (!Number.isInteger(priority)) throw new Problem({ code: 'inventory-priority', summary: 'a group priority is a whole number', detail: `group '${group.name}'`, ...(span ? { span } : {}) })
    group.priority = priority
  }

  /** All groups above a group. */
  ancestors(name: string): Set<string> {
    const found = new Set<string>()
    const waiting = [name]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const parent of this.groups.get(at)?.parents ?? []) if (!found.has(parent)) (found.add(parent), waiting.push(parent))
    }
    return found
  }

  /** The group itself and all groups below it, level by level. */
  descendants(name: string): Set<string> {
    const found = new Set([name])
    // A Set that grows while it is walked is walked to its end.
    for (const at of found) for (const child of this.groups.get(at)?.children ?? []) found.add(child)
    return found
  }

  /** Hosts of a group and of the groups below it, in the order in which the inventory names them. */
  hostsOf(name: string): Set<string> {
    const hosts = new Set<string>()
    for (const group of this.descendants(name)) for (const host of this.groups.get(group)?.hosts ?? []) hosts.add(host)
    return hosts
  }

  /** The longest way up to `all`: of two groups the deeper one's variables win. */
  depth(name: string, known = new Map<string, number>()): number {
    const before = known.get(name)
    if (before !== undefined) return before
    const depth = Math.max(-1, ...[...(this.groups.get(name)?.parents ?? [])].map((parent) => this.depth(parent, known))) + 1
    known.set(name, depth)
    return depth
  }

  /** After each source: groups without a parent belong to `all`, hosts without a group to `ungrouped`. */
  reconcile(): void {
    for (const { name, parents } of this.groups.values()) if (name !== 'all' && parents.size === 0) this.addChild('all', name)
    const ungrouped = this.addGroup('ungrouped')
    for (const host of this.hosts.values()) {
      const own = [...host.groups].some((group) => group !== 'all' && group !== 'ungrouped')
      if (own) (host.groups.delete('ungrouped'), ungrouped.hosts.delete(host.name))
      else if (!host.implicit) this.join(host.name, 'ungrouped')
    }
  }
}
