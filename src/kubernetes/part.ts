import { Problem, type Span } from '../problem/problem.ts'
import { Float, TemplateString, Unknown, type Value, VaultString, isDict } from '../value/value.ts'
import type { Json } from '../value/json.ts'
import { type YamlNode, entryOf } from '../yaml/yaml-node.ts'

/** A part of a manifest, and the way to it: `spec.ports[0].port`. */
export interface Part {
  readonly node: YamlNode
  readonly path: string
}

/** The part below by keys; undefined where something on the way is not there, or has no value. */
export function below(part: Part | undefined, ...keys: readonly string[]): Part | undefined {
  let at = part
  for (const key of keys) {
    if (at?.node.kind !== 'mapping') return undefined
    const entry = entryOf(at.node, key)
    if (!entry || isNothing(entry.value)) return undefined
    at = { node: entry.value, path: joined(at.path, key) }
  }
  return at
}

export const itemsOf = (part: Part | undefined): readonly Part[] => (part?.node.kind === 'sequence' ? part.node.items.map((node, i) => ({ node, path: `${part.path}[${i}]` })) : [])

/** Entries of a mapping with their keys; `keyPart` stands where the key stands. */
export const entriesOf = (part: Part | undefined): readonly (Part & { readonly key: string; readonly keyPart: Part })[] => (part?.node.kind === 'mapping' ? part.node.entries.map(({ key, keySpan, value }) => {
  const path = joined(part.path, String(key))
  return { key: String(key), node: value, path, keyPart: { path, node: { kind: 'scalar', value: key, text: String(key), style: 'plain', span: keySpan } } }
}) : [])

/** A key as paths write it: in brackets where it has dots of its own. */
export const joined = (path: string, key: string): string => (/^[\w-]+$/.test(key) ? (path === '' ? key : `${path}.${key}`) : `${path}["${key}"]`)

export const isNothing = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null

/** What a template or the run will say: nothing can be told of it yet. */
export const isOpen = ({ node }: Part): boolean => node.kind === 'scalar' && (node.value instanceof TemplateString || node.value instanceof Unknown)

/** Whether something on the way below is not known yet. */
export function opensBelow(part: Part | undefined, ...keys: readonly string[]): boolean {
  let at = part
  for (const key of keys) {
    if (at && isOpen(at)) return true
    at = below(at, key)
  }
  return at !== undefined && isOpen(at)
}

/** The text of a part; undefined where it is none or not known yet. What YAML takes for a date is a text to Kubernetes, as it was written. */
export function textOf(part: Part | undefined): string | undefined {
  if (part?.node.kind !== 'scalar') return undefined
  const { value, text } = part.node
  return value instanceof VaultString ? value.decrypt() : typeof value === 'string' ? text : undefined
}

export function numberOf(part: Part | undefined): number | undefined {
  if (part?.node.kind !== 'scalar') return undefined
  const { value } = part.node
  return typeof value === 'number' ? value : value instanceof Float ? value.value : undefined
}

/** A manifest's mistake at a part. `text` never holds the value of a Secret. */
export const wrong = ({ node, path }: Part, text: string, hint?: string): Problem => new Problem({ code: 'k8s-manifest', summary: 'the manifest cannot be used', detail: path === '' ? text : `${path} ${text}`, span: node.span, ...(hint ? { hint } : {}) })

/** A value of a task as a node, every part at one place. */
export function nodeOf(value: Value, span: Span): YamlNode {
  if (Array.isArray(value)) return { kind: 'sequence', items: value.map((item) => nodeOf(item, span)), span }
  if (isDict(value)) return { kind: 'mapping', entries: [...value].map(([key, item]) => ({ key, keySpan: span, value: nodeOf(item, span) })), span }
  return { kind: 'scalar', value, text: typeof value === 'string' ? value : String(value), style: 'plain', span }
}

/** A node as the JSON that Kubernetes is sent. Throws the `Unknown` in it, where there is one. */
export function jsonOf(node: YamlNode): Json {
  if (node.kind === 'sequence') return node.items.map(jsonOf)
  if (node.kind === 'mapping') return Object.fromEntries(node.entries.map(({ key, value }) => [key === null ? 'null' : String(key), jsonOf(value)]))
  const { value, text } = node
  if (value instanceof Unknown) throw value
  if (value instanceof VaultString) return value.decrypt()
  if (value instanceof TemplateString) return value.source
  if (value instanceof Float) return value.value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'string') return text
  return value as Json
}
