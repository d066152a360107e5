import { type LineCounter, type ParsedNode, isAlias, isMap, isScalar, isSeq } from 'yaml'
import { Problem, Problems, type Span } from '../problem/problem.ts'
import { TemplateString, type Value, VaultString, asTemplate } from '../value/value.ts'
import { type VaultSecrets, decrypt, noVaultSecrets } from '../vault/vault.ts'
import { hurtfulItems, hurtfulKey, hurtfulScalar } from './hurtful-scalar.ts'
import { parseDocuments } from './parse-documents.ts'
import { type PlainScalar, parseNumber, parseTimestamp, resolvePlain } from './plain-scalar.ts'
import { syntaxProblem, unquotedTemplate } from './syntax-problem.ts'
import type { YamlEntry, YamlMapping, YamlNode, YamlScalar } from './yaml-node.ts'

/** What a key that stands twice in a mapping is. */
export type Duplicates = 'refuse' | 'warn' | 'ignore'

export interface ParseOptions {
  /** The name for spans. */
  readonly file: string
  /** Whether strings with template marks become `TemplateString`. Text from hosts and commands must say false. */
  readonly templates: boolean
  /** Opens `!vault` values, when they are first looked at. */
  readonly vault?: VaultSecrets
  /** Ansible warns of a duplicate key and takes the last; we refuse unless told otherwise. */
  readonly duplicates?: Duplicates
  /** Told where YAML 1.1 reads what people rarely mean (`mode: 644`, `22:22`, `[de, no]`). */
  readonly warn?: (problem: Problem) => void
}

/** The one document of a text, with places; an empty text is a null scalar. Throws `Problems` with all that is wrong in it. */
export function parseYaml(text: string, options: ParseOptions): YamlNode {
  const documents = parseYamlDocuments(text, options)
  const second = documents[1]
  if (second) throw new Problems([new Problem({ code: 'yaml-documents', summary: 'one document is wanted here, and the file holds several', detail: `${documents.length} documents`, span: second.span })])
  return documents[0] ?? { kind: 'scalar', value: null, text: '', style: 'plain', span: { file: options.file, line: 1, column: 1 } }
}

/** All documents of a text (`---` between them). */
export function parseYamlDocuments(source: string, options: ParseOptions): readonly YamlNode[] {
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  const { documents, lines } = parseDocuments(text)
  const problems: Problem[] = []
  const nodes = documents.map((document) => {
    const found: Problem[] = []
    const reading: Reading = { text, lines, options, problems: found, anchors: new Map(), unsafe: false }
    const errors = withoutEchoes(document.errors.map((error) => syntaxProblem(error, text, options.file, lines)))
    const node = document.contents ? convert(document.contents, reading, '') : emptyNode(reading, document.range[0])
    // Above the first syntax error the structure is what was written, and other mistakes there are real ones.
    const first = errors[0]?.span?.line ?? Infinity
    problems.push(...found.filter(({ span }) => (span?.line ?? 0) < first), ...errors)
    return node
  })
  if (problems.length > 0) throw new Problems(problems)
  return nodes
}

interface Reading {
  readonly text: string
  readonly lines: LineCounter
  readonly options: ParseOptions
  readonly problems: Problem[]
  /** `open` while the anchored node itself is being read. */
  readonly anchors: Map<string, YamlNode | 'open'>
  readonly unsafe: boolean
}

/** One mistake makes the parser stumble several times: of neighbouring errors only the first is told. */
function withoutEchoes(problems: readonly Problem[]): readonly Problem[] {
  const kept: Problem[] = []
  for (const problem of problems) {
    const last = kept.at(-1)
    if (!last || (problem.span?.line ?? 0) > (last.span?.line ?? 0) + 1) kept.push(problem)
  }
  return kept
}

function convert(node: ParsedNode | null, reading: Reading, key: string, at = 0): YamlNode {
  if (!node) return emptyNode(reading, at)
  if (isAlias(node)) return readAlias(node.source, node.range[0], reading)
  if (node.anchor) reading.anchors.set(node.anchor, 'open')
  const converted = convertTagged(node, reading, key)
  if (node.anchor) reading.anchors.set(node.anchor, converted)
  return converted
}

