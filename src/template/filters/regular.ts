import type { Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { flag, intOf, tuple } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { expand, regex, regexFlags } from '../regex.ts'
import { fail } from '../template-error.ts'

/** The first `limit` matches replaced (0: all); other than `mandatory` replacements, where that is not 0, are an error. */
function replaceAll(text: string, pattern: RegExp, replacement: string, limit: number, mandatory: number): string {
  let count = 0
  const replaced = text.replace(pattern, (...parts: unknown[]) => {
    const named = typeof parts.at(-1) === 'object' ? (parts.pop() as Record<string, string>) : undefined
    const whole = parts[0] as string
    if (limit && count >= limit) return whole
    count++
    return expand(replacement, parts.slice(0, -2) as string[], named)
  })
  return mandatory && count !== mandatory ? fail(`'${pattern.source}' should match ${mandatory} times, but matches ${count} times in '${text}'`) : replaced
}
/** The match, or the groups that were asked for as `'\\1'` and `'\\g<name>'`. */
function search(text: string, pattern: RegExp, groups: readonly Value[]): Value {
  const wanted = groups.map((group) => /^\\(?:g<(\w+)>|(\d+))$/.exec(str(group)) ?? fail('Unknown argument'))
  const match = pattern.exec(text)
  if (!match) return null
  if (!wanted.length) return match[0]
  return wanted.map(([, name, number]) => (number ?? (/^\d+$/.test(name!) ? name : undefined)) !== undefined
    ? match[Number(number ?? name)] ?? null
    : match.groups?.[name!] ?? null)
}
function findAll(text: string, pattern: RegExp): Value[] {
  return Array.from(text.matchAll(pattern), (match) => {
    const groups = match.slice(1).map((group) => group ?? '')
    return groups.length === 0 ? match[0] : groups.length === 1 ? groups[0]! : tuple(groups)
  })
}

export const regularFilters = [
  filter('regex_replace', 'pattern? replacement? ignorecase? multiline? count? mandatory_count?', (value, [pattern, replacement, cased, lines, count, mandatory]) =>
    replaceAll(str(value), regex(pattern ?? '', regexFlags(flag(cased), flag(lines), 'g')), str(replacement ?? ''), intOf(count, 0), intOf(mandatory, 0))),
  filter('regex_search', 'regex * **', (value, [pattern], { rest, keywords }) =>
    search(str(value), regex(pattern!, regexFlags(flag(keywords['ignorecase']), flag(keywords['multiline']))), rest)),
  filter('regex_findall', 'regex multiline? ignorecase?', (value, [pattern, lines, cased]) => findAll(str(value), regex(pattern!, regexFlags(flag(cased), flag(lines), 'g')))),
  filter('regex_escape', 're_type?', (value, [type]) => {
    const kind = type === undefined ? 'python' : str(type)
    if (kind === 'posix_extended') return fail('Regex type (posix_extended) not yet implemented')
    if (kind !== 'python' && kind !== 'posix_basic') return fail(`Invalid regex type (${kind})`)
    if (kind === 'posix_basic') return str(value).replace(/[\\^$.*[\]]/g, '\\$&')
    return str(value).replace(/[\\^$.|?*+()[\]{}\-#&~\s]/g, '\\$&')
  }),
]
