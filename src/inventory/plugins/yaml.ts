import { dirname } from 'node:path'
import { didYouMean } from '../../problem/did-you-mean.ts'
import { Problem, Problems, type Span } from '../../problem/problem.ts'
import { type YamlEntry, type YamlMapping, type YamlNode, toValue } from '../../yaml/yaml-node.ts'
import { type Reading, addHosts } from './source.ts'

interface Context {
  readonly reading: Reading
  readonly file: string
  readonly problems: Problem[]
}

const PARTS = ['hosts', 'children', 'vars'] as const

/** An inventory in YAML (or JSON): groups with `hosts`, `children` and `vars`. All mistakes of the file are told. */
export function readYamlInventory(node: YamlNode, file: string, reading: Reading): void {
  const context: Context = { reading, file, problems: [] }
  if (node.kind === 'scalar' && node.value === null) throw refuse('the file is empty', node.span)
  if (node.kind !== 'mapping') throw refuse('a YAML inventory is a mapping of groups', node.span)
  for (const entry of node.entries) attempt(context, () => readGroup(entry, context))
  if (context.problems.length > 0) throw new Problems(context.problems)
}

function attempt({ problems }: Context, read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    problems.push(error)
  }
}

function readGroup({ key, keySpan, value }: YamlEntry, context: Context): string {
  const name = groupName(key, keySpan)
  const { data, warn } = context.reading
  const group = data.addGroup(name)
  if (value.kind === 'scalar' && value.value === null) return name
  if (value.kind !== 'mapping') throw refuse(`the group '${name}' is a mapping with hosts, children and vars`, value.span)
  for (const part of value.entries) {
    attempt(context, () => {
      if (part.key === 'hosts') readHosts(part.value, name, context)
      else if (part.key === 'children') readChildren(part.value, name, context)
      else if (part.key === 'vars') for (const entry of members(part.value, 'vars')) data.setGroupVar(group, entry.key, toValue(entry.value), entry.keySpan)
      else warn(unknownPart(name, part))
    })
  }
  return name
}

function unknownPart(group: string, { key, keySpan }: YamlEntry): Problem {
  const hint = didYouMean(String(key), PARTS) ?? 'hosts, children and vars are what a group has; variables stand below vars'
  return new Problem({ code: 'inventory-unknown-key', summary: 'a key of a group is not known and does nothing', detail: `'${String(key)}' in group '${group}'`, hint, span: keySpan })
}

function readHosts(node: YamlNode, group: string, context: Context): void {
  if (node.kind === 'scalar' && typeof node.value === 'string') return void addHosts(context.reading, node.value, group, originOf(context), node.span)
  for (const entry of members(node, 'hosts')) {
    attempt(context, () => {
      const hosts = addHosts(context.reading, hostName(entry), group, originOf(context), entry.keySpan)
      const vars = members(entry.value, `host '${String(entry.key)}'`)
      for (const { name } of hosts) for (const { key, value } of vars) context.reading.data.addHost(name).vars.set(key, toValue(value))
    })
  }
}

function readChildren(node: YamlNode, group: string, context: Context): void {
  if (node.kind === 'scalar' && typeof node.value === 'string') return context.reading.data.addChild(group, node.value, node.span)
  for (const entry of members(node, 'children')) {
    attempt(context, () => context.reading.data.addChild(group, readGroup(entry, context), entry.keySpan))
  }
}

function members(node: YamlNode, what: string): YamlMapping['entries'] {
  if (node.kind === 'mapping') return node.entries
  if (node.kind === 'scalar' && node.value === null) return []
  throw refuse(`${what} is a mapping, not a ${node.kind === 'sequence' ? 'list' : 'text'}`, node.span, node.kind === 'sequence' ? 'write "name:" for each, without the dash' : undefined)
}

function hostName({ key, keySpan }: YamlEntry): string {
  if (typeof key === 'string' || typeof key === 'number') return String(key)
  throw refuse(`the name of a host is a text, and YAML reads this as ${String(key)}`, keySpan, 'put it between quotes')
}

function groupName(key: unknown, span: Span): string {
  if (typeof key === 'string') return key
  throw refuse(`the name of a group is a text, and YAML reads this as ${String(key)}`, span, 'put it between quotes')
}

const originOf = ({ file }: Context): { file: string; directory: string } => ({ file, directory: dirname(file) })
const refuse = (detail: string, span: Span, hint?: string): Problem => new Problem({ code: 'inventory-yaml', summary: 'this is not an inventory', detail, span, ...(hint ? { hint } : {}) })
