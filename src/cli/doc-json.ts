import { fullName } from '../playbook/redirects.ts'
import type { Field, Fields } from '../schema/field.ts'
import type { Documented } from './documented.ts'

/** One module for programs, in the shape of `ansible-doc --json`. */
export function docAsJson({ name, summary, notes = [], examples, params, opaque }: Documented): unknown {
  const full = fullName(name) ?? name
  const doc = { module: name, collection: full.split('.').slice(0, 2).join('.'), short_description: summary, notes, options: optionsAsJson(params), attributes: { check_mode: { support: opaque ? 'partial' : 'full' } } }
  return { doc, examples: examples ?? null }
}

const optionsAsJson = (fields: Fields): unknown => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, optionAsJson(field)]))

function optionAsJson(field: Field): unknown {
  const inner = field.fields ?? field.items?.fields
  return {
    description: [field.doc, ...(field.inert ? [`Without effect here: ${field.inert}`] : [])], type: typeOf(field), required: field.required,
    ...(field.default === undefined ? {} : { default: field.default }), ...(field.choices ? { choices: field.choices } : {}), ...(field.aliases.length > 0 ? { aliases: field.aliases } : {}),
    ...(field.items ? { elements: typeOf(field.items) } : {}), ...(inner ? { suboptions: optionsAsJson(inner) } : {}),
  }
}

/** Ansible's words for kinds of parameters. */
const typeOf = ({ type }: Field): string => (({ text: 'str', choice: 'str', flag: 'bool', integer: 'int', number: 'float', path: 'path', raw: 'raw', list: 'list', record: 'dict', mode: 'raw', file: 'path', bytes: 'str' }) as const)[type]
