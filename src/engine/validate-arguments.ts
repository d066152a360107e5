import { type Dict, type Value, isDict, isUnknown } from '../value/value.ts'
import { convert } from '../schema/convert-params.ts'
import type { Field } from '../schema/field.ts'
import { problemsOf } from '../problem/problem.ts'

/** The sentences of what is wrong, for each option. */
export function checkOptions(options: Dict, valueOf: (name: string) => Value | undefined, prefix = ''): readonly string[] {
  return [...options].flatMap(([key, option]) => {
    const name = `${prefix}${String(key)}`
    if (!isDict(option)) return []
    const value = valueOf(String(key))
    if (value === undefined || value === null) return option.get('required') === true ? [`missing required argument: ${name}`] : []
    if (isUnknown(value)) return []
    return checkOption(name, option, value)
  })
}

function checkOption(name: string, option: Dict, value: Value): readonly string[] {
  const field = fieldOf(option)
  try {
    if (field.type === 'record') return isDict(value) ? checkOptions((option.get('options') as Dict | undefined) ?? new Map(), (key) => value.get(key), `${name}.`) : [`${name} must be a dict`]
    const converted = convert(field, value)
    const choices = option.get('choices')
    if (Array.isArray(choices) && field.type !== 'list' && !choices.includes(converted as Value)) return [`value of ${name} must be one of: ${choices.join(', ')}, got: ${String(converted)}`]
    const inner = option.get('options')
    if (field.type === 'list' && isDict(inner)) return (converted as readonly Value[]).flatMap((item, i) => (isDict(item) ? checkOptions(inner, (key) => item.get(key), `${name}[${i}].`) : [`${name}[${i}] must be a dict`]))
    return []
  } catch (thrown) {
    const problems = problemsOf(thrown)
    if (!problems) throw thrown
    return problems.map(({ detail, summary }) => `argument '${name}' is of the wrong type: ${detail ?? summary}`)
  }
}

function fieldOf(option: Dict): Field {
  const type = String(option.get('type') ?? 'str')
  const kinds: Readonly<Record<string, Field['type']>> = { str: 'text', path: 'path', bool: 'flag', int: 'integer', float: 'number', list: 'list', dict: 'record', raw: 'raw', jsonarg: 'raw', json: 'raw', bytes: 'bytes', bits: 'bytes' }
  const base = { doc: '', required: false, aliases: [], secret: false }
  if (type === 'list') return { ...base, type: 'list', items: isDict(option.get('options')) ? { ...base, type: 'raw' } : fieldOf(new Map([['type', option.get('elements') ?? 'raw']])) }
  return { ...base, type: kinds[type] ?? 'raw' }
}
