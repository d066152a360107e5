import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Value } from '../../value/value.ts'
import { expandUser } from '../filters/path.ts'
import { splitWords } from './words.ts'
import { str } from '../python/text.ts'
import type { Keywords, Lookup, LookupContext } from '../scope.ts'
import { fail } from '../template-error.ts'

/** A lookup: its names, the options it knows, and what it does with its terms. */
export const lookup = (names: string, options: string, run: Lookup['run'], passesUnknown = false): Lookup => ({
  names: names.split(' '), options: options.split(' ').filter(Boolean), run, passesUnknown,
})

/** A file of the controller, found as Ansible finds it; `undefined` where there is none. */
export function findFile(context: LookupContext, subdir: string, name: string): string | undefined {
  const expanded = expandUser(name)
  if (path.isAbsolute(expanded)) return existsSync(expanded) ? expanded : undefined
  return context.searchPaths(subdir).map((folder) => path.join(folder, expanded)).find((file) => existsSync(file))
}
export const getFile = (context: LookupContext, subdir: string, name: string): string => {
  const found = findFile(context, subdir, name) ?? fail(`there is no file '${name}'`)
  return statSync(found).isDirectory() ? fail(`'${name}' is a directory`) : found
}
/** The text of a file; text in the Vault format is opened. */
export function readText(context: LookupContext, file: string): string {
  const text = readFileSync(file, 'utf8')
  if (!text.startsWith('$ANSIBLE_VAULT;')) return text
  return context.vault ? context.vault(text) : fail(`'${file}' is encrypted and there is no vault password`)
}

/** Terms of the old form `'name key=value key=value'`. */
export function splitTerm(term: Value, known: readonly string[]): { text: string; options: Map<string, string> } {
  const options = new Map<string, string>()
  const words = splitWords(str(term)).filter((word) => {
    const [, key, value] = /^(\w+)=([^]*)$/.exec(word) ?? []
    if (key === undefined || !known.includes(key)) return true
    options.set(key, value!)
    return false
  })
  return { text: words.join(' '), options }
}
export const optionText = (options: Keywords, name: string, fallback: string): string => {
  const value = options[name]
  return value === undefined || value === null ? fallback : str(value)
}
