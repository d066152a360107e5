import type { Field, Fields } from './field.ts'

/** A JSON Schema (draft 7), as editors take it. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown }

/** What declares parameters: a module, or an action of the engine's own. */
export interface Declared {
  readonly name: string
  readonly summary: string
  readonly params: Fields
  readonly freeForm?: string
  /** Takes names that are not declared (`set_fact`). */
  readonly open?: boolean
}

const TEMPLATE = { type: 'string', pattern: '\\{[{%]' } as const
const SCALAR = { type: ['string', 'number', 'boolean'] } as const
const FLAG = { enum: [true, false, 'yes', 'no', 'on', 'off', 'y', 'n', 't', 'f', 'true', 'false', 'True', 'False', 'Yes', 'No', '1', '0', 1, 0] } as const

/** The arguments of one module: as a mapping, as free-form text, or as `key=value` text. */
export function argumentsSchema({ summary, params, freeForm, open }: Declared): JsonSchema {
  const needed = Object.entries(params).filter(([, { required }]) => required).map(([name, { aliases }]) => ({ anyOf: [name, ...aliases, ...(freeForm === name ? ['_raw_params'] : [])].map((key) => ({ required: [key] })) }))
  const mapping = { type: 'object', properties: properties(params), additionalProperties: open === true, ...(needed.length > 0 ? { allOf: needed } : {}) }
  return { description: summary, anyOf: [mapping, { type: 'string' }, ...(Object.values(params).some(({ required }) => required) ? [] : [{ type: 'null' }])] }
}

function properties(fields: Fields): { readonly [name: string]: JsonSchema } {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, field]) => [name, ...field.aliases].map((key) => [key, fieldSchema(field)])))
}

/** One parameter: what it may be, or a template that makes it. */
function fieldSchema(field: Field): JsonSchema {
  const kind = kindSchema(field)
  const known = { description: field.doc, ...(field.default === undefined ? {} : { default: field.default }) }
  return kind === true ? known : { ...known, anyOf: [kind, TEMPLATE, ...(field.required ? [] : [{ type: 'null' }])] }
}

function kindSchema(field: Field): JsonSchema {
  switch (field.type) {
    case 'raw': return true
    case 'text': case 'path': case 'file': case 'bytes': case 'mode': return field.type === 'text' ? { type: ['string', 'number', 'boolean', 'object', 'array'] } : SCALAR
    case 'choice': return { enum: [...(field.choices ?? []), ...(field.choices?.includes('yes') ? [true] : []), ...(field.choices?.includes('no') ? [false] : [])] }
    case 'flag': return FLAG
    case 'integer': return { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\s*[-+]?\\d+\\s*$' }] }
    case 'number': return { anyOf: [{ type: 'number' }, { type: 'string', pattern: '^\\s*[-+]?[\\d.]+(e[-+]?\\d+)?\\s*$' }] }
    case 'list': return { anyOf: [{ type: 'array', items: field.items ? fieldSchema({ ...field.items, required: false }) : true }, SCALAR, ...(field.items?.fields ? [fieldSchema(field.items)] : [])] }
    case 'record': return { type: 'object', properties: properties(field.fields ?? {}), additionalProperties: false }
  }
}

/** A file of tasks, for editors: every module under its short and its full name; keywords of tasks are left to the loader. */
export function tasksSchema(all: readonly { readonly names: readonly string[]; readonly declared: Declared }[]): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#', title: 'Tasks of tutti', type: 'array',
    definitions: Object.fromEntries(all.map(({ declared }) => [declared.name, argumentsSchema(declared)])),
    items: { type: 'object', properties: Object.fromEntries(all.flatMap(({ names, declared }) => names.map((name) => [name, { $ref: `#/definitions/${declared.name}` }]))) },
  }
}
