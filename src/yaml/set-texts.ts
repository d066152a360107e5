import { isDeepStrictEqual } from 'node:util'
import { type Document, type ParsedNode, type Scalar, type YAMLMap, isAlias, isMap, isScalar, isSeq } from 'yaml'
import { parseDocuments } from './parse-documents.ts'
import { resolvePlain } from './plain-scalar.ts'

/** Texts to set in one mapping of a document: the keys (or numbers of items) that lead to it, and what stands there afterwards. */
export interface Setting {
  readonly path: readonly (string | number)[]
  readonly entries: ReadonlyMap<string, string>
}

/**
 * Sets texts in one document of a YAML or JSON text and leaves every other byte as it is: comments, quotes, order, line ends.
 * Mappings that are missing are added. `undefined` where the text is written in a way that this cannot be done (an alias, a merge key):
 * the new text is read again, and nothing but what was asked for may differ.
 */
export function setTexts(text: string, document: number, settings: readonly Setting[]): string | undefined {
  const before = parseDocuments(text).documents
  const root = before[document]?.contents
  if (!root) return undefined
  const edits = settings.flatMap((setting) => editsOf(text, root, setting))
  if (edits.includes(undefined)) return undefined
  const after = splice(text, edits as readonly Edit[])
  return isAsAsked(before, parseDocuments(after).documents, document, settings) ? after : undefined
}

interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** The last first, so that places stay right. */
const splice = (text: string, edits: readonly Edit[]): string => [...edits].sort((a, b) => b.from - a.from).reduce((so, { from, to, text: put }) => so.slice(0, from) + put + so.slice(to), text)

function editsOf(text: string, root: ParsedNode, { path, entries }: Setting): readonly (Edit | undefined)[] {
  if (entries.size === 0) return []
  let node: ParsedNode = root
  for (const [i, step] of path.entries()) {
    const next = isSeq(node) ? (node.items[Number(step)] as ParsedNode | undefined) : isMap(node) ? pairOf(node, String(step))?.value : undefined
    if (isEmpty(next)) return [isMap(node) ? addition(text, node as YAMLMap.Parsed, String(step), nested(path.slice(i + 1), entries)) : undefined]
    node = next as ParsedNode
  }
  return isMap(node) ? inMapping(text, node as YAMLMap.Parsed, entries) : [undefined]
}

function inMapping(text: string, map: YAMLMap.Parsed, entries: ReadonlyMap<string, string>): readonly (Edit | undefined)[] {
  const added = new Map([...entries].filter(([key]) => !pairOf(map, key)))
  const replaced = [...entries].filter(([key]) => pairOf(map, key)).map(([key, value]) => replacement(text, pairOf(map, key)!.value, value))
  return added.size === 0 ? replaced : [...replaced, insertion(text, map, added)]
}

type Tree = ReadonlyMap<string, string | Tree>
const nested = (path: readonly (string | number)[], entries: ReadonlyMap<string, string>): Tree => path.reduceRight<Tree>((inner, key) => new Map([[String(key), inner]]), entries)
type Pair = YAMLMap.Parsed['items'][number]
const pairOf = (map: { readonly items: readonly unknown[] }, key: string): Pair | undefined => (map.items as readonly Pair[]).find((pair) => isScalar(pair.key) && String((pair.key as Scalar).value) === key)
/** Nothing, an empty value, or `{}`: a mapping can be put in its place. */
const isEmpty = (node: unknown): boolean => node === null || node === undefined || (isScalar(node) && !node.tag && !node.anchor && String(node.value ?? '') === '' && (node as Scalar).type === 'PLAIN') || (isMap(node) && !node.anchor && node.items.length === 0)

function replacement(text: string, node: ParsedNode | null, value: string): Edit | undefined {
  if (!node || isAlias(node) || !isScalar(node) || !node.range) return undefined
  const [from, to] = node.range
  const end = text.slice(from, to).endsWith('\n') ? lineEnd(text) : ''
  const written = node.type === 'QUOTE_DOUBLE' ? JSON.stringify(value) : node.type === 'QUOTE_SINGLE' ? `'${value.replaceAll("'", "''")}'` : plain(value)
  return { from, to, text: (text[from - 1] === ':' ? ' ' : '') + written + end }
}

