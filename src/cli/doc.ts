import { fullName } from '../playbook/redirects.ts'
import type { Field, Fields } from '../schema/field.ts'
import { type JsonSchema, argumentsSchema, tasksSchema } from '../schema/json-schema.ts'
import { columns, wrap } from '../text/columns.ts'
import { defineCommand } from './command.ts'
import { docAsJson } from './doc-json.ts'
import { type Documented, allDocumented, getDocumented } from './documented.ts'
import { UsageProblem, flag } from './options.ts'

export const docCommand = defineCommand({
  name: 'doc',
  summary: 'What a module does and takes.',
  operands: '[MODULE…]',
  examples: [['tutti doc copy', 'The parameters of copy, with examples.'], ['tutti doc --list', 'All modules, a line each.'], ['tutti doc --schema > tasks.schema.json', 'A JSON Schema of task files, for editors.']],
  options: { list: flag('-l --list', 'List all modules.'), schema: flag('--schema', 'Print a JSON Schema: of the arguments of a module, or of task files.'), json: flag('-j --json', 'Print JSON, in the shape of ansible-doc.') },
  async run({ values, operands }, { out, width }) {
    if (values.list) {
      const rows = await allRows()
      out(values.json ? printed(Object.fromEntries(rows.map(([name, summary]) => [fullName(name) ?? name, summary]))) : `${columns(rows)}\n`)
      return 0
    }
    if (values.schema) {
      out(printed(operands.length > 0 ? argumentsSchema(await getDocumented(operands[0]!)) : await allSchema()))
      return 0
    }
    if (operands.length === 0) throw new UsageProblem({ code: 'no-module', summary: 'A module must be named', hint: '`tutti doc copy`, or `tutti doc --list`' })
    const found = await Promise.all(operands.map(async (operand) => [operand, await getDocumented(operand)] as const))
    if (values.json) out(printed(Object.fromEntries(found.map(([operand, one]) => [operand, docAsJson(one)]))))
    else for (const [, one] of found) out(`${showModule(one, width)}\n`)
    return 0
  },
})

/** All names, second ones too, each with its line. */
async function allRows(): Promise<readonly (readonly [name: string, summary: string])[]> {
  const rows = (await allDocumented()).flatMap(({ name, aliases = [], summary }) => [[name, summary] as const, ...aliases.map((alias) => [alias, `${summary} The same as ${name}.`] as const)])
  return rows.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Task files with every module, under its short and its full name. */
async function allSchema(): Promise<JsonSchema> {
  const found = (await allDocumented()).filter(({ amongPlays }) => !amongPlays)
  return tasksSchema(found.map((declared) => ({ names: [declared.name, ...(declared.aliases ?? [])].flatMap((name) => [...new Set([name, fullName(name) ?? name])]), declared })))
}

const printed = (json: unknown): string => `${JSON.stringify(json, null, 2)}\n`

function showModule(module: Documented, width: number): string {
  const title = fullName(module.name) === undefined || fullName(module.name) === module.name ? module.name : `${module.name}  (${fullName(module.name)})`
  const opaque = module.opaque ? ['It does what its text says: a dry run cannot know what that is, unless creates or removes settle it.'] : []
  const parts = [
    title, wrap(module.summary, width, '  '), ...[...(module.notes ?? []), ...opaque].map((note) => wrap(note, width, '  ')),
    ...(module.examples ? ['Examples:', indent(module.examples.trim())] : []),
    ...(Object.keys(module.params).length > 0 ? ['Parameters:', showFields(module.params, width, '  ')] : []),
  ]
  return `${parts.join('\n\n')}\n`
}

function showFields(fields: Fields, width: number, margin: string): string {
  const sorted = Object.entries(fields).sort(([, a], [, b]) => Number(b.required) - Number(a.required))
  return sorted.map(([name, field]) => {
    const head = `${margin}${name}  ${[typeOf(field), field.required ? 'required' : '', shownDefault(field)].filter(Boolean).join(', ')}`
    const words = [field.doc, field.inert ? `Without effect here: ${field.inert}` : '', field.aliases.length > 0 ? `Also: ${field.aliases.join(', ')}.` : ''].filter(Boolean).join(' ')
    const inner = field.fields ?? field.items?.fields
    return [head, wrap(words, width, `${margin}    `), ...(inner ? [showFields(inner, width, `${margin}    `)] : [])].join('\n')
  }).join('\n')
}

function typeOf(field: Field): string {
  if (field.choices) return field.choices.join(' | ')
  if (field.type === 'list') return `list of ${field.items ? typeOf(field.items) : 'values'}`
  return { text: 'text', choice: 'text', flag: 'yes | no', integer: 'integer', number: 'number', path: 'path', raw: 'any value', record: 'mapping', mode: 'mode', file: 'file of the controller', bytes: 'size' }[field.type]
}

const shownDefault = (field: Field): string => (field.default === undefined ? '' : `default ${typeof field.default === 'boolean' ? (field.default ? 'yes' : 'no') : JSON.stringify(field.default)}`)
const indent = (text: string): string => text.split('\n').map((line) => (line ? `  ${line}` : line)).join('\n')
