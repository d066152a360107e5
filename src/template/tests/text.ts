import { VaultString, type Value } from '../../value/value.ts'
import { isVaulted } from '../../vault/vault.ts'
import { test } from '../define.ts'
import { urlParts } from '../filters/url.ts'
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
interface Address {
  readonly scheme: string
  readonly netloc: string
}
/** Nearly every text is an address, with its scheme or path left out; one with half a bracket in its host is none. */
function addressOf(value: Value): Address | undefined {
  if (value !== null && typeof value !== 'string') return undefined
  const parts = urlParts(value ?? '')
  const [scheme, netloc] = [str(parts.get('scheme')!), str(parts.get('netloc')!)]
  return netloc.includes('[') === netloc.includes(']') ? { scheme, netloc } : undefined
}
function isAddress(value: Value, schemes: Value | undefined, fits: (address: Address) => boolean): boolean {
  const address = addressOf(value)
  const wanted = schemes === undefined || schemes === null ? [] : isList(schemes) ? schemes.map(str) : [str(schemes)]
  return address !== undefined && fits(address) && (wanted.length === 0 || wanted.includes(address.scheme))
}

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
  test('url', 'schemes?', (value, [schemes]) => isAddress(value, schemes, ({ netloc }) => netloc !== '')),
  test('uri', 'schemes?', (value, [schemes]) => isAddress(value, schemes, () => true)),
  test('urn', '', (value) => isAddress(value, undefined, ({ scheme }) => scheme === 'urn')),
  test('vault_encrypted', '', (value) => value instanceof VaultString || (typeof value === 'string' && isVaulted(value)), 'sealed'),
]
