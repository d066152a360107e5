import { repr } from '../value/repr.ts'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, type Span } from '../problem/problem.ts'
import { type Dict, Float, TemplateString, Tuple, Unknown, type Value, VaultString, isDict } from '../value/value.ts'
import { toJson } from '../value/json.ts'
import type { Field, Fields } from './field.ts'

/** Whom the parameters belong to, and where each stands. */
export interface Subject {
  /** "module 'copy'". */
  readonly owner: string
  /** The module's name as a task writes it. */
  readonly called?: string
  /** Ansible runs it on the controller. */
  readonly action?: boolean
  readonly span?: Span
  readonly spans?: ReadonlyMap<string, Span>
  /** Ansible's own words, where a module of its does not say the usual ones. */
  readonly words?: { readonly missing?: string; readonly unknown?: Readonly<Record<string, string>> } | undefined
  /** Parameters of Ansible that are not offered, each with what to do instead. */
  readonly refused?: Readonly<Record<string, string>> | undefined
}

export interface Converted {
  readonly params: Readonly<Record<string, unknown>>
  readonly problems: readonly Problem[]
  /** Names of the parameters that were given, not filled in. */
  readonly given: ReadonlySet<string>
  /** The first parameter value that a dry run cannot know. */
  readonly unknown?: Unknown
}

/**
 * Arguments of a task as the module's typed parameters: aliases resolved, defaults filled in, types converted as Ansible
 * converts them. All problems are collected. A template that is not rendered yet is taken on trust: `problems` of a
 * static check are those that no value of it can mend.
 */
export function convertParams(fields: Fields, args: Dict, subject: Subject, accept?: (field: Field, value: Value) => unknown): Converted {
  const problems: Problem[] = []
  const strange: string[] = []
  const params: Record<string, unknown> = {}
  const given = new Set<string>()
  const names = nameTable(fields)
  let open: Unknown | undefined
  for (const [key, value] of args) {
    const name = names.get(String(key))
    if (name === undefined) {
      strange.push(String(key))
      continue
    }
    if (isOmitted(value)) continue
    given.add(name)
    try {
      const special = accept?.(fields[name]!, value)
      params[name] = special === undefined ? convert(fields[name]!, value) : special
    } catch (error) {
      if (error instanceof Unknown) open ??= error
      else if (error instanceof Problem) problems.push(located(error, String(key), subject))
      else throw error
    }
  }
  problems.unshift(...strange.map((key) => unknownParameter(key, strange, fields, subject)))
  for (const [name, field] of Object.entries(fields)) {
    if (params[name] !== undefined) continue
    if (field.default !== undefined) params[name] = field.default
    else if (field.required && !isGiven(name, field, args)) problems.push(missingParameter(name, field, subject))
  }
  return { params, problems, given, ...(open ? { unknown: open } : {}) }
}

const isGiven = (name: string, { aliases }: Field, args: Dict): boolean => [name, ...aliases].some((key) => args.has(key) && !isOmitted(args.get(key)))
const isOmitted = (value: unknown): boolean => typeof value === 'object' && value !== null && 'opaque' in value && value.opaque === 'omit'

const tables = new WeakMap<Fields, ReadonlyMap<string, string>>()
function nameTable(fields: Fields): ReadonlyMap<string, string> {
  let table = tables.get(fields)
  if (!table) tables.set(fields, (table = new Map(Object.entries(fields).flatMap(([name, { aliases }]) => [[name, name], ...aliases.map((alias) => [alias, name] as const)] as const))))
  return table
}

function unknownParameter(key: string, all: readonly string[], fields: Fields, { owner, called, action, span, spans, words, refused }: Subject): Problem {
  const instead = refused && Object.hasOwn(refused, key) ? refused[key] : undefined
  if (instead !== undefined) return new Problem({ code: 'unoffered-parameter', summary: 'Ansible has this parameter, and tutti does not', detail: `'${key}' of ${owner}`, hint: instead }).at(spans?.get(key) ?? span)
  const known = [...nameTable(fields).keys()]
  const hint = didYouMean(key, known) ?? `it takes ${Object.keys(fields).join(', ')}`
  const place = spans?.get(key) ?? span
  const said = words?.unknown?.[key] ?? (called === undefined ? undefined : action ? `Invalid options for ${called}: ${all.join(',')}` : unsupported(called, all, fields))
  return new Problem({ code: 'unknown-parameter', summary: 'unknown parameter', detail: `'${key}' of ${owner}`, hint, ...(place ? { span: place } : {}), ...(said === undefined ? {} : { said }) })
}

function unsupported(called: string, strange: readonly string[], fields: Fields): string {
  const aliases = Object.values(fields).flatMap((field) => field.aliases).sort()
  return `Unsupported parameters for (${called}) module: ${[...strange].sort().join(', ')}. Supported parameters include: ${Object.keys(fields).sort().join(', ')}${aliases.length > 0 ? ` (${aliases.join(', ')})` : ''}.`
}

const missingParameter = (name: string, field: Field, { owner, span, words }: Subject): Problem =>
  new Problem({ code: 'missing-parameter', summary: 'missing parameter', detail: `${owner} needs '${name}'`, hint: field.doc, said: words?.missing ?? `missing required arguments: ${name}`, ...(span ? { span } : {}) })

const located = (problem: Problem, key: string, { owner, span, spans }: Subject): Problem =>
  new Problem({ ...problem.parts(), detail: `'${key}' of ${owner}: ${problem.detail}`, ...(problem.said === undefined ? {} : { said: problem.said.replace('%', key) }) }).at(spans?.get(key) ?? span)

