import { dirname } from 'node:path'
import { Problem, Problems, type Span, problemsOf } from '../../problem/problem.ts'
import { asTemplate, type Value } from '../../value/value.ts'
import { parsePythonLiteral } from '../python-literal.ts'
import { type Word, splitIniLine } from './split-ini-line.ts'
import { type Reading, addHosts } from './source.ts'

type Kind = 'hosts' | 'children' | 'vars'
interface Section {
  readonly group: string
  readonly kind: Kind
}

/** Groups that a `:vars` or `:children` line speaks of before (or without) a section that makes them. */
interface Pending {
  readonly names: Map<string, { readonly span: Span; readonly section: string }>
}

/** An inventory in the INI format of Ansible's documentation. All bad lines are told, each with its place. */
export function readIni(text: string, file: string, reading: Reading): void {
  const problems: Problem[] = []
  const pending: Pending = { names: new Map() }
  const declared = new Set(['all', 'ungrouped', ...reading.data.groups.keys()])
  let section: Section = { group: 'ungrouped', kind: 'hosts' }
  for (const [index, line] of text.replace(/^\uFEFF/, '').split(/\r?\n/).entries()) {
    const column = line.length - line.trimStart().length + 1
    const span: Span = { file, line: index + 1, column, length: Math.max(1, line.trim().length) }
    try {
      section = readLine(line, section, span, { reading, pending, declared, file })
    } catch (error) {
      problems.push(...(problemsOf(error) ?? raise(error)))
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

// `[::1]` or `[fd00::1]:22 key=value` inside a list of hosts is a host.
const isSectionHead = (text: string, kind: Kind): boolean => text.startsWith('[') && !(kind === 'hosts' && /^\[[0-9a-fA-F]*:[0-9a-fA-F:.]*\]/.test(text) && /^\[[^\]]*:[^\]]*:/.test(text))

function readSection(text: string, span: Span, { reading: { data }, pending, declared }: Context): Section {
  const match = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?$/.exec(text)
  if (!match) throw problem('inventory-section', 'this is not the head of a section', text, span, 'write [group], [group:vars] or [group:children]')
  const [, group = '', kind = 'hosts'] = match
  if (kind !== 'hosts' && kind !== 'children' && kind !== 'vars') throw problem('inventory-section', 'a section holds hosts, vars or children', `[${group}:${kind}]`, span)
  if (kind === 'vars' && !data.groups.has(group)) pending.names.set(group, { span, section: `${group}:vars` })
  if (kind !== 'vars') declared.add(group)
  data.addGroup(group)
  return { group, kind }
}

function readHost(line: string, group: string, span: Span, { reading, file }: Context): void {
  const [host, ...assignments] = splitIniLine(line, span)
  if (!host) return
  if (host.text === '') throw problem('inventory-host', 'a host has no name', line.trim(), span)
  const hosts = addHosts(reading, host.text, group, { file, directory: dirname(file) }, wordSpan(span, host))
  for (const word of assignments) {
    const at = word.text.indexOf('=')
    if (at < 1) throw problem('inventory-assignment', 'after a host come variables, each as name=value', `'${word.text}'`, wordSpan(span, word), 'a value with spaces is put between quotes: name="a b"')
    const [key, value] = [word.text.slice(0, at), typed(word.text.slice(at + 1), { ...span, column: word.column + at + 1 })]
    for (const { name } of hosts) reading.data.addHost(name).vars.set(key, value)
  }
}

function readChild(line: string, group: string, span: Span, { reading: { data }, pending, declared }: Context): void {
  const [child, more] = splitIniLine(line, span)
  if (!child) return
  if (more) throw problem('inventory-child', 'a line of [group:children] is the name of one group', line.trim(), wordSpan(span, more))
  if (!declared.has(child.text) && !pending.names.has(child.text)) pending.names.set(child.text, { span: wordSpan(span, child), section: `${group}:children` })
  data.addChild(group, child.text, wordSpan(span, child))
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
