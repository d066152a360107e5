import { collecting } from '../problem/collecting.ts'
import { Problem, Problems, type Span, problemsOf } from '../problem/problem.ts'
import type { Value } from '../value/value.ts'
import { parseYamlDocuments } from '../yaml/parse-nodes.ts'
import type { YamlMapping, YamlNode } from '../yaml/yaml-node.ts'
import { type Part, below, isNothing, isOpen, itemsOf, nodeOf, textOf, wrong } from './part.ts'

/** One object of a manifest, as it was written. `path` leads to it from its document, where it stands in a List. */
export interface Manifest extends Part {
  readonly node: YamlMapping
  /** What people call it where it has no name: `document 2`. */
  readonly place: string
}

const SECRET = /\bkind["']?\s*:\s*["']?Secret/

/** The objects of a YAML or JSON text, those of Lists one by one. Throws `Problems`; the lines of a text with a Secret in it are not shown. */
export function readText(text: string, file: string, firstLine?: Span): readonly Manifest[] {
  const nodes = parsed(text, file).map((node) => (firstLine ? moved(node, firstLine) : node))
  return objectsOf(nodes, nodes.length > 1)
}

/** The same of a value: a dict, a list of dicts, or texts. `span` is the place of the whole. */
export function readValue(value: Value, span: Span): readonly Manifest[] {
  if (typeof value === 'string') return readText(value, span.file)
  const values = Array.isArray(value) ? (value as readonly Value[]) : [value]
  return objectsOf(values.flatMap((one) => (typeof one === 'string' ? parsed(one, span.file) : [nodeOf(one, span)])), values.length > 1)
}

/** The same of nodes of a playbook. */
export function readNode(node: YamlNode): readonly Manifest[] {
  if (node.kind !== 'scalar') return objectsOf(node.kind === 'sequence' ? node.items : [node], node.kind === 'sequence')
  if (typeof node.value !== 'string') return []
  // Only in a literal block do the lines of the text stand as they are.
  return node.style === 'literal' ? readText(node.text, node.span.file, node.span) : objectsOf(parsed(node.text, node.span.file).map((one) => changed(one, () => node.span)), true)
}

function parsed(text: string, file: string): readonly YamlNode[] {
  const concealed = SECRET.test(text)
  try {
    const nodes = parseYamlDocuments(text, { file, templates: false, duplicates: 'refuse' })
    return concealed ? nodes.map((node) => changed(node, (span) => ({ ...span, concealed: true as const }))) : nodes
  } catch (error) {
    const [first] = (concealed ? problemsOf(error) : undefined) ?? []
    if (!first) throw error
    throw new Problem({ code: first.code, summary: first.summary.replace(/ \(.*\)$/, ''), detail: 'lines of a text with a Secret are not shown', ...(first.span ? { span: { ...first.span, concealed: true } } : {}) })
  }
}

/** Places in a text that is a block of another file. */
const moved = (node: YamlNode, { file, line, block }: Span): YamlNode => changed(node, (span) => ({ ...span, file, line: span.line + line - 1, column: span.column + (block?.indent ?? 0) }))

function changed(node: YamlNode, change: (span: Span) => Span, done = new Map<YamlNode, YamlNode>()): YamlNode {
  const found = done.get(node)
  if (found) return found
  const span = change(node.span)
  const copy = node.kind === 'scalar' ? { ...node, span } : node.kind === 'sequence' ? { ...node, span, items: node.items.map((item) => changed(item, change, done)) }
    : { ...node, span, entries: node.entries.map((entry) => ({ ...entry, keySpan: change(entry.keySpan), value: changed(entry.value, change, done) })) }
  done.set(node, copy)
  return copy
}

function objectsOf(nodes: readonly YamlNode[], several: boolean): readonly Manifest[] {
  const problems: Problem[] = []
  const found = nodes.flatMap((node, i) => collecting(problems, () => flattened({ node, path: '' }, several ? `document ${i + 1}` : 'the manifest')) ?? [])
  if (problems.length > 0) throw new Problems(problems)
  return found
}

function flattened(part: Part, place: string): readonly Manifest[] {
  if (isNothing(part.node) || isOpen(part)) return []
  if (part.node.kind !== 'mapping') throw wrong(part, `${part.path === '' ? place : ''} must be a mapping with apiVersion, kind and metadata`.trim())
  const items = below(part, 'items')
  if (!/List$/.test(textOf(below(part, 'kind')) ?? '') || items?.node.kind !== 'sequence') return [{ node: part.node, path: part.path, place }]
  return itemsOf(items).flatMap((item) => flattened(item, `${place}, ${item.path}`))
}
