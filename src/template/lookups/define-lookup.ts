import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { codecOf } from '../../text/codec.ts'
import type { Value } from '../../value/value.ts'
import { expandUser } from '../filters/path.ts'
import { rawWords, splitWords, unquoted } from './words.ts'
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
  if (path.isAbsolute(expanded)) return existsSync(expanded) ? path.normalize(expanded) : undefined
  return context.searchPaths(subdir).map((folder) => path.resolve(folder, expanded)).find((file) => existsSync(file))
}
export const getFile = (context: LookupContext, subdir: string, name: string): string => {
  const found = findFile(context, subdir, name) ?? fail(`there is no file '${name}'`)
  return statSync(found).isDirectory() ? fail(`'${name}' is a directory`) : found
}
/** The text of a file; text in the Vault format is opened. */
export function readText(context: LookupContext, file: string, encoding = 'utf-8'): string {
  const bytes = readFileSync(file)
  const codec = codecOf(encoding) ?? fail(`unknown encoding: ${encoding}`)
  const text = codec.decode(bytes) ?? (encoding === 'utf-8' ? bytes.toString('utf8') : fail(`'${file}' is not ${encoding}`))
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
/** The same, with every `key=value` taken out: whether a key is known is for the lookup to say. Words keep their quotes. */
export function splitOptions(term: Value): { words: readonly string[]; options: Map<string, string> } {
  const options = new Map<string, string>()
  const words = rawWords(str(term)).filter((word) => {
    const [, key, value] = /^(\w+)=([^]*)$/.exec(word) ?? []
    return key === undefined || !options.set(key, unquoted(value!))
  })
  return { words, options }
}
/** What a term asks for, and the options written inside it before those given beside it. */
export function optionsOfTerm(term: Value, given: Keywords, known: readonly string[]): {
  readonly key: string
  option(name: string, fallback: string): string
  value(name: string): Value | undefined
} {
  const { words, options } = splitOptions(term)
  for (const name of options.keys()) if (!known.includes(name)) fail(`'${name}' is not a valid option`)
  const value = (name: string): Value | undefined => options.get(name) ?? (given[name] === null ? undefined : given[name])
  const option = (name: string, fallback: string): string => {
    const found = value(name)
    return found === undefined ? fallback : str(found)
  }
  return { key: words.join(' '), option, value }
}
