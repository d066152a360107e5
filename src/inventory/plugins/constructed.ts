import { dirname } from 'node:path'
import { Problem, type Span, problemsOf } from '../../problem/problem.ts'
import type { Scope } from '../../template/scope.ts'
import { evaluate, render, truth } from '../../template/template.ts'
import { type Dict, TemplateString, type Value, isDict, isUnknown } from '../../value/value.ts'
import type { InventoryData } from '../inventory-data.ts'
import { safeGroupName } from '../group-name.ts'
import { isPluginFile, optionsOf } from './plugin-file.ts'
import type { Reading, Source, SourceKind, VarsOf } from './source.ts'

const OPTIONS = ['plugin', 'strict', 'compose', 'groups', 'keyed_groups', 'use_vars_plugins', 'use_extra_vars', 'leading_separator', 'cache']

export const constructed: SourceKind = {
  name: 'constructed', accepts: isPluginFile,
  read: (source, reading) => readConstructed(optionsOf('constructed', source), source, reading),
}

interface Context {
  readonly data: InventoryData
  readonly strict: boolean
  readonly leadingSeparator: boolean
  readonly span: Span
}

/**
 * `plugin: constructed`: variables (`compose`) and groups (`groups`, `keyed_groups`) made from the variables of hosts that earlier
 * sources know. Without `strict` an expression that fails for a host is passed over for that host, as in Ansible.
 */
function readConstructed(options: Dict, { place: file, span }: Source, reading: Reading): void {
  const varsOf = varsOfHosts(options, reading)
  const unknown = [...options.keys()].find((key) => !OPTIONS.includes(String(key)))
  if (unknown !== undefined) throw refuse(`no option '${String(unknown)}'`, span)
  const context: Context = { data: reading.data, strict: options.get('strict') === true, leadingSeparator: options.get('leading_separator') !== false, span }
  const [compose, groups] = [dictOf(options, 'compose', span), dictOf(options, 'groups', span)]
  const keyed = options.get('keyed_groups') ?? []
  if (!Array.isArray(keyed)) throw refuse('keyed_groups is a list', span)
  for (const name of [...reading.data.hosts.keys()]) {
    const scope = (): Scope => ({ ...varsOf(name), environment: reading.environment, warn: (text) => reading.warn(new Problem({ code: 'inventory-constructed', summary: text, span })) })
    for (const [variable, expression] of compose) {
      const value = attempt(expression, scope(), context)
      if (value !== undefined) reading.data.setComputed(reading.data.addHost(name), variable, value)
    }
    const after = scope()
    for (const [group, condition] of groups) if (condition === true || (condition !== false && truth(attempt(condition, after, context) ?? false) === true)) context.data.join(name, safeGroupName(String(group)))
    for (const entry of keyed) readKeyed(entry as Value, name, after, context)
  }
  if (!reading.data.hosts.size) reading.warn(new Problem({ code: 'inventory-constructed', summary: 'a constructed inventory works on hosts of sources before it, and there are none', detail: dirname(file), span }))
}

/** What expressions see: the host's variables so far, and with `use_extra_vars` those of the command line above them. */
function varsOfHosts(options: Dict, { varsBefore, extraVars }: Reading): VarsOf {
  const varsOf = varsBefore(options.get('use_vars_plugins') === true)
  if (options.get('use_extra_vars') !== true) return varsOf
  return (host) => {
    const vars = varsOf(host)
    return { get: (name) => (extraVars.has(name) ? extraVars.get(name) : vars.get(name)), names: () => new Set([...vars.names(), ...[...extraVars.keys()].map(String)]) }
  }
}

const isTemplate = (value: Value): value is TemplateString => value instanceof TemplateString

function attempt(expression: Value, scope: Scope, { strict, span }: Context): Value | undefined {
  try {
    // An expression is a text without marks: anything else is a mistake, which `strict` tells.
    if (typeof expression !== 'string') throw refuse(`an expression is a text, and a template is none: ${String(isTemplate(expression) ? expression.source : expression)}`, span)
    const value = evaluate(expression, scope, span)
    return isUnknown(value) ? undefined : value
  } catch (error) {
    if (strict || !problemsOf(error)) throw error
    return undefined
  }
}

function readKeyed(entry: Value, host: string, scope: Scope, context: Context): void {
  if (!isDict(entry) || typeof entry.get('key') !== 'string') throw refuse('an item of keyed_groups is a mapping with key', context.span)
  const key = attempt(entry.get('key')!, scope, context)
  const missing = entry.get('default_value')
  const [prefix, separator] = [textOf(entry, 'prefix', '', scope), textOf(entry, 'separator', '_', scope)]
  const parent = entry.get('parent_group') === undefined ? undefined : safeGroupName(textOf(entry, 'parent_group', '', scope))
  for (const bare of namesOf(key, missing, separator, entry.get('trailing_separator') !== false, context.span)) {
    const lead = prefix === '' && !context.leadingSeparator ? '' : prefix + separator
    const group = safeGroupName(lead + bare)
    context.data.join(host, group)
    if (parent !== undefined && parent !== group) context.data.addChild(parent, group, context.span)
  }
}

function namesOf(key: Value | undefined, missing: Value | undefined, separator: string, trailing: boolean, span: Span): readonly string[] {
  const fallback = missing === undefined ? [] : [String(missing)]
  // An expression that fails is passed over; only an empty value gets the default.
  if (key === undefined) return []
  if (key === null || key === '') return fallback
  if (Array.isArray(key)) return key.flatMap((item: Value) => (item === '' || item === null ? fallback : [String(item)]))
  if (typeof key === 'string') return [key]
  if (!isDict(key)) throw refuse(`the key of a group is a text, a list or a mapping, and this is ${String(key)}: write \`key: NAME | string\``, span)
  return [...key].map(([name, value]) => {
    const text = value === '' || value === null ? missing : value
    return text === undefined ? (trailing ? `${String(name)}${separator}` : String(name)) : `${String(name)}${separator}${String(text)}`
  })
}

function textOf(entry: Dict, key: string, fallback: string, scope: Scope): string {
  const value = entry.get(key)
  return value === undefined || value === null ? fallback : String(render(value, scope))
}

function dictOf(options: Dict, name: string, span: Span): Dict {
  const value = options.get(name) ?? new Map<Value, Value>()
  if (!isDict(value)) throw refuse(`${name} is a mapping`, span)
  return value
}

const refuse = (detail: string, span: Span): Problem => new Problem({ code: 'inventory-constructed', summary: 'the options of a constructed inventory are wrong', detail, span })
