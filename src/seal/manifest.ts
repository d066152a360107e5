import { Problem, type Span, problemsOf } from '../problem/problem.ts'
import { type Value, VaultString } from '../value/value.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import { parseYamlDocuments } from '../yaml/parse-nodes.ts'
import { type YamlEntry, type YamlMapping, type YamlNode, entryOf } from '../yaml/yaml-node.ts'

export interface Reading {
  /** The name for places. */
  readonly file: string
  /** It holds secrets in the clear: errors show none of its lines, nor any of its values. */
  readonly concealed?: boolean
  readonly vault?: VaultSecrets
}

/** One manifest of a text: its document, and the way to it inside of that (`items`, 0) where it stands in a List. */
export interface Manifest {
  readonly document: number
  readonly path: readonly (string | number)[]
  readonly kind: string
  readonly node: YamlMapping
}

/** The manifests of a YAML or JSON text, those of Lists one by one. Throws `Problems`; empty documents are none. */
export function readManifests(text: string, reading: Reading): readonly Manifest[] {
  // A Secret among others: what stands in the file is not shown either.
  const concealed = reading.concealed ?? /\bkind["']?\s*:\s*["']?Secret(?:List)?\b/.test(text)
  return parsed(text, { ...reading, concealed }).flatMap((node, document) => manifestsOf(node, document, []))
}

function parsed(text: string, { file, concealed, vault }: Reading): readonly YamlNode[] {
  try {
    const nodes = parseYamlDocuments(text, { file, templates: false, ...(vault ? { vault } : {}) })
    return concealed ? nodes.map((node) => conceal(node)) : nodes
  } catch (error) {
    const problems = concealed ? problemsOf(error) : undefined
    const [first] = problems ?? []
    if (!first) throw error
    throw new Problem({ code: first.code, summary: first.summary.replace(/ \(.*\)$/, ''), detail: `${file} (its lines are not shown, for they may be secret)`, ...(first.span ? { span: { ...first.span, concealed: true } } : {}) })
  }
}

function manifestsOf(node: YamlNode, document: number, path: readonly (string | number)[]): readonly Manifest[] {
  if (node.kind === 'scalar' && node.value === null) return []
  if (node.kind !== 'mapping') throw wrong('a manifest must be a mapping', node.span)
  const kind = textOf(node, 'kind') ?? ''
  const items = entryOf(node, 'items')?.value
  if (!/List$/.test(kind) || items?.kind !== 'sequence') return [{ document, path, kind, node }]
  return items.items.flatMap((item, i) => manifestsOf(item, document, [...path, 'items', i]))
}

/** Every place in a node says that its line must not be shown. What several aliases share stays shared. */
function conceal(node: YamlNode, done = new Map<YamlNode, YamlNode>()): YamlNode {
  const found = done.get(node)
  if (found) return found
  const span: Span = { ...node.span, concealed: true }
  const inside = node.kind === 'sequence' ? { items: node.items.map((item) => conceal(item, done)) }
    : node.kind === 'mapping' ? { entries: node.entries.map(({ key, keySpan, value }) => ({ key, keySpan: { ...keySpan, concealed: true as const }, value: conceal(value, done) })) } : {}
  const concealed = { ...node, span, ...inside } as YamlNode
  done.set(node, concealed)
  return concealed
}

/** The mapping under a key; an empty one where there is nothing. */
export function mappingOf(node: YamlMapping, key: string): YamlMapping {
  const value = entryOf(node, key)?.value
  if (!value || (value.kind === 'scalar' && value.value === null)) return { kind: 'mapping', entries: [], span: value?.span ?? node.span }
  if (value.kind !== 'mapping') throw wrong(`${key} must be a mapping`, value.span)
  return value
}

/** The text under a key; `undefined` where there is none. */
export function textOf(node: YamlMapping, key: string): string | undefined {
  const entry = entryOf(node, key)
  return !entry || isNull(entry.value) ? undefined : textIn(entry)
}

/** The texts of a mapping by their keys, as the API of Kubernetes wants them: a number or a truth value is refused. */
export function textsOf(node: YamlMapping, key: string): Readonly<Record<string, string>> {
  return Object.fromEntries(mappingOf(node, key).entries.map((entry) => [String(entry.key), textIn(entry)]))
}

export function textIn({ key, value }: YamlEntry): string {
  const found = value.kind === 'scalar' ? plainText(value.value, value.text) : undefined
  if (found === undefined) throw wrong(`${String(key)} must be a text`, value.span, value.kind === 'scalar' ? 'put it between quotes' : undefined)
  return found
}

// What YAML 1.1 takes for a date is a text to Kubernetes, as it was written.
const plainText = (value: Value, text: string): string | undefined => (value instanceof VaultString ? value.decrypt() : typeof value === 'string' ? text : undefined)
const isNull = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null

/** Something in a manifest that Kubernetes or the controller would refuse. */
export const wrong = (detail: string, span: Span, hint?: string): Problem => new Problem({ code: 'seal-manifest', summary: 'the manifest cannot be used', detail, span, ...(hint ? { hint } : {}) })