function readAlias(name: string, offset: number, reading: Reading): YamlNode {
  const target = reading.anchors.get(name)
  if (target && target !== 'open') return target
  const detail = target ? `*${name} stands inside &${name}` : `*${name} is used and &${name} is not above it`
  return refuse(reading, { code: 'yaml-alias', summary: 'an alias has no anchor it could stand for', detail, span: spanAt(reading, offset, name.length + 1) })
}

function convertTagged(node: Exclude<ParsedNode, { source: string; range: never }>, reading: Reading, key: string): YamlNode {
  const tag = node.tag
  if (tag === '!unsafe') return convertUntagged(node, { ...reading, unsafe: true }, key)
  if (tag === '!vault' || tag === '!vault-encrypted') return readVault(node, reading)
  if (isScalar(node)) return tag && tag !== '!' ? readTagged(node as ParsedScalar, tag, reading) : convertUntagged(node, reading, key)
  if (tag && tag !== '!' && tag !== `${CORE}map` && tag !== `${CORE}seq`) return badTag(tag, node.range[0], reading)
  return convertUntagged(node, reading, key)
}

const CORE = 'tag:yaml.org,2002:'

function convertUntagged(node: ParsedNode, reading: Reading, key: string): YamlNode {
  if (isScalar(node)) return readScalar(node as ParsedScalar, reading, key).node
  const span = spanAt(reading, node.range[0])
  if (isSeq(node)) return readSequence(node.items as ParsedNode[], span, reading, key)
  if (isMap(node)) return readMapping(node as ParsedMap, span, reading)
  throw new TypeError('a node of YAML that is none of its kinds')
}

type ParsedScalar = ParsedNode & { value: unknown; type?: string; source?: string; range: [number, number, number] }
interface ParsedMap { readonly items: readonly { readonly key: ParsedNode; readonly value: ParsedNode | null }[]; readonly range: [number, number, number] }

function readScalar(node: ParsedScalar, reading: Reading, key: string): { node: YamlScalar; type: PlainScalar['type'] } {
  const text = String(node.value ?? '')
  const base = { kind: 'scalar', text, style: styleOf(node.type), span: contentSpan(node, text, reading) } as const
  if (base.style !== 'plain') return { node: { ...base, value: readText(text, base.span, reading) }, type: 'str' }
  const { value, type } = resolveAt(text, base.span, reading)
  const scalar: YamlScalar = { ...base, value: type === 'str' ? readText(text, base.span, reading) : value }
  const warning = hurtfulScalar(scalar, type, key)
  if (warning) reading.options.warn?.(warning)
  return { node: scalar, type }
}

const readText = (text: string, span: Span, { options, unsafe }: Reading): Value => (options.templates && !unsafe ? asTemplate(text, span) : text)

