import { Problem } from '../problem/problem.ts'
import { type Dict, type Value, isDict } from '../value/value.ts'
import { controllerPython } from './controller-python.ts'
import { type Group, type Host, InventoryData } from './inventory-data.ts'
import type { InventorySettings, PrecedenceStep } from './inventory-settings.ts'
import { LOCAL_NAMES, type Match, matchHosts, readLimit } from './pattern.ts'
import type { VarsFiles } from './vars-files.ts'

/** Where a layer of inventory variables stands in Ansible's order (levels 3 to 10), lowest first. */
export type InventoryLevel = 'all' | 'groups' | 'all-files' | 'playbook-all-files' | 'group-files' | 'playbook-group-files' | 'host' | 'host-files' | 'playbook-host-files'
export interface InventoryLayer {
  readonly level: InventoryLevel
  readonly vars: Dict
}

export interface InventoryParts {
  readonly data: InventoryData
  /** Directories whose `group_vars` and `host_vars` count, one for each source, in the order of the sources. */
  readonly directories: readonly string[]
  readonly files: VarsFiles
  /** Reads all sources again. */
  readonly reload: () => Promise<InventoryData>
  readonly warn: (problem: Problem) => void
  readonly settings: InventorySettings
}

/**
 * The hosts and groups of a run, which `add_host`, `group_by` and `meta: refresh_inventory` change. `revision` counts these
 * changes: whoever remembers an answer compares it.
 */
export class Inventory {
  revision = 0
  #data: InventoryData
  readonly #parts: InventoryParts
  readonly #layers = new Map<string, { readonly revision: number; readonly layers: readonly InventoryLayer[] }>()
  #depths: { readonly revision: number; readonly depths: Map<string, number> } | undefined
  /** What `add_host` and `group_by` did, to be done again when the sources are read anew. */
  readonly #added: (() => void)[] = []
  #groups: { readonly revision: number; readonly groups: Dict } | undefined

  constructor(parts: InventoryParts) {
    this.#parts = parts
    this.#data = parts.data
  }

  get hosts(): ReadonlyMap<string, Host> {
    return this.#data.hosts
  }
  get groups(): ReadonlyMap<string, Group> {
    return this.#data.groups
  }
  /** The graph itself, for listings. */
  get data(): InventoryData {
    return this.#data
  }

  /** Hosts of a pattern within a limit; parts that match nothing are warned of. An empty answer is the caller's to judge. */
  hostsMatching(pattern: string, limit?: string): readonly string[] {
    const { hosts, unmatched } = this.match(pattern)
    for (const part of unmatched) this.#mismatch(part)
    const only = readLimit(limit ?? '')
    if (only === '') return hosts
    const within = new Set(this.match(only).hosts)
    return hosts.filter((host) => within.has(host))
  }

