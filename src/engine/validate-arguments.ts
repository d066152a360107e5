import { type Dict, type Value, isDict, isUnknown } from '../value/value.ts'
import { convert } from '../schema/convert-params.ts'
import type { Field } from '../schema/field.ts'
import { Problem, problemsOf } from '../problem/problem.ts'

/** What is wrong, in Ansible's words: what is missing, then each option, then what lies inside of options. `within` are the options around these. */
export function checkOptions(options: Dict, valueOf: (name: string) => Value | undefined, within: readonly string[] = []): readonly string[] {
  const entries = [...options].flatMap(([key, option]) => (isDict(option) ? [{ name: String(key), option, value: [String(key), ...aliasesOf(option)].map(valueOf).find((value) => value !== undefined && value !== null) }] : []))
  const missing = entries.filter(({ option, value }) => value === undefined && option.get('required') === true).map(({ name }) => name)
  const given = entries.filter((entry): entry is typeof entry & { readonly value: Value } => entry.value !== undefined && !isUnknown(entry.value))
  return [
    ...(missing.length > 0 ? [`missing required arguments: ${missing.join(', ')}${within.length > 0 ? ` found in ${within.join(' -> ')}` : ''}`] : []),
    ...given.flatMap(({ name, option, value }) => checkOption(name, option, value, within)), ...given.flatMap(({ name, option, value }) => checkInside(option, value, [...within, name])),
  ]
}

/** Arguments that the specification does not know, also inside of options. */
export function strangeArguments(options: Dict, given: Dict, within = ''): readonly string[] {
  const names = new Set([...options].flatMap(([key, option]) => [String(key), ...(isDict(option) ? aliasesOf(option) : [])]))
  const strange = [...given.keys()].filter((key) => !names.has(String(key))).map((key) => `${within}${String(key)}`)
  const supported = [...options].map(([key, option]) => `${String(key)}${isDict(option) && aliasesOf(option).length > 0 ? ` (${aliasesOf(option).join(', ')})` : ''}`).sort()
  const inside = [...given].flatMap(([key, value]) => innerOf(options.get(key), value).flatMap(([inner, part]) => strangeArguments(inner, part, `${within}${String(key)}.`)))
  return [...inside, ...(strange.length > 0 ? [`${strange.sort().join(', ')}. Supported parameters include: ${supported.join(', ')}.`] : [])]
}

const aliasesOf = (option: Dict): readonly string[] => ((option.get('aliases') as readonly Value[] | undefined) ?? []).map(String)

/** The options of a dict or of each dict in a list, with those. */
function innerOf(option: Value | undefined, value: Value): readonly (readonly [Dict, Dict])[] {
  const inner = isDict(option) ? option.get('options') : undefined
  return isDict(inner) ? (Array.isArray(value) ? (value as readonly Value[]) : [value]).flatMap((part) => (isDict(part) ? [[inner, part] as const] : [])) : []
}

const checkInside = (option: Dict, value: Value, within: readonly string[]): readonly string[] => innerOf(option, value).flatMap(([inner, part]) => checkOptions(inner, (key) => part.get(key), within))

function checkOption(name: string, option: Dict, value: Value, within: readonly string[]): readonly string[] {
  const place = within.length > 0 ? ` found in '${within.join(' -> ')}'.` : ''
  const field = fieldOf(option)
  try {
    const converted = convertTo(field, value)
    const wrong = field.items && Array.isArray(converted) ? elementProblems(name, converted, field.items, place) : []
    return wrong.length > 0 ? wrong : choiceProblems(name, option.get('choices'), converted as Value, within)
  } catch (thrown) {
    return wrongType(thrown, (said) => said.replace("'%'", `'${name}'`).replace(' and we', `${place} and we`))
  }
}

/** Of a list each element has to be a choice. */
function choiceProblems(name: string, choices: Value | undefined, value: Value, within: readonly string[]): readonly string[] {
  if (!Array.isArray(choices)) return []
  const place = within.length > 0 ? ` found in ${within.join(' -> ')}` : ''
  const others = (Array.isArray(value) ? (value as readonly Value[]) : [value]).filter((one) => !choices.includes(one))
  if (others.length === 0) return []
  return [Array.isArray(value) ? `value of ${name} must be one or more of: ${choices.join(', ')}. Got no match for: ${others.join(', ')}${place}` : `value of ${name} must be one of: ${choices.join(', ')}, got: ${String(value)}${place}`]
}

function elementProblems(name: string, list: readonly Value[], items: Field, place: string): readonly string[] {
  for (const item of list) {
    try {
      convertTo(items, item)
    } catch (thrown) {
      return wrongType(thrown, (said) => said.replace("argument '%'", `Elements value for option '${name}'`).replace(' and we', `${place} and we`))
    }
  }
  return []
}

/** The elements of a list and what lies in a dict are looked at by themselves. */
function convertTo(field: Field, value: Value): unknown {
  if (field.type === 'list') return convert({ ...field, items: RAW }, value)
  if (field.type !== 'record' || isDict(value) || (typeof value === 'string' && /^\s*\{[^]*\}\s*$|=/.test(value))) return field.type === 'record' ? value : convert(field, value)
  throw new Problem({ code: 'wrong-type', summary: 'wrong type', detail: 'expected a dict', said: `argument '%' is of type ${typeof value === 'string' ? 'str' : Array.isArray(value) ? 'list' : typeof value === 'boolean' ? 'bool' : 'int'} and we were unable to convert to dict: dictionary requested, could not parse JSON or key=value` })
}

function wrongType(thrown: unknown, inPlace: (said: string) => string): readonly string[] {
  const problems = problemsOf(thrown)
  if (!problems) throw thrown
  return problems.map(({ said, detail, summary }) => inPlace(said ?? `argument '%' is of the wrong type: ${detail ?? summary}`))
}

const base = { doc: '', required: false, aliases: [], secret: false }
const RAW: Field = { ...base, type: 'raw' }

function fieldOf(option: Dict): Field {
  const type = String(option.get('type') ?? 'str')
  const kinds: Readonly<Record<string, Field['type']>> = { str: 'text', path: 'path', bool: 'flag', int: 'integer', float: 'number', list: 'list', dict: 'record', raw: 'raw', jsonarg: 'raw', json: 'raw', bytes: 'bytes', bits: 'bytes' }
  if (type === 'list') return { ...base, type: 'list', items: isDict(option.get('options')) ? { ...base, type: 'record' } : fieldOf(new Map([['type', option.get('elements') ?? 'raw']])) }
  return { ...base, type: kinds[type] ?? 'raw' }
}
