import { dirname } from 'node:path'
import { Problem, Problems, type Span, problemsOf } from '../../problem/problem.ts'
import { asTemplate, type Value } from '../../value/value.ts'
import { parsePythonLiteral } from '../python-literal.ts'
import { type Word, splitIniLine } from './split-ini-line.ts'
import { type Reading, type Source, type SourceKind, addHosts } from './source.ts'

type Kind = 'hosts' | 'children' | 'vars'
interface Section {
  readonly group: string
  readonly kind: Kind
}

/** Groups that a `:vars` or `:children` line speaks of before (or without) a section that makes them; children join their parents then. */
interface Pending {
  readonly names: Map<string, { readonly span: Span; readonly section: string }>
  readonly parents: Map<string, { readonly parent: string; readonly span: Span }[]>
}

export const ini: SourceKind = { name: 'ini', accepts: ({ exists, ending }) => exists && ending !== '.toml', read: (source, reading) => readIni(source, reading) }

/** An inventory in the INI format of Ansible's documentation. All bad lines are told, each with its place; what stands before the first counts. */
function readIni(source: Source, given: Reading): void {
  const file = source.place
  let reading = given
  const problems: Problem[] = []
  const pending: Pending = { names: new Map(), parents: new Map() }
  const declared = new Set(['all', 'ungrouped', ...reading.data.groups.keys()])
  let section: Section = { group: 'ungrouped', kind: 'hosts' }
  for (const [index, line] of source.text().replace(/^\uFEFF/, '').split(/\r?\n/).entries()) {
    const column = line.length - line.trimStart().length + 1
    const span: Span = { file, line: index + 1, column, length: Math.max(1, line.trim().length) }
    try {
      section = readLine(line, section, span, { reading, pending, declared, file })
    } catch (error) {
      problems.push(...(problemsOf(error) ?? raise(error)))
      if (reading === given) reading = { ...given, data: given.data.copy(), warn: () => undefined }
    }
  }
  for (const [name, { span, section: title }] of pending.names) {
    if (!declared.has(name)) problems.push(problem('inventory-undefined-group', 'a group is spoken of that nothing defines', `[${title}] speaks of '${name}'`, span))
  }
  if (problems.length > 0) throw new Problems(problems)
}

function raise(error: unknown): never {
  throw error
}

interface Context {
  readonly reading: Reading
  readonly pending: Pending
  readonly declared: Set<string>
  readonly file: string
}

function readLine(line: string, section: Section, span: Span, context: Context): Section {
  const text = line.trim()
  if (text === '' || text.startsWith('#') || text.startsWith(';')) return section
  if (isSectionHead(text, section.kind)) return readSection(text, span, context)
  if (section.kind === 'vars') readVar(line, section.group, span, context)
  else if (section.kind === 'children') readChild(line, section.group, span, context)
  else readHost(line, section.group, span, context)
  return section
}

// Inside a list of hosts `[::1]`, `[fd00::1]:22 key=value` and `[1:3].example` are hosts.
const isSectionHead = (text: string, kind: Kind): boolean =>
  text.startsWith('[') && !(kind === 'hosts' && ((/^\[[0-9a-fA-F]*:[0-9a-fA-F:.]*\]/.test(text) && /^\[[^\]]*:[^\]]*:/.test(text)) || /^\[[^\]\s]*:[^\]\s]*\][^\s#;]/.test(text)))

function readSection(text: string, span: Span, { reading: { data }, pending, declared }: Context): Section {
  const match = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?$/.exec(text)
  if (!match) throw problem('inventory-section', 'this is not the head of a section', text, span, 'write [group], [group:vars] or [group:children]')
  const [, group = '', kind = 'hosts'] = match
  if (kind !== 'hosts' && kind !== 'children' && kind !== 'vars') throw problem('inventory-section', 'a section holds hosts, vars or children', `[${group}:${kind}]`, span)
  if (kind === 'vars' && !data.groups.has(group)) pending.names.set(group, { span, section: `${group}:vars` })
  data.addGroup(group)
  if (kind !== 'vars') {
    declared.add(group)
    const waiting = pending.parents.get(group) ?? []
    pending.parents.delete(group)
    for (const { parent, span: place } of waiting) data.addChild(parent, group, place)
  }
  return { group, kind }
}

function readHost(line: string, group: string, span: Span, { reading, file }: Context): void {
  const [host, ...assignments] = splitIniLine(line, span)
  if (!host) return
  checkName(host, wordSpan(span, host))
  const vars = assignments.map((word): readonly [string, Value] => {
    const at = word.text.indexOf('=')
    if (at < 1) throw problem('inventory-assignment', 'Expected key=value host variable assignment', `got: ${word.text}`, wordSpan(span, word), 'a value with spaces is put between quotes: name="a b"')
    return [word.text.slice(0, at), typed(word.text.slice(at + 1), { ...span, column: word.column + at + 1 })]
  })
  // Only after the whole line was understood: a bad line adds nothing.
  const hosts = addHosts(reading, host.text, group, { file, directory: dirname(file) }, wordSpan(span, host))
  for (const { name } of hosts) for (const [key, value] of vars) reading.data.addHost(name).vars.set(key, value)
}

function checkName({ text }: Word, span: Span): void {
  if (text === '') throw problem('inventory-host', 'a host has no name', "''", span)
  if (text === '---') throw problem('inventory-host', `Invalid host pattern '${text}' supplied`, "'---' is normally a sign this is a YAML file", span)
  if (text.endsWith(':')) throw problem('inventory-host', `Invalid host pattern '${text}' supplied`, "ending in ':' is not allowed, this character is reserved to provide a port", span)
}

function readChild(line: string, group: string, span: Span, { reading: { data }, pending, declared }: Context): void {
  const [child, more] = splitIniLine(line, span)
  if (!child) return
  if (more) throw problem('inventory-child', 'a line of [group:children] is the name of one group', line.trim(), wordSpan(span, more))
  const place = wordSpan(span, child)
  if (declared.has(child.text)) return data.addChild(group, child.text, place)
  if (!pending.names.has(child.text)) pending.names.set(child.text, { span: place, section: `${group}:children` })
  pending.parents.set(child.text, [...(pending.parents.get(child.text) ?? []), { parent: group, span: place }])
}

function readVar(line: string, group: string, span: Span, { reading: { data } }: Context): void {
  const at = line.indexOf('=')
  const key = line.slice(0, Math.max(at, 0)).trim()
  if (key === '') throw problem('inventory-assignment', 'a line of [group:vars] is name=value', line.trim(), span)
  const rest = line.slice(at + 1)
  const column = at + 2 + (rest.length - rest.trimStart().length)
  data.setGroupVar(data.addGroup(group), key, typed(rest.trim(), { ...span, column, length: Math.max(1, rest.trim().length) }), span)
}

/** A Python literal, or the text itself, which may be a template. */
function typed(text: string, span: Span): Value {
  const value = parsePythonLiteral(text)
  if (value === undefined) return asTemplate(text, span)
  return templates(value, span)
}

function templates(value: Value, span: Span): Value {
  if (typeof value === 'string') return asTemplate(value, span)
  if (Array.isArray(value)) return value.map((item: Value) => templates(item, span))
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, templates(item, span)]))
  return value
}

const wordSpan = (span: Span, word: Word): Span => ({ file: span.file, line: span.line, column: word.column, length: Math.max(1, word.length) })
const problem = (code: string, summary: string, detail: string, span: Span, hint?: string): Problem => new Problem({ code, summary, detail, span, ...(hint ? { hint } : {}) })