  #mismatch(part: string): void {
    const { settings: { mismatch }, warn } = this.#parts
    const problem = new Problem({ code: 'no-hosts-matched', summary: 'Could not match supplied host pattern, ignoring', detail: part })
    if (mismatch === 'error') throw problem
    if (mismatch === 'warning') warn(problem)
  }

  match(pattern: string): Match {
    return matchHosts(pattern, this.#data, (name) => this.#implicitLocalhost(name))
  }

  /** The host, or the implicit localhost for a name of this machine. */
  find(name: string): Host | undefined {
    return this.#data.hosts.get(name) ?? (LOCAL_NAMES.includes(name) ? this.#data.hosts.get(this.#implicitLocalhost(name)) : undefined)
  }

  /** Groups of a host, parents included, `all` aside, in the order in which their variables apply: the last wins. */
  groupsOf(name: string): readonly Group[] {
    const host = this.#data.hosts.get(name)
    const names = new Set<string>(host?.groups)
    for (const group of host?.groups ?? []) for (const ancestor of this.#data.ancestors(group)) names.add(ancestor)
    names.delete('all')
    const depths = this.#depthOf()
    const groups = [...names].map((group) => this.#data.groups.get(group)).filter((group) => group !== undefined)
    return groups.sort((a, b) => this.#data.depth(a.name, depths) - this.#data.depth(b.name, depths) || a.priority - b.priority || (a.name < b.name ? -1 : 1))
  }

  /** The variables that inventory and files give a host, lowest precedence first. Layers are shared and must not be changed. */
  layersOf(name: string, playbookDirectory?: string): readonly InventoryLayer[] {
    // A localhost that nobody names has variables as soon as somebody asks for it, as `delegate_to` does.
    this.find(name)
    const key = `${playbookDirectory ?? ''}\n${name}`
    const known = this.#layers.get(key)
    if (known?.revision === this.revision) return known.layers
    const layers = [...this.#findLayers(name, playbookDirectory)].filter(({ vars }) => vars.size > 0)
    this.#layers.set(key, { revision: this.revision, layers })
    return layers
  }

  *#findLayers(name: string, playbook: string | undefined): Generator<InventoryLayer> {
    const { files, directories, settings } = this.#parts
    const groups = this.groupsOf(name)
    const playbooks = playbook === undefined ? [] : [playbook]
    function* load(level: InventoryLevel, places: readonly string[], kind: 'group_vars' | 'host_vars', names: readonly string[]): Generator<InventoryLayer> {
      for (const place of places) for (const one of names) for (const vars of files.load(place, kind, one)) yield { level, vars }
    }
    const groupNames = groups.map((group) => group.name)
    const all = this.#data.addGroup('all').vars
    const steps: Readonly<Record<PrecedenceStep, () => Iterable<InventoryLayer>>> = {
      all_inventory: () => [{ level: 'all', vars: all }],
      groups_inventory: () => groups.map(({ vars }) => ({ level: 'groups', vars })),
      all_plugins_inventory: () => load('all-files', directories, 'group_vars', ['all']),
      all_plugins_play: () => load('playbook-all-files', playbooks, 'group_vars', ['all']),
      groups_plugins_inventory: () => load('group-files', directories, 'group_vars', groupNames),
      groups_plugins_play: () => load('playbook-group-files', playbooks, 'group_vars', groupNames),
    }
    for (const step of settings.precedence) yield* steps[step]()
    yield { level: 'host', vars: this.#data.hosts.get(name)?.vars ?? new Map() }
    yield* load('host-files', directories, 'host_vars', [name])
    yield* load('playbook-host-files', playbooks, 'host_vars', [name])
  }

  /** A group's own variables: of the inventory, then of files beside it and beside the playbook. For listings. */
  groupLayers(name: string, playbookDirectory?: string): readonly Dict[] {
    const { files, directories } = this.#parts
    const places = playbookDirectory === undefined ? directories : [...directories, playbookDirectory]
    return [this.#data.groups.get(name)?.vars ?? new Map(), ...places.flatMap((place) => files.load(place, 'group_vars', name))]
  }

  /** Layers as one dict; dicts of one name are joined where the settings say so (`hash_behaviour`). */
  combine(layers: readonly Dict[]): Dict {
    if (this.#parts.settings.merge) return layers.reduce<Dict>(mergeDicts, new Map())
    return new Map(layers.flatMap((vars) => [...vars]))
  }

  /** The magic variable `groups`: every group with the names of its hosts. */
  groupsVariable(): Dict {
    if (this.#groups?.revision !== this.revision) {
      const groups = new Map<Value, Value>([...this.#data.groups.keys()].map((name) => [name, [...this.#data.hostsOf(name)]]))
      this.#groups = { revision: this.revision, groups }
    }
    return this.#groups.groups
  }

  /** `add_host`: whether anything is new. */
  addHost(name: string, groups: readonly string[], vars: Dict): boolean {
    this.#added.push(() => void this.#addHost(name, groups, vars))
    return this.#addHost(name, groups, vars)
  }

  #addHost(name: string, groups: readonly string[], vars: Dict): boolean {
    const before = this.#data.hosts.get(name)
    const host = this.#data.addHost(name)
    let changed = before === undefined
    for (const [key, value] of vars) {
      if (!host.vars.has(key) || host.vars.get(key) !== value) changed = true
    }
    // A new map, not a changed one: scopes that exist go on seeing what they saw.
    if (vars.size > 0 || host.implicit) this.#data.hosts.set(name, { ...host, implicit: false, vars: new Map([...host.vars, ...vars]) })
    this.#data.join(name, 'all')
    for (const group of groups) {
      if (!this.#data.groups.get(group)?.hosts.has(name)) changed = true
      this.#data.join(name, group)
    }
    this.#data.reconcile()
    this.revision++
    return changed
  }

  /** `group_by`: whether the host is new to the group. */
  addToGroup(host: string, group: string, parents: readonly string[]): boolean {
    this.#added.push(() => void (this.#data.hosts.has(host) && this.#addToGroup(host, group, parents)))
    return this.#addToGroup(host, group, parents)
  }

  #addToGroup(host: string, group: string, parents: readonly string[]): boolean {
    const known = this.#data.groups.get(group)?.hosts.has(host) ?? false
    for (const parent of parents) if (parent !== 'all' && parent !== group) this.#data.addChild(parent, group)
    this.#data.join(host, group)
    this.#data.reconcile()
    this.revision++
    return !known
  }

  /** `meta: refresh_inventory`: reads all sources and files again; what `add_host` and `group_by` added stays, as in Ansible. */
  async refresh(): Promise<void> {
    this.#parts.files.forget()
    const implicit = [...this.#data.hosts.values()].filter((host) => host.implicit)
    this.#data = await this.#parts.reload()
    for (const { name } of implicit) this.#implicitLocalhost(name)
    this.revision++
    for (const add of this.#added) add()
  }

  #depthOf(): Map<string, number> {
    if (this.#depths?.revision !== this.revision) this.#depths = { revision: this.revision, depths: new Map() }
    return this.#depths.depths
  }

  #implicitLocalhost(name: string): string {
    // A host of the inventory by another of these names is the localhost, with its variables.
    const known = [name, ...LOCAL_NAMES].find((one) => this.#data.hosts.get(one)?.implicit === false)
    if (known !== undefined) return known
    if (!this.#data.hosts.has(name)) {
      const { vars } = this.#data.addHost(name, {}, true)
      vars.set('ansible_connection', 'local')
      const python = controllerPython()
      if (python !== undefined) vars.set('ansible_python_interpreter', python)
    }
    return name
  }
}

function mergeDicts(under: Dict, over: Dict): Dict {
  const all = new Map(under)
  for (const [key, value] of over) {
    const old = all.get(key)
    all.set(key, isDict(old) && isDict(value) ? mergeDicts(old, value) : value)
  }
  return all
}
