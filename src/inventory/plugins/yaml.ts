import { dirname } from 'node:path'
import { didYouMean } from '../../problem/did-you-mean.ts'
import { Problem, Problems, type Span } from '../../problem/problem.ts'
import { type YamlEntry, type YamlMapping, type YamlNode, toValue } from '../../yaml/yaml-node.ts'
import { type Reading, type SourceKind, addHosts } from './source.ts'

interface Context {
  /** After the first problem what is read goes into a copy, which nobody sees: only what stood before it counts. */
  reading: Reading
  readonly file: string
  readonly problems: Problem[]
}

const PARTS = ['hosts', 'children', 'vars'] as const

export const yaml: SourceKind = {
  name: 'yaml',
  accepts: ({ exists, ending }, { yamlExtensions }) => exists && (ending === '' || yamlExtensions.includes(ending)),
  read: (source, reading) => readYamlInventory(source.yaml(), source.place, reading),
}

/** An inventory in YAML (or JSON): groups with `hosts`, `children` and `vars`. All mistakes of the file are told. */
function readYamlInventory(node: YamlNode, file: string, reading: Reading): void {
  const context: Context = { reading, file, problems: [] }
  if (node.kind === 'scalar' && node.value === null) throw refuse('the file is empty', node.span)
  if (node.kind !== 'mapping') throw refuse('a YAML inventory is a mapping of groups', node.span)
  if (node.entries.some(({ key }) => key === 'plugin')) throw refuse('Plugin configuration YAML file, not YAML inventory', node.span)
  for (const entry of node.entries) attempt(context, () => readGroup(entry, context))
  if (context.problems.length > 0) throw new Problems(context.problems)
}

/** Whether it went well. */
function attempt(context: Context, read: () => void): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (context.problems.length === 0) context.reading = { ...context.reading, data: context.reading.data.copy(), warn: () => undefined }
    context.problems.push(error)
    return false
  }
}

function readGroup({ key, keySpan, value }: YamlEntry, context: Context): string {
  const name = groupName(key, keySpan)
  if (value.kind !== 'mapping' && !isNull(value)) {
    context.reading.warn(passedOver(`Skipping '${name}' as this is not a valid group definition`, keySpan))
    return name
  }
  const group = context.reading.data.addGroup(name)
  if (value.kind !== 'mapping') return group.name
  const wrong = value.entries.filter((part) => isPart(part) && !attempt(context, () => checkPart(part, name)))
  for (const part of value.entries) if (!wrong.includes(part)) attempt(context, () => readPart(part, group.name, context))
  return group.name
}

function readPart(part: YamlEntry, group: string, context: Context): void {
  const { data, warn } = context.reading
  if (part.key === 'hosts') readHosts(part.value, group, context)
  else if (part.key === 'children') readChildren(part.value, group, context)
  else if (part.key === 'vars') for (const entry of members(part.value, 'vars')) data.setGroupVar(data.addGroup(group), entry.key, toValue(entry.value), entry.keySpan)
  else warn(unknownPart(group, part))
}

const isNull = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null
const isPart = ({ key }: YamlEntry): boolean => (PARTS as readonly unknown[]).includes(key)

/** Ansible looks at the kinds of all parts before it reads the first. */
function checkPart({ key, value }: YamlEntry, group: string): void {
  if (value.kind === 'mapping' || isNull(value) || (value.kind === 'scalar' && typeof value.value === 'string' && key !== 'vars')) return
  const hint = value.kind === 'sequence' ? 'write "name:" for each, without the dash' : undefined
  throw refuse(`Invalid "${String(key)}" entry for "${group}" group, requires a dictionary`, value.span, hint)
}

function unknownPart(group: string, { key, keySpan }: YamlEntry): Problem {
  return passedOver(`Skipping unexpected key (${String(key)}) in group (${group}), only "vars", "children" and "hosts" are valid`, keySpan, didYouMean(String(key), PARTS) ?? 'variables stand below vars')
}

function readHosts(node: YamlNode, group: string, context: Context): void {
  if (node.kind === 'scalar' && typeof node.value === 'string') return void addHosts(context.reading, node.value, group, originOf(context), node.span)
  for (const entry of members(node, 'hosts')) {
    attempt(context, () => {
      const vars = members(entry.value, `host '${String(entry.key)}'`)
      const hosts = addHosts(context.reading, hostName(entry), group, originOf(context), entry.keySpan)
      for (const { name } of hosts) for (const { key, value } of vars) context.reading.data.addHost(name).vars.set(key, toValue(value))
    })
  }
}

function readChildren(node: YamlNode, group: string, context: Context): void {
  if (node.kind === 'scalar' && typeof node.value === 'string') return context.reading.data.addChild(group, node.value, node.span)
  for (const entry of members(node, 'children')) {
    attempt(context, () => {
      const child = readGroup(entry, context)
      context.reading.data.addChild(group, child, entry.keySpan)
    })
  }
}

function members(node: YamlNode, what: string): YamlMapping['entries'] {
  if (node.kind === 'mapping') return node.entries
  if (node.kind === 'scalar' && node.value === null) return []
  throw refuse(`${what} is a mapping, not a ${node.kind === 'sequence' ? 'list' : 'text'}`, node.span, node.kind === 'sequence' ? 'write "name:" for each, without the dash' : undefined)
}

function hostName({ key, keySpan }: YamlEntry): string {
  if (typeof key === 'string') return key
  throw refuse(`Host pattern ${String(key)} must be a string. Enclose integers/floats in quotation marks.`, keySpan)
}

function groupName(key: unknown, span: Span): string {
  if (typeof key === 'string') return key
  throw refuse(`Unable to add group ${String(key)}: Invalid group name supplied, expected a string`, span, 'put it between quotes')
}

const passedOver = (summary: string, span: Span, hint?: string): Problem => new Problem({ code: 'inventory-unknown-key', summary, span, ...(hint ? { hint } : {}) })
const originOf = ({ file }: Context): { file: string; directory: string } => ({ file, directory: dirname(file) })
const refuse = (detail: string, span: Span, hint?: string): Problem => new Problem({ code: 'inventory-yaml', summary: 'this is not an inventory', detail, span, ...(hint ? { hint } : {}) })