const wrong = (expected: string, value: Value, type: string): never => {
  throw new Problem({ code: 'wrong-type', summary: 'wrong type', detail: `expected ${expected}, found ${JSON.stringify(toJson(value))}`, said: `argument '%' is of type ${typeName(value)} and we were unable to convert to ${type}: ${why(expected, value, type)}` })
}

/** Ansible's words, where playbooks match on them. */
function why(expected: string, value: Value, type: string): string {
  const shown = typeof value === 'string' ? `'${value}'` : JSON.stringify(toJson(value))
  if (type === 'bool') return `The value ${shown} is not a valid boolean. Valid booleans include: ${[...TRUE, ...FALSE].map((word) => (/^\d$/.test(word) ? `'${word}', ${word}` : `'${word}'`)).join(', ')}`
  return type === 'int' ? `"${shown}" cannot be converted to an int` : `${JSON.stringify(toJson(value))} is not ${expected}`
}

const typeName = (value: Value): string =>
  typeof value === 'string' ? 'str' : typeof value === 'boolean' ? 'bool' : Array.isArray(value) || value instanceof Tuple ? 'list' : isDict(value) ? 'dict' : value instanceof Float ? 'float' : value === null ? 'NoneType' : 'int'

const TRUE = new Set(['yes', 'on', 'y', 't', 'true', '1'])
const FALSE = new Set(['no', 'off', 'n', 'f', 'false', '0'])

/** One value as its field wants it. Throws a `Problem` where it cannot be, the `Unknown` where it is one. */
export function convert(field: Field, value: Value): unknown {
  if (value instanceof Unknown) throw value
  if (value instanceof TemplateString || value instanceof VaultString) return undefined
  if (value === null) return field.required ? nothing(field) : field.type === 'raw' ? null : undefined
  switch (field.type) {
    case 'raw': return value
    case 'text': case 'path': case 'file': return toText(value)
    case 'bytes': return toBytes(value)
    case 'choice': return toChoice(field, value)
    case 'flag': return toFlag(value)
    case 'integer': return toInteger(value)
    case 'number': return toNumber(value)
    case 'mode': return typeof value === 'number' ? String(modeOfNumber(value)) : toText(value)
    case 'list': return (value === '' && field.emptyCounts ? [''] : toList(value)).map((item) => convert(field.items!, item))
    case 'record': return toRecord(field.fields!, value)
  }
}

/** None for a parameter that is required: a text is empty, as in Ansible; nothing else can be made of it. */
function nothing({ type, choices = [] }: Field): unknown {
  if (type === 'raw') return null
  if (type === 'list') return []
  if (type === 'integer' || type === 'number' || type === 'flag' || type === 'record') return wrong(type === 'integer' ? 'a whole number' : type === 'flag' ? 'yes or no' : type === 'number' ? 'a number' : 'a mapping', null, { integer: 'int', number: 'float', flag: 'bool', record: 'dict' }[type])
  if (type === 'choice') throw new Problem({ code: 'wrong-choice', summary: 'not one of the choices', detail: `nothing is not one of ${choices.join(', ')}`, said: `value of % must be one of: ${choices.join(', ')}, got: None` })
  return ''
}

/** Ansible's `mode: 0644` is octal 420 in YAML 1.1 and arrives as that number: written back in octal it is what was meant. */
const modeOfNumber = (value: number): string => value.toString(8).padStart(4, '0')

function toText(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value instanceof Float) return `${value.value}.0`
  if (Array.isArray(value) || isDict(value)) return repr(value, (inner) => wrong('text', inner, 'str'))
  return wrong('text', value, 'str')
}

function toChoice(field: Field, value: Value): string {
  const choices = field.choices ?? []
  // YAML reads `state: yes` as a boolean: the choice that means it is taken, as Ansible does.
  const text = typeof value === 'boolean' ? (choices.find((choice) => (value ? TRUE : FALSE).has(choice)) ?? toText(value)) : toText(value)
  if (choices.includes(text)) return text
  throw new Problem({ code: 'wrong-choice', summary: 'not one of the choices', detail: `'${text}' is not one of ${choices.join(', ')}`, said: `value of % must be one of: ${choices.join(', ')}, got: ${text}`, ...hinted(didYouMean(text, choices)) })
}
const hinted = (hint: string | undefined) => (hint ? { hint } : {})

function toFlag(value: Value): boolean {
  if (typeof value === 'boolean') return value
  const word = value instanceof Float ? String(value.value) : String(value).toLowerCase().trim()
  if (TRUE.has(word)) return true
  if (FALSE.has(word)) return false
  return wrong('yes or no', value, 'bool')
}

function toInteger(value: Value): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value
  if (value instanceof Float) return value.value
  if (typeof value === 'string' && /^\s*[-+]?\d+\s*$/.test(value)) return Number(value)
  return wrong('a whole number', value, 'int')
}

function toNumber(value: Value): number {
  if (typeof value === 'number') return value
  if (value instanceof Float) return value.value
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value)
  return wrong('a number', value, 'float')
}

function toBytes(value: Value): string {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGTPEZY]?)(?:i?B?)?\s*$/i.exec(toText(value))
  if (!match) return wrong('a size like 10M', value, 'bytes')
  return String(Math.round(Number(match[1]) * 1024 ** ' KMGTPEZY'.indexOf((match[2] || ' ').toUpperCase())))
}

function toList(value: Value): readonly Value[] {
  if (value instanceof Tuple || Array.isArray(value)) return value
  if (typeof value === 'string') return value === '' ? [] : value.split(',').map((item) => item.trim())
  return [value]
}

function toRecord(fields: Fields, value: Value): unknown {
  if (!isDict(value)) return wrong('a dict', value, 'dict')
  const { params, problems, unknown } = convertParams(fields, value, { owner: 'the dict' })
  if (problems[0]) throw problems[0]
  if (unknown) throw unknown
  return params
}
