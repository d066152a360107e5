import { str } from '../template/python/text.ts'
import { type Dict, TemplateString, Unknown, type Value, VaultString, isDict } from '../value/value.ts'
import type { Inventory } from './inventory.ts'
import type { Group } from './inventory-data.ts'

/** What is to be listed, and how. */
export interface Listed {
  readonly inventory: Inventory
  /** Where more `group_vars` and `host_vars` are. */
  readonly playbookDirectory?: string | undefined
  /** As it was written: variables of groups stand with the groups. Otherwise every host has all of its own. */
  readonly asWritten?: boolean
  /** Of the command line; every host has them, but nobody wrote them into the inventory. */
  readonly extraVars?: Dict
  readonly includes?: (host: string) => boolean
}

/** `--list`: groups with hosts and children, and every host's variables, templates unrendered. It is what inventory scripts print, too. */
export function listInventory(listed: Listed): Dict {
  const { inventory } = listed
  const groups = new Map<Value, Value>()
  const add = (name: string): void => {
    const group = inventory.groups.get(name)
    if (!group || groups.has(name)) return
    // A group with neither is part of the list only as somebody's child.
    const entry = entryOf({ hosts: hostsOf(group, listed), children: [...group.children], vars: encoded(writtenVars(group, listed)) as Dict })
    if (entry.size > 0) groups.set(name, entry)
    for (const child of group.children) add(child)
  }
  add('all')
  const hosts = [...inventory.data.hostsOf('all')].filter((name) => inventory.hosts.get(name)?.implicit === false && (listed.includes?.(name) ?? true))
  const hostvars = hosts.map((name) => [name, encodedVarsOfHost(name, listed)] as const).filter(([, vars]) => vars.size > 0)
  return new Map<Value, Value>([['_meta', new Map<Value, Value>([['hostvars', new Map<Value, Value>(hostvars)], ['profile', 'inventory_legacy']])], ...groups])
}

/** `--list --yaml`: groups within groups. What stands in several places has its content at the first. */
export function nestInventory(listed: Listed): Dict {
  const { inventory } = listed
  const [groups, hosts] = [new Set<string>(), new Set<string>()]
  const nest = (group: Group): Dict => {
    groups.add(group.name)
    const children = new Map<Value, Value>()
    for (const name of group.children) {
      const [seen, child] = [groups.has(name), inventory.groups.get(name)]
      const content = seen || !child ? new Map<Value, Value>() : nest(child)
      if (seen || content.size > 0) children.set(name, content)
    }
    return entryOf({ children, hosts: new Map(hostsOf(group, listed).map((name) => [name, varsAtFirst(name, hosts, listed)])), vars: writtenVars(group, listed) })
  }
  return new Map([['all', nest(inventory.data.addGroup('all'))]])
}

/** `--list --toml`: a table for each group. */
export function tableInventory(listed: Listed): Dict {
  const [tables, hosts] = [new Map<Value, Value>(), new Set<string>()]
  const add = (group: Group): void => {
    tables.set(group.name, new Map())
    const children = group.name === 'all' ? [] : [...group.children]
    for (const child of group.children) add(listed.inventory.data.addGroup(child))
    const entry = entryOf({ children, hosts: new Map(hostsOf(group, listed).map((name) => [name, varsAtFirst(name, hosts, listed)])), vars: writtenVars(group, listed) })
    tables.set(group.name, entry)
  }
  add(listed.inventory.data.addGroup('all'))
  return new Map([...tables].filter(([, table]) => isDict(table) && table.size > 0))
}

/** `--host NAME`: the host's variables after precedence. */
export function varsOfHost(name: string, { inventory, playbookDirectory, asWritten, extraVars }: Listed): Dict {
  const layers = inventory.layersOf(name, playbookDirectory).filter(({ level }) => !asWritten || level.startsWith('host') || level === 'playbook-host-files')
  return inventory.combine([...layers.map(({ vars }) => vars), ...(extraVars && !asWritten ? [extraVars] : [])])
}

function varsAtFirst(name: string, seen: Set<string>, listed: Listed): Dict {
  if (seen.has(name)) return new Map()
  seen.add(name)
  return varsOfHost(name, listed)
}

