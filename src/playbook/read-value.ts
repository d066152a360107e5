import { didYouMean } from '../problem/did-you-mean.ts'
import type { Span } from '../problem/problem.ts'
import { type Dict, Float, TemplateString, type Value, VaultString } from '../value/value.ts'
import { type YamlMapping, type YamlNode, entryOf, toValue } from '../yaml/yaml-node.ts'
import type { Keywords, Kind } from './keywords.ts'
import { type Loading, report } from './loading.ts'

/** A mapping of the playbook: keys as text, in order. */
export type YamlMap = YamlMapping

const YES = new Set(['yes', 'true', 'on', 'y', 't', '1'])
const NO = new Set(['no', 'false', 'off', 'n', 'f', '0'])

export const isTemplate = (value: Value): value is TemplateString => value instanceof TemplateString
/** The text of a scalar as the file says it, with its braces; undefined for anything else. */
export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value
  if (value instanceof TemplateString) return value.source
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value instanceof Float) return String(value.value)
  return undefined
}

/** The keys of a mapping as text with their values; keys that are not text are reported. */
export function entriesOf(loading: Loading, map: YamlMap, what: string): [string, YamlNode][] {
  return map.entries.flatMap(({ key, keySpan: span, value }) => {
    if (typeof key === 'string') return [[key, value] as [string, YamlNode]]
    report(loading, { code: 'bad-key', summary: 'A keyword must be text', detail: `${JSON.stringify(textOf(key) ?? key)} in ${what}`, span })
    return []
  })
}

export const keySpan = (map: YamlMap, key: Value): Span => entryOf(map, key)?.keySpan ?? map.span
export const nodeAt = (map: YamlMap, key: string): YamlNode | undefined => entryOf(map, key)?.value
export const has = (map: YamlMap, key: string): boolean => entryOf(map, key) !== undefined

/** The value below a key; undefined where the key is missing or says nothing. */
export function valueAt(map: YamlMap, key: string): YamlNode | undefined {
  const node = nodeAt(map, key)
  return node && isNothing(node) ? undefined : node
}
export const isNothing = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null

/** Reports keys that are no keywords, with the nearest one. */
export function checkKeywords(loading: Loading, map: YamlMap, keywords: Iterable<string>, what: string): void {
  const known = [...keywords]
  for (const [key] of entriesOf(loading, map, what)) {
    if (known.includes(key)) continue
    const hint = didYouMean(key, known)
    report(loading, { code: 'unknown-keyword', summary: `'${key}' is not a valid attribute for ${what.replace(/^(an?) (play|block|role|task)$/, (_, article: string, level: string) => `${article} ${level[0]!.toUpperCase()}${level.slice(1)}`)}`, span: keySpan(map, key), ...(hint ? { hint } : {}) })
  }
}

/** The plain keywords of a mapping as properties of the tree: booleans and numbers read, templates kept. */
export function readKeywords(loading: Loading, map: YamlMap, keywords: Keywords): Record<string, Value> {
  const found: Record<string, Value> = {}
  for (const [key, [property, kind]] of Object.entries(keywords)) {
    const node = kind === 'special' ? undefined : valueAt(map, key)
    const value = node && readKind(loading, node, kind, key)
    if (value !== undefined) found[property] = value
  }
  return found
}

function readKind(loading: Loading, node: YamlNode, kind: Kind, key: string): Value | undefined {
  const value = toValue(node)
  if (kind === 'any' || isTemplate(value) || value instanceof VaultString) return value
  const read = kind === 'flag' ? readFlag(value) : kind === 'number' ? readNumber(value) : kind === 'dict' ? readDict(value) : readText(value)
  if (read === undefined) wrongType(loading, node, key, WANTED[kind])
  return read
}

const WANTED = { flag: 'yes or no', number: 'a number', text: 'text', dict: 'a mapping', special: '', any: '' } as const

export function wrongType(loading: Loading, node: YamlNode, key: string, wanted: string): void {
  report(loading, { code: 'wrong-type', summary: 'The keyword has a value of the wrong type', detail: `'${key}' must be ${wanted}`, span: node.span })
}

export function readFlag(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value
  const text = textOf(value)?.toLowerCase()
  return text === undefined ? undefined : YES.has(text) ? true : NO.has(text) ? false : undefined
}
export function readNumber(value: Value): number | undefined {
  const text = textOf(value)?.trim().replace(/%$/, '')
  return text === undefined || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
}
const readText = (value: Value): string | undefined => (typeof value === 'boolean' ? (value ? 'True' : 'False') : textOf(value))
const readDict = (value: Value): Dict | undefined => (value instanceof Map ? value : undefined)

/** One node or a list of them. */
export const listOf = (node: YamlNode | undefined): readonly YamlNode[] => (!node || isNothing(node) ? [] : node.kind === 'sequence' ? node.items : [node])
