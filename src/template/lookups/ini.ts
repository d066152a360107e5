import type { Value } from '../../value/value.ts'
import { keyOf, parseIni, sectionOf, type Ini, type IniRules } from '../python/config-parser.ts'
import { flag, isList } from '../python/kind.ts'
import { regex } from '../regex.ts'
import { str } from '../python/text.ts'
import type { Keywords, LookupContext } from '../scope.ts'
import { fail } from '../template-error.ts'
import { getFile, lookup, optionsOfTerm, readText } from './define-lookup.ts'

const OPTIONS = ['type', 'section', 'file', 're', 'default', 'case_sensitive', 'encoding', 'allow_no_value', 'allow_none', 'interpolation']

/** Entries of an INI file, or of a Java properties file (one section without a name). */
function ini(term: Value, options: Keywords, context: LookupContext): Value[] {
  const { key, option, value } = optionsOfTerm(term, options, OPTIONS)
  if (key === '') return fail('No key to lookup was provided as first term with in string inline option')
  const rules: IniRules = { caseSensitive: flag(value('case_sensitive')), allowNoValue: flag(value('allow_no_value')) || flag(value('allow_none')), interpolation: flag(value('interpolation'), true) }
  const properties = option('type', 'ini') === 'properties'
  const file = option('file', 'ansible.ini')
  const text = readText(context, getFile(context, 'files', file), option('encoding', 'utf-8'))
  const section = properties ? 'java_properties' : option('section', 'global')
  const parsed = parseIni(properties ? `[${section}]\n${text}` : text, file, rules)
  const entries = entriesOf(parsed, section)
  if (flag(value('re'))) {
    const pattern = regex(key, 'i')
    return [...entries].filter(([name]) => matches(pattern, name)).map(([, found]) => found)
  }
  const fallback = value('default')
  const found = entries.get(keyOf(key, rules))
  if (found === undefined) return [fallback ?? '']
  // A key without a value is there, and has none.
  return found === null ? [] : isList(found) ? Array.from(found as readonly Value[]) : [found]
}
const matches = (pattern: RegExp, name: string): boolean => name.search(pattern) === 0
const entriesOf = (parsed: Ini, section: string): ReadonlyMap<string, string | null> => sectionOf(parsed, section) ?? fail(`No section: '${section}'`)

export const iniLookups = [
  lookup('ini', OPTIONS.join(' '), (terms, options, context) => terms.flatMap((term) => ini(str(term), options, context))),
]