const hostsOf = ({ name, hosts }: Group, { includes, inventory }: Listed): readonly string[] =>
  name === 'all' ? [] : [...hosts].filter((host) => !inventory.hosts.get(host)?.implicit && (includes?.(host) ?? true))

const groupVars = ({ name }: Group, { inventory, playbookDirectory }: Listed): Dict => inventory.combine(inventory.groupLayers(name, playbookDirectory))
const writtenVars = (group: Group, listed: Listed): Dict => (listed.asWritten ? groupVars(group, listed) : new Map())

/** Only what has content. */
function entryOf(parts: Readonly<Record<string, readonly Value[] | Dict>>): Dict {
  return new Map(Object.entries(parts).filter(([, value]) => (isDict(value) ? value.size : value.length) > 0))
}

/** `--graph`: a line for each group, host and, if asked for, variable. */
export function graphInventory(listed: Listed, { root = 'all', vars = false }: { readonly root?: string; readonly vars?: boolean } = {}): string {
  const lines: string[] = []
  const line = (depth: number, text: string): void => void lines.push(`${'  |'.repeat(depth)}${depth > 0 ? '--' : ''}${text}`)
  const showVars = (own: () => Dict, depth: number): void => {
    // Values as Python prints them, for that is what people compare with.
    if (vars) for (const [key, value] of [...own()].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))) line(depth, `{${String(key)} = ${str(opened(value))}}`)
  }
  const walk = (group: Group, depth: number): void => {
    line(depth, `@${group.name}:`)
    for (const child of group.children) walk(listed.inventory.data.addGroup(child), depth + 1)
    for (const host of hostsOf(group, listed)) {
      line(depth + 1, host)
      showVars(() => varsOfHost(host, listed), depth + 2)
    }
    showVars(() => groupVars(group, listed), depth + 1)
  }
  walk(listed.inventory.data.addGroup(root), 0)
  return lines.join('\n')
}

/** Values for eyes: vaulted texts opened, templates as they are written. */
function opened(value: Value): Value {
  if (value instanceof TemplateString) return value.source
  if (value instanceof VaultString) return value.decrypt()
  if (Array.isArray(value)) return value.map(opened)
  return isDict(value) ? new Map([...value].map(([key, item]) => [key, opened(item)])) : value
}

const MARKS = /\{\{|\{%|\{#/
/** A host's variables for other programs, as Ansible's encoder writes them: a vaulted text stays encrypted, a text that must never be rendered says so. */
export function encodedVarsOfHost(name: string, listed: Listed): Dict {
  const vars = varsOfHost(name, listed)
  const computed = listed.inventory.hosts.get(name)?.computed
  if (!computed?.size) return encoded(vars) as Dict
  const written = new Set<string>()
  for (const [key, value] of vars) if (!computed.has(key)) collectTexts(value, written)
  // What an expression made is nobody's template, unless it is a text that somebody wrote, passed on.
  return new Map([...vars].map(([key, value]) => [key, computed.has(key) ? encoded(value, (text) => !written.has(text)) : encoded(value)]))
}

function collectTexts(value: Value, into: Set<string>): void {
  if (typeof value === 'string') into.add(value)
  else if (Array.isArray(value)) for (const item of value as readonly Value[]) collectTexts(item, into)
  else if (isDict(value)) for (const item of value.values()) collectTexts(item, into)
}

function encoded(value: Value, isUnsafe = (text: string): boolean => MARKS.test(text)): Value {
  if (value instanceof TemplateString) return value.source
  if (value instanceof VaultString) return new Map([['__ansible_vault', value.ciphertext]])
  if (value instanceof Unknown) return new Map([['unknown', value.reason]])
  if (typeof value === 'string') return isUnsafe(value) ? new Map([['__ansible_unsafe', value]]) : value
  if (Array.isArray(value)) return value.map((item: Value) => encoded(item, isUnsafe))
  return isDict(value) ? new Map([...value].map(([key, item]) => [key, encoded(item, isUnsafe)])) : value
}

/** The same for TOML, which has no such marks. */
export function unmarked(value: Value): Value {
  if (value instanceof TemplateString) return value.source
  if (value instanceof VaultString) return value.ciphertext
  if (Array.isArray(value)) return value.map(unmarked)
  return isDict(value) ? new Map([...value].map(([key, item]) => [key, unmarked(item)])) : value
}
