import { readdirSync, realpathSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { flag, integer, list, path, text } from '../../schema/field.ts'
import { render } from '../../template/template.ts'
import { type Dict, type Value, isDict } from '../../value/value.ts'
import type { TaskCall } from '../call.ts'
import { hostsOfFacts } from '../apply-facts.ts'
import { findFile, searchPaths } from '../search-paths.ts'
import { plain } from '../task-result.ts'
import { defineControl } from './control.ts'

export const includeVars = defineControl({
  name: 'include_vars',
  summary: 'Load variables from a file or a directory.',
  notes: ['Files are read on the controller: from vars/ of the role or playbook, vault-encrypted ones too.'],
  examples: `
- name: The values for this kind of system, or those for all
  include_vars: "{{ item }}"
  with_first_found: ["{{ ansible_facts.distribution | lower }}.yml", "{{ ansible_facts.os_family | lower }}.yml", default.yml]
- name: A file, under one name
  include_vars: { file: secrets.yml, name: secrets }
- name: All files of a directory
  include_vars: { dir: apps, extensions: [yml, json] }
- name: What they say
  debug: { msg: "{{ package_name }}, {{ secrets.token | length }}, {{ shop_port }}" }
`,
  params: {
    file: path('A file with variables.', { aliases: ['_raw_params'] }), dir: path('A directory of such files.'), name: text('Put them all into this one variable.'),
    depth: integer('How deep to go into directories; 0 for all the way.', { default: 0 }), files_matching: text('Only files whose name matches this expression.'), ignore_files: list(text(''), 'Names to leave out, as expressions.'),
    extensions: list(text(''), 'Only files with these endings.', { default: ['yaml', 'yml', 'json'] }), ignore_unknown_extensions: flag('Pass over other files instead of failing.', { default: false }), hash_behaviour: text('merge: dicts are merged with what is there.'),
  },
  act: (call, params) => {
    const chosen = params.dir === undefined ? oneFile(call, params.file) : filesBelow(call, params.dir, params)
    if (typeof chosen === 'string') return plain('failed', { ansible_facts: new Map(), ansible_included_var_files: [], message: chosen }, chosen)
    const vars: Dict = new Map(chosen.flatMap((file) => [...call.playRun.run.loader.vars(file)]))
    const named: Dict = params.name === undefined ? vars : new Map<Value, Value>([[params.name, vars]])
    const facts = params.hash_behaviour === 'merge' ? merged(present(call, named), named) : named
    for (const host of hostsOfFacts(call)) call.playRun.run.vars.host(host).includeVars(facts)
    return { ...plain('ok', { ansible_facts: facts, ansible_included_var_files: chosen }), factsTaken: true }
  },
})

/** What the names stand for so far. */
const present = ({ scope }: TaskCall, vars: Dict): Dict => new Map([...vars.keys()].flatMap((name) => {
  const value = scope.get(String(name))
  return value === undefined ? [] : [[name, render(value, scope)] as const]
}))

function oneFile(call: TaskCall, name: string | undefined): readonly string[] | string {
  if (name === undefined || name === '') return 'Could not find file on the Ansible Controller.'
  const { found, looked } = findFile(name.trimEnd(), searchPaths(call.playRun.play, call.context, call.task, 'vars'))
  return found === undefined ? `Could not find or access '${name}' on the Ansible Controller: looked at ${looked.join(', ')}` : [found]
}

interface Choice {
  readonly depth: number
  readonly files_matching: string | undefined
  readonly ignore_files: readonly string[] | undefined
  readonly extensions: readonly string[]
  readonly ignore_unknown_extensions: boolean
}

function filesBelow(call: TaskCall, name: string, choice: Choice): readonly string[] | string {
  const { found, looked } = findFile(name, searchPaths(call.playRun.play, call.context, call.task, 'vars'))
  if (found === undefined) return `${name} directory does not exist: looked at ${looked.join(', ')}`
  if (!statSync(found).isDirectory()) return `${name} is not a directory`
  const files = walk(found, choice.depth || Number.POSITIVE_INFINITY).flatMap(({ directory, names }) => names.map((base) => ({ base, file: join(directory, base) })))
    .filter(({ base }) => !(choice.ignore_files ?? []).some((pattern) => new RegExp(`${pattern}$`).test(base)) && (choice.files_matching === undefined || new RegExp(choice.files_matching).test(base)))
  const known = ({ base }: { readonly base: string }): boolean => choice.extensions.includes(extname(base).slice(1))
  const odd = files.find((file) => !known(file))
  if (odd !== undefined && !choice.ignore_unknown_extensions && choice.files_matching === undefined) return `${odd.file} does not have a valid extension: ${choice.extensions.join(', ')}`
  return files.filter(known).map(({ file }) => file)
}

interface Folder {
  readonly directory: string
  readonly names: readonly string[]
}

/** Directories by their paths, links followed, each with its files by their names: this is the order in which they are read. */
function walk(top: string, depth: number): readonly Folder[] {
  const found: Folder[] = []
  const visit = (directory: string, left: number, above: readonly string[]): void => {
    const real = realpathSync(directory)
    if (left <= 0 || above.includes(real)) return
    const entries = readdirSync(directory).sort().map((name) => ({ name, path: join(directory, name) }))
    const isFolder = ({ path }: { readonly path: string }): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    found.push({ directory, names: entries.filter((entry) => !isFolder(entry)).map(({ name }) => name) })
    for (const { path } of entries.filter(isFolder)) visit(path, left - 1, [...above, real])
  }
  visit(top, depth, [])
  return found.sort((a, b) => (a.directory < b.directory ? -1 : 1))
}

function merged(under: Dict, over: Dict): Dict {
  const all = new Map<Value, Value>(under)
  for (const [key, value] of over) {
    const old = all.get(key)
    all.set(key, isDict(old) && isDict(value) ? merged(old, value) : value)
  }
  return all
}
