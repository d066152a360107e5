import { dirname } from 'node:path'
import { Problem, type Span, problemsOf } from '../../problem/problem.ts'
import type { Scope } from '../../template/scope.ts'
import { evaluate, render, truth } from '../../template/template.ts'
import { type Dict, type Value, isDict, isUnknown } from '../../value/value.ts'
import type { InventoryData } from '../inventory-data.ts'
import type { Reading } from './source.ts'

/** Variables of a host as the sources before this one give them. */
export type VarsOf = (host: string) => { get(name: string): Value | undefined; names(): Iterable<string> }

const OPTIONS = ['plugin', 'strict', 'compose', 'groups', 'keyed_groups', 'use_vars_plugins', 'leading_separator', 'cache']

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
export function readConstructed(options: Dict, file: string, reading: Reading, varsOf: VarsOf): void {
  const span: Span = { file, line: 1, column: 1 }
  const unknown = [...options.keys()].find((key) => !OPTIONS.includes(String(key)))
  if (unknown !== undefined) throw refuse(`no option '${String(unknown)}'`, span)
  const context: Context = { data: reading.data, strict: options.get('strict') === true, leadingSeparator: options.get('leading_separator') !== false, span }
  const [compose, groups] = [dictOf(options, 'compose', span), dictOf(options, 'groups', span)]
  const keyed = options.get('keyed_groups') ?? []
  if (!Array.isArray(keyed)) throw refuse('keyed_groups is a list', span)
  for (const { name, vars } of reading.data.hosts.values()) {
    const scope = (): Scope => ({ ...varsOf(name), environment: reading.environment, warn: (text) => reading.warn(new Problem({ code: 'inventory-constructed', summary: text, span })) })
    for (const [variable, expression] of compose) {
      const value = attempt(expression, scope(), context)
      if (value !== undefined) vars.set(variable, value)
    }
    const after = scope()
    for (const [group, condition] of groups) if (truth(attempt(condition, after, context) ?? false) === true) context.data.join(name, safeGroupName(String(group)))
    for (const entry of keyed) readKeyed(entry as Value, name, after, context)
  }
  if (!reading.data.hosts.size) reading.warn(new Problem({ code: 'inventory-constructed', summary: 'a constructed inventory works on hosts of sources before it, and there are none', detail: dirname(file), span }))
}

function attempt(expression: Value, scope: Scope, { strict, span }: Context): Value | undefined {
  try {
    const value = typeof expression === 'string' ? evaluate(expression, scope, span) : render(expression, scope)
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
  for (const bare of namesOf(key, missing, separator, entry.get('trailing_separator') !== false)) {
    const lead = prefix === '' && !context.leadingSeparator ? '' : prefix + separator
    const group = safeGroupName(lead + bare)
    context.data.join(host, group)
    if (parent !== undefined && parent !== group) context.data.addChild(parent, group, context.span)
  }
}

function namesOf(key: Value | undefined, missing: Value | undefined, separator: string, trailing: boolean): readonly string[] {
  const fallback = missing === undefined ? [] : [String(missing)]
  // An expression that fails is passed over; only an empty value gets the default.
  if (key === undefined) return []
  if (key === null || key === '') return fallback
  if (Array.isArray(key)) return key.flatMap((item: Value) => (item === '' || item === null ? fallback : [String(item)]))
  if (!isDict(key)) return [String(key)]
  return [...key].map(([name, value]) => {
    const text = value === '' || value === null ? missing : value
    return text === undefined ? (trailing ? `${String(name)}${separator}` : String(name)) : `${String(name)}${separator}${String(text)}`
  })
}

/** Characters that a variable name could not have become underscores, as for every group that is made from values. */
export const safeGroupName = (name: string): string => name.replace(/^\d|[^\p{L}\p{N}_]/gu, '_')

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
