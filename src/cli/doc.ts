import type { Module } from '../contract/define-module.ts'
import { controlList } from '../engine/control/controls.ts'
import { modules } from '../modules/registry.ts'
import { fullName, normaliseAction } from '../playbook/redirects.ts'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import type { Field, Fields } from '../schema/field.ts'
import { type JsonSchema, argumentsSchema, tasksSchema } from '../schema/json-schema.ts'
import { columns, wrap } from '../text/columns.ts'
import { defineCommand } from './command.ts'
import { UsageProblem, flag } from './options.ts'

/** What modules and the engine's own actions have in common for readers. */
interface Documented {
  readonly name: string
  readonly summary: string
  readonly params: Fields
  readonly notes?: readonly string[]
  readonly examples?: string
  readonly opaque?: true
}

export const docCommand = defineCommand({
  name: 'doc',
  summary: 'What a module does and takes.',
  operands: '[MODULE…]',
  examples: [['tutti doc copy', 'The parameters of copy, with examples.'], ['tutti doc --list', 'All modules, a line each.'], ['tutti doc --schema > tasks.schema.json', 'A JSON Schema of task files, for editors.']],
  options: { list: flag('-l --list', 'List all modules.'), schema: flag('--schema', 'Print a JSON Schema: of the arguments of a module, or of task files.') },
  async run({ values, operands }, { out, width }) {
    if (values.list) {
      const all = await Promise.all([...modules.keys()].map(findModule))
      const rows = [...all.filter((one) => one !== undefined), ...controlList].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, summary }) => [name, summary])
      out(`${columns(rows)}\n`)
      return 0
    }
    if (values.schema) {
      out(`${JSON.stringify(operands.length > 0 ? argumentsSchema(await getModule(operands[0]!)) : await allSchema(), null, 2)}\n`)
      return 0
    }
    if (operands.length === 0) throw new UsageProblem({ code: 'no-module', summary: 'A module must be named', hint: '`tutti doc copy`, or `tutti doc --list`' })
    for (const operand of operands) out(`${showModule(await getModule(operand), width)}\n`)
    return 0
  },
})

/** Task files with every module, under its short and its full name. */
async function allSchema(): Promise<JsonSchema> {
  const found = await Promise.all([...modules.keys(), ...controlList.map(({ name }) => name)].map(async (name) => ({ name, declared: await findModule(name) })))
  return tasksSchema(found.flatMap(({ name, declared }) => (declared ? [{ names: [...new Set([name, fullName(name) ?? name])], declared }] : [])))
}

async function findModule(name: string): Promise<Documented | undefined> {
  return controlList.find((control) => control.name === name) ?? ((await modules.get(name)?.()) as Module | undefined)
}

async function getModule(written: string): Promise<Documented> {
  const found = await findModule(normaliseAction(written))
  if (found) return found
  const hint = didYouMean(written, [...modules.keys(), ...controlList.map(({ name }) => name)]) ?? '`tutti doc --list` shows them all'
  throw new Problem({ code: 'module-not-offered', summary: 'tutti does not have this module', detail: `'${written}'`, hint })
}

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