function resolveAt(text: string, span: Span, reading: Reading): PlainScalar {
  try {
    return resolvePlain(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    reading.problems.push(new Problem({ code: 'yaml-value', summary: 'YAML takes this for a date, and it is none', detail: error.message, hint: 'put it between quotes to keep it a text', span }))
    return { value: text, type: 'str' }
  }
}

function readTagged(node: ParsedScalar, tag: string, reading: Reading): YamlNode {
  const text = String(node.value ?? '')
  const span = contentSpan(node, text, reading)
  const scalar = (value: Value): YamlScalar => ({ kind: 'scalar', text, style: styleOf(node.type), span, value })
  const wrong = (): YamlNode => refuse(reading, { code: 'yaml-value', summary: 'a value does not fit its tag', detail: `${tag.replace(CORE, '!!')} ${text}`, span })
  if (tag === `${CORE}str`) return scalar(readText(text, span, reading))
  if (tag === `${CORE}null`) return scalar(null)
  if (tag === `${CORE}bool`) {
    const { value } = resolvePlain(text)
    return typeof value === 'boolean' ? scalar(value) : wrong()
  }
  if (tag === `${CORE}int` || tag === `${CORE}float`) {
    const number = parseNumber(text) ?? (tag.endsWith('float') && /^[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$/.test(text) ? parseNumber(`${Number(text)}.`) : undefined)
    if (!number) return wrong()
    return scalar(tag.endsWith('float') && number.type === 'int' ? (parseNumber(`${String(number.value)}.0`)?.value ?? number.value) : number.value)
  }
  if (tag === `${CORE}timestamp`) return scalar(parseTimestamp(text) ?? text)
  if (tag === `${CORE}binary`) return scalar(Buffer.from(text, 'base64').toString('utf8'))
  return badTag(tag, node.range[0], reading)
}

function badTag(tag: string, offset: number, reading: Reading): YamlNode {
  const shown = tag.replace(CORE, '!!')
  return refuse(reading, { code: 'yaml-tag', summary: 'a tag that Ansible does not know', detail: shown, hint: '!vault and !unsafe are the tags of playbooks', span: spanAt(reading, offset) })
}

function readVault(node: ParsedNode, reading: Reading): YamlNode {
  if (!isScalar(node)) return badTag('!vault on a list or mapping', node.range[0], reading)
  const text = String(node.value ?? '')
  const span = contentSpan(node as ParsedScalar, text, reading)
  const vault = reading.options.vault ?? noVaultSecrets
  let opened: string | undefined
  const open = (): string => {
    if (opened === undefined) {
      opened = decrypt(text, vault, span)
      vault.onSecret?.(opened)
    }
    return opened
  }
  return { kind: 'scalar', value: new VaultString(text, open, span), text, style: styleOf((node as ParsedScalar).type), span }
}

function readSequence(items: readonly ParsedNode[], span: Span, reading: Reading, key: string): YamlNode {
  const bools = new Set<YamlNode>()
  const nodes = items.map((item) => {
    const node = convert(item, reading, key, item?.range[0])
    if (node.kind === 'scalar' && typeof node.value === 'boolean' && node.style === 'plain') bools.add(node)
    return node
  })
  if (reading.options.warn && bools.size > 0) for (const warning of hurtfulItems(nodes, bools)) reading.options.warn(warning)
  return { kind: 'sequence', items: nodes, span }
}

/**
 * Entries in order. `<<` brings in entries of other mappings that the mapping's own override, wherever it stands; of several
 * merged mappings the first wins. Merged entries come first, as in PyYAML.
 */
function readMapping(map: ParsedMap, span: Span, reading: Reading): YamlNode {
  const own = new Map<Value, YamlEntry>()
  const merged: YamlEntry[][] = []
  for (const { key, value } of map.items) {
    const read = readKey(key, reading)
    if (!read) continue
    const entry: YamlEntry = { key: read.key, keySpan: read.span, value: convert(value, reading, String(read.key), key?.range[1]) }
    if (read.merge) merged.push(...mergeSources(entry, reading))
    else {
      const first = own.get(entry.key)
      if (first) duplicate(entry, first, reading)
      own.set(entry.key, entry)
    }
  }
  if (merged.length === 0) return { kind: 'mapping', entries: [...own.values()], span }
  const all = new Map<Value, YamlEntry>()
  for (const entries of merged.reverse()) for (const entry of entries) all.set(entry.key, entry)
  for (const entry of own.values()) all.set(entry.key, entry)
  return { kind: 'mapping', entries: [...all.values()], span }
}

function readKey(node: ParsedNode, reading: Reading): { key: Value; span: Span; merge: boolean } | undefined {
  if (!node) return { key: null, span: spanAt(reading, 0), merge: false }
  if (isMap(node) && reading.text[node.range[0]] === '{' && reading.text[node.range[0] - 1] === '{') {
    reading.problems.push(unquotedTemplate(spanAt(reading, node.range[0] - 1)))
    return undefined
  }
  if (isScalar(node) && !node.tag) {
    const { node: scalar, type } = readScalar(node as ParsedScalar, { ...reading, unsafe: true, options: { ...reading.options, warn: () => undefined } }, '')
    const warning = hurtfulKey(scalar, type)
    if (warning) reading.options.warn?.(warning)
    if (node.anchor) reading.anchors.set(node.anchor, scalar)
    return { key: scalar.value, span: scalar.span, merge: type === 'merge' }
  }
  const converted = convert(node, { ...reading, unsafe: true }, '')
  if (converted.kind === 'scalar' && !(converted.value instanceof VaultString)) {
    const value = converted.value instanceof TemplateString ? converted.value.source : converted.value
    return { key: value, span: converted.span, merge: false }
  }
  refuse(reading, { code: 'yaml-key', summary: 'a key must be a text, a number or another plain value', span: converted.span })
  return undefined
}

function mergeSources({ value, keySpan }: YamlEntry, reading: Reading): YamlEntry[][] {
  const sources = value.kind === 'sequence' ? value.items : [value]
  const mappings = sources.filter((source): source is YamlMapping => source.kind === 'mapping')
  if (mappings.length < sources.length) refuse(reading, { code: 'yaml-merge', summary: 'the merge key << wants a mapping or a list of mappings', span: keySpan })
  return mappings.map(({ entries }) => [...entries])
}

function duplicate(entry: YamlEntry, first: YamlEntry, { options, problems }: Reading): void {
  if (options.duplicates === 'ignore') return
  const detail = `'${String(entry.key)}' is already on line ${first.keySpan.line}, column ${first.keySpan.column}`
  const problem = new Problem({ code: 'yaml-duplicate-key', summary: `found a duplicate dict key (${String(entry.key)})`, detail, hint: 'remove one of the two, or rename it', span: entry.keySpan })
  if (options.duplicates === 'warn') options.warn?.(problem)
  else problems.push(problem)
}

function refuse(reading: Reading, parts: ConstructorParameters<typeof Problem>[0] & { span: Span }): YamlNode {
  reading.problems.push(new Problem(parts))
  return { kind: 'scalar', value: null, text: '', style: 'plain', span: parts.span }
}

const STYLES: Readonly<Record<string, YamlScalar['style']>> = { QUOTE_SINGLE: 'single', QUOTE_DOUBLE: 'double', BLOCK_LITERAL: 'literal', BLOCK_FOLDED: 'folded' }
const styleOf = (type: string | undefined): YamlScalar['style'] => STYLES[type ?? ''] ?? 'plain'

const emptyNode = (reading: Reading, offset: number): YamlScalar => ({ kind: 'scalar', value: null, text: '', style: 'plain', span: spanAt(reading, offset) })

function spanAt({ lines, options }: Reading, offset: number, length?: number): Span {
  const { line, col } = lines.linePos(offset)
  return { file: options.file, line: Math.max(line, 1), column: Math.max(col, 1), ...(length ? { length } : {}) }
}

/** Where the content of a scalar begins. For a literal block every further line of the content is a further line of the file. */
function contentSpan(node: ParsedScalar, text: string, reading: Reading): Span {
  const style = styleOf(node.type)
  const [start, end] = node.range
  const source = reading.text
  if (style === 'literal' || style === 'folded') {
    const first = source.indexOf('\n', start) + 1
    const indent = blockIndent(source, start, first, end)
    const { line } = reading.lines.linePos(start)
    return { file: reading.options.file, line: line + 1, column: indent + 1, ...(style === 'literal' ? { block: { indent } } : {}) }
  }
  const span = spanAt(reading, style === 'plain' ? start : start + 1)
  const length = text.includes('\n') || source.slice(start, end).includes('\n') ? 0 : text.length
  return length > 0 ? { ...span, length } : span
}

function blockIndent(source: string, start: number, first: number, end: number): number {
  const line = source.slice(first, end).split('\n').find((candidate) => candidate.trim() !== '') ?? ''
  const found = line.length - line.trimStart().length
  const explicit = /^[|>][-+]?([1-9])/.exec(source.slice(start, start + 3))?.[1]
  if (!explicit) return found
  // With an indentation indicator, leading spaces beyond it are content: count from the least indented line.
  const least = source.slice(first, end).split('\n').filter((candidate) => candidate.trim() !== '').map((candidate) => candidate.length - candidate.trimStart().length)
  return Math.min(found, ...least)
}
