import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { flag, integer, list, path, text } from '../../schema/field.ts'
import { type Dict, type Value, isDict } from '../../value/value.ts'
import type { TaskCall } from '../call.ts'
import { hostsOfFacts } from '../apply-facts.ts'
import { findFile, searchPaths } from '../search-paths.ts'
import { failedResult, plain } from '../task-result.ts'
import { defineControl } from './control.ts'

export const includeVars = defineControl({
  name: 'include_vars',
  summary: 'Load variables from a file or a directory.',
  params: {
    file: path('A file with variables.', { aliases: ['_raw_params'] }), dir: path('A directory of such files.'), name: text('Put them all into this one variable.'),
    depth: integer('How deep to go into directories; 0 for all the way.', { default: 0 }), files_matching: text('Only files whose name matches this expression.'), ignore_files: list(text(''), 'Names to leave out, as expressions.'),
    extensions: list(text(''), 'Only files with these endings.', { default: ['yaml', 'yml', 'json'] }), ignore_unknown_extensions: flag('Pass over other files instead of failing.', { default: false }), hash_behaviour: text('merge: dicts are merged with what is there.'),
  },
  act: (call, params) => {
    const chosen = params.dir === undefined ? oneFile(call, params.file) : filesBelow(call, params.dir, params)
    if (typeof chosen === 'string') return failedResult(chosen, { ansible_included_var_files: [] })
    let vars: Dict = new Map()
    for (const file of chosen) vars = merged(vars, call.playRun.run.loader.vars(file), params.hash_behaviour === 'merge')
    const facts: Dict = params.name === undefined ? vars : new Map<Value, Value>([[params.name, vars]])
    for (const host of hostsOfFacts(call)) call.playRun.run.vars.host(host).includeVars(facts)
    return { ...plain('ok', { ansible_facts: facts, ansible_included_var_files: chosen }), factsTaken: true }
  },
})

function oneFile(call: TaskCall, name: string | undefined): readonly string[] | string {
  if (name === undefined) return 'include_vars needs a file or a dir'
  const { found, looked } = findFile(name, searchPaths(call.playRun.play, call.context, call.task, 'vars'))
  return found === undefined ? `Could not find or access '${name}': looked at ${looked.join(', ')}` : [found]
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
  if (found === undefined || !statSync(found).isDirectory()) return `${name} is not a directory: looked at ${looked.join(', ')}`
  const files = walk(found, choice.depth || Number.POSITIVE_INFINITY).filter((file) => {
    const base = file.slice(file.lastIndexOf('/') + 1)
    return !(choice.ignore_files ?? []).some((pattern) => new RegExp(pattern).test(base)) && (choice.files_matching === undefined || new RegExp(choice.files_matching).test(base))
  })
  const known = (file: string) => choice.extensions.some((extension) => file.endsWith(`.${extension}`))
  const odd = files.find((file) => !known(file))
  if (odd !== undefined && !choice.ignore_unknown_extensions && choice.files_matching === undefined) return `${odd} does not have a valid extension: ${choice.extensions.join(', ')}`
  return files.filter(known)
}

const walk = (directory: string, depth: number): readonly string[] =>
  depth <= 0 ? [] : readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => (entry.isDirectory() ? walk(join(directory, entry.name), depth - 1) : [join(directory, entry.name)]))

function merged(under: Dict, over: Dict, deep: boolean): Dict {
  const all = new Map<Value, Value>(under)
  for (const [key, value] of over) {
    const old = all.get(key)
    all.set(key, deep && isDict(old) && isDict(value) ? merged(old, value, true) : value)
  }
  return all
}
