import { Float, TemplateString, Unknown, VaultString, isDict, type Dict, type Value } from '../value/value.ts'
import { type Json, fromJson } from '../value/json.ts'
import { str } from '../template/python/text.ts'
import type { Inventory } from './inventory.ts'

type JsonRecord = { [key: string]: Json }

/** What `ansible-inventory --list` prints: groups with hosts and children, and every host's variables, templates unrendered. */
export function listInventory(inventory: Inventory, playbookDirectory?: string): JsonRecord {
  const hostvars: JsonRecord = {}
  for (const { name, implicit } of inventory.hosts.values()) {
    const vars = implicit ? {} : hostVariables(inventory, name, playbookDirectory)
    if (Object.keys(vars).length > 0) hostvars[name] = vars
  }
  const groups: JsonRecord = {}
  addGroup('all', inventory, groups)
  return { _meta: { hostvars }, ...groups }
}

function addGroup(name: string, inventory: Inventory, groups: JsonRecord): void {
  const group = inventory.groups.get(name)
  if (!group || Object.hasOwn(groups, name)) return
  const children = [...group.children]
  const hosts = name === 'all' ? [] : [...group.hosts]
  // A group with neither is part of the list only as somebody's child.
  if (children.length > 0 || hosts.length > 0) groups[name] = { ...(children.length ? { children } : {}), ...(hosts.length ? { hosts } : {}) }
  for (const child of children) addGroup(child, inventory, groups)
}

/** What `ansible-inventory --host NAME` prints: the host's variables after precedence. */
export function hostVariables(inventory: Inventory, name: string, playbookDirectory?: string): JsonRecord {
  const vars: JsonRecord = {}
  for (const layer of inventory.layersOf(name, playbookDirectory)) for (const [key, value] of layer.vars) vars[String(key)] = show(value)
  return vars
}

/** What `ansible-inventory --graph` prints. */
export function graphInventory(inventory: Inventory, { root = 'all', vars = false, playbookDirectory }: { readonly root?: string; readonly vars?: boolean; readonly playbookDirectory?: string } = {}): string {
  const lines: string[] = []
  const line = (depth: number, text: string): void => void lines.push(`${'  |'.repeat(depth)}${depth > 0 ? '--' : ''}${text}`)
  const showVars = (own: JsonRecord, depth: number): void => {
    // Values as Python prints them, for that is what people compare with.
    if (vars) for (const key of Object.keys(own).sort()) line(depth, `{${key} = ${str(fromJson(own[key]))}}`)
  }
  const walk = (name: string, depth: number): void => {
    const group = inventory.groups.get(name)
    if (!group) return
    line(depth, `@${name}:`)
    for (const child of [...group.children]) walk(child, depth + 1)
    if (name !== 'all') for (const host of [...group.hosts]) {
      line(depth + 1, host)
      showVars(hostVariables(inventory, host, playbookDirectory), depth + 2)
    }
    showVars(Object.assign({}, ...inventory.groupLayers(name, playbookDirectory).map(record)) as JsonRecord, depth + 1)
  }
  walk(root, 0)
  return lines.join('\n')
}

const record = (dict: Dict): JsonRecord => Object.fromEntries([...dict].map(([key, value]) => [String(key), show(value)]))

/** As Ansible's encoder writes: a vaulted value stays encrypted under `__ansible_vault`. */
function show(value: Value): Json {
  if (value instanceof TemplateString) return value.source
  if (value instanceof VaultString) return { __ansible_vault: value.ciphertext }
  if (value instanceof Float) return value.value
  if (value instanceof Unknown) return { unknown: value.reason }
  if (Array.isArray(value)) return Array.from(value as readonly Value[], show)
  if (isDict(value)) return record(value)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'object' && value !== null) return `<${(value as { opaque: string }).opaque}>`
  return value as Json
}