/** A key whose value is a mapping of its own; where the key stands there without a value, that is given one. */
function addition(text: string, map: YAMLMap.Parsed, key: string, value: Tree): Edit | undefined {
  const pair = pairOf(map, key)
  if (!pair) return insertion(text, map, new Map([[key, value]]))
  const from = pair.value?.range?.[0] ?? pair.key.range?.[1]
  if (from === undefined) return undefined
  if (map.flow) return { from, to: pair.value?.range?.[1] ?? from, text: inFlow(value) }
  const colon = text.indexOf(':', pair.key.range[1]) + 1
  const indent = ' '.repeat(columnOf(text, map.items[0]!.key.range[0]))
  return { from: colon, to: pair.value?.range?.[1] ?? colon, text: lineEnd(text) + inBlock(value, `${indent}  `, lineEnd(text)) }
}

/** After the last entry, in its column and its style. */
function insertion(text: string, map: YAMLMap.Parsed, entries: Tree): Edit | undefined {
  const last = map.items.at(-1)
  if (!last) return { from: map.range[0], to: map.range[1], text: inFlow(entries) }
  const end = (last.value ?? last.key).range?.[1]
  if (end === undefined || isAlias(last.key)) return undefined
  if (map.flow) {
    const gap = /[\s]*$/.exec(text.slice(0, last.key.range[0]))![0]
    return { from: end, to: end, text: [...entries].map(([key, value]) => `,${gap}${flowPair(key, value)}`).join('') }
  }
  const lines = inBlock(entries, ' '.repeat(columnOf(text, last.key.range[0])), lineEnd(text))
  if (text[end - 1] === '\n') return { from: end, to: end, text: lines + lineEnd(text) }
  const rest = /[^\r\n]*/.exec(text.slice(end))![0].length
  return { from: end + rest, to: end + rest, text: lineEnd(text) + lines }
}

const columnOf = (text: string, offset: number): number => offset - (text.lastIndexOf('\n', offset - 1) + 1)
const lineEnd = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n')
const inBlock = (tree: Tree, indent: string, end: string): string => [...tree].map(([key, value]) => (typeof value === 'string' ? `${indent}${plain(key)}: ${plain(value)}` : `${indent}${plain(key)}:${end}${inBlock(value, `${indent}  `, end)}`)).join(end)
const inFlow = (tree: Tree): string => `{${[...tree].map(([key, value]) => flowPair(key, value)).join(', ')}}`
const flowPair = (key: string, value: string | Tree): string => `${JSON.stringify(key)}: ${typeof value === 'string' ? JSON.stringify(value) : inFlow(value)}`
/** Without quotes where that reads as the same text everywhere. */
const plain = (text: string): string => (/^[A-Za-z][\w+/=.-]*( [\w+/=.-]+)*$/.test(text) && resolvePlain(text).type === 'str' ? text : JSON.stringify(text))

function isAsAsked(before: readonly Document.Parsed[], after: readonly Document.Parsed[], document: number, settings: readonly Setting[]): boolean {
  if (before.length !== after.length || after.some(({ errors }) => errors.length > 0)) return false
  const wanted = before.map(plainValue)
  for (const { path, entries } of settings) wanted[document] = assigned(wanted[document], path, entries)
  return isDeepStrictEqual(wanted, after.map(plainValue))
}
const plainValue = (document: Document.Parsed): unknown => document.toJS({ mapAsMap: true })

function assigned(value: unknown, [step, ...rest]: readonly (string | number)[], entries: ReadonlyMap<string, string>): unknown {
  if (step === undefined) return new Map([...asMap(value), ...entries])
  if (Array.isArray(value)) return value.map((item, i) => (i === step ? assigned(item, rest, entries) : item))
  const map = asMap(value)
  return new Map([...map, [String(step), assigned(map.get(String(step)), rest, entries)]])
}
const asMap = (value: unknown): ReadonlyMap<unknown, unknown> => (value instanceof Map ? value : new Map())
