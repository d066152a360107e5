import { VaultString, type Value } from '../../value/value.ts'
import { isVaulted } from '../../vault/vault.ts'
import { test } from '../define.ts'
import { flag, isList } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { regex, regexFlags } from '../regex.ts'
import { fail } from '../template-error.ts'
import { versionHolds } from '../version.ts'

function matchesAtStart(text: string, pattern: Value, flags: string): boolean {
  return regex(pattern, `${flags}y`).test(text)
}
function matches(text: string, pattern: Value, flags: string, how: string): boolean {
  switch (how) {
    case 'search': return regex(pattern, flags).test(text)
    case 'match': return matchesAtStart(text, pattern, flags)
    case 'fullmatch': return matchesAtStart(text, `(?:${str(pattern)})\\Z`, flags)
  }
  return fail(`'match_type' is search, match or fullmatch, not '${how}'`)
}
/** What is searched: text; anything else is searched as it would be printed (`result is search('…')`). */
const subject = (value: Value): string => str(value)
const SCHEME = /^[a-z][a-z0-9+.-]*:/i
const schemesOf = (schemes: Value | undefined): readonly string[] => (isList(schemes) ? schemes.map(str) : [])
const hasScheme = (text: string, schemes: readonly string[]): boolean => SCHEME.test(text) && (!schemes.length || schemes.includes(text.slice(0, text.indexOf(':'))))

export const textTests = [
  test('lower', '', (value) => str(value) !== str(value).toUpperCase() && str(value) === str(value).toLowerCase()),
  test('upper', '', (value) => str(value) !== str(value).toLowerCase() && str(value) === str(value).toUpperCase()),
  test('match', 'pattern ignorecase? multiline?', (value, [pattern, cased, lines]) => matches(subject(value), pattern!, regexFlags(flag(cased), flag(lines)), 'match')),
  test('search', 'pattern ignorecase? multiline?', (value, [pattern, cased, lines]) => matches(subject(value), pattern!, regexFlags(flag(cased), flag(lines)), 'search')),
  test('regex', 'pattern? ignorecase? multiline? match_type?', (value, [pattern, cased, lines, how]) =>
    matches(subject(value), pattern ?? '', regexFlags(flag(cased), flag(lines)), how === undefined ? 'search' : str(how))),
  test('version version_compare', 'version operator? strict? version_type?', (value, [other, operator, strict, type]) => {
    if (type !== undefined && strict !== undefined && strict !== null) fail("'strict' and 'version_type' exclude each other")
    const kind = type !== undefined && type !== null ? str(type) : flag(strict ?? undefined) ? 'strict' : 'loose'
    return versionHolds(str(value), str(other!), operator === undefined ? 'eq' : str(operator), kind)
  }),
  test('url', 'schemes?', (value, [schemes]) => /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(str(value)) && hasScheme(str(value), schemesOf(schemes))),
  test('uri', 'schemes?', (value, [schemes]) => /^[a-z][a-z0-9+.-]*:./i.test(str(value)) && hasScheme(str(value), schemesOf(schemes))),
  test('urn', '', (value) => /^urn:[^:]+:./i.test(str(value))),
  test('vault_encrypted', '', (value) => value instanceof VaultString || (typeof value === 'string' && isVaulted(value)), 'sealed'),
]
