import type { Span } from '../problem/problem.ts'
import type { Dict, Value } from '../value/value.ts'

/** A YAML document with the place of every key and value. Aliases are the node they stand for; merge keys are already merged. */
export type YamlNode = YamlScalar | YamlSequence | YamlMapping

export interface YamlScalar {
  readonly kind: 'scalar'
  /** As Ansible reads it. A `TemplateString` where templates were asked for and the text has marks; a `VaultString` for `!vault`. */
  readonly value: Value
  /** The characters before YAML 1.1 gave them a type: `0644`, `yes`. */
  readonly text: string
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded'
  /** The first character of the content: after an opening quote, on the first line of a block. */
  readonly span: Span
}

export interface YamlSequence {
  readonly kind: 'sequence'
  readonly items: readonly YamlNode[]
  readonly span: Span
}

export interface YamlMapping {
  readonly kind: 'mapping'
  readonly entries: readonly YamlEntry[]
  readonly span: Span
}

export interface YamlEntry {
  readonly key: Value
  readonly keySpan: Span
  readonly value: YamlNode
}

/** The value without its places. What several aliases share stays shared. */
export function toValue(node: YamlNode): Value {
  if (node.kind === 'scalar') return node.value
  let value = made.get(node)
  if (value === undefined) {
    value = node.kind === 'sequence' ? node.items.map(toValue) : toDict(node)
    made.set(node, value)
  }
  return value
}

// Anchored nodes are values many times over: a document of nested aliases must not grow exponentially.
const made = new WeakMap<YamlNode, Value>()

const toDict = (node: YamlMapping): Dict => new Map(node.entries.map(({ key, value }) => [key, toValue(value)]))

/** The entry of a key, with its place. */
export const entryOf = (node: YamlMapping, key: Value): YamlEntry | undefined => node.entries.find((entry) => entry.key === key)
