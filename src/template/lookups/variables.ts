import type { Value } from '../../value/value.ts'
import { isList, iterate, mappingOf, typeName } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { regex } from '../regex.ts'
import type { LookupContext } from '../scope.ts'
import { TemplateError, fail } from '../template-error.ts'
import { lookup } from './define-lookup.ts'

const identifier = (term: Value): string => (typeof term === 'string' ? term : fail(`Invalid setting identifier, "${str(term)}" is not a string, it is a ${typeName(term)}`))
function variable(term: Value, fallback: Value | undefined, { scope, render }: LookupContext): Value {
  const name = identifier(term)
  const raw = scope.get(name)
  if (raw !== undefined) return render(raw)
  if (fallback !== undefined) return fallback
  throw new TemplateError('undefined', `No variable found with this name: ${name}`, { subject: name })
}

/** Hosts of a pattern: names and groups, `:` or `,` for more, `&` for both, `!` for without, `*` for any text. */
function hostsOf(pattern: string, groups: ReadonlyMap<Value, Value>): string[] {
  let hosts: string[] = []
  for (const part of pattern.split(/[,:]/).map((one) => one.trim()).filter(Boolean)) {
    const found = matching(part.replace(/^[!&]/, ''), groups)
    if (part.startsWith('!')) hosts = hosts.filter((host) => !found.includes(host))
    else if (part.startsWith('&')) hosts = hosts.filter((host) => found.includes(host))
    else hosts = [...hosts, ...found]
  }
  return [...new Set(hosts)]
}
function matching(name: string, groups: ReadonlyMap<Value, Value>): string[] {
  const members = (group: Value): string[] => iterate(groups.get(group) ?? []).map(str)
  const like = new RegExp(`^${name.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`)
  const byGroup = [...groups.keys()].filter((group) => like.test(str(group))).flatMap(members)
  return byGroup.length ? byGroup : members('all').filter((host) => like.test(host))
}

function named(pattern: string, names: Iterable<string>): string[] {
  if (/^[*+?]/.test(pattern)) return fail(`Unable to use "${pattern}" as a search parameter: nothing to repeat at position 0`)
  const like = regex(pattern, '')
  return [...names].filter((name) => like.test(name))
}

export const variableLookups = [
  lookup('vars', 'default', (terms, { default: fallback }, context) => terms.flatMap((term) => (isList(term) ? Array.from(term) : [term])).map((term) => variable(term, fallback, context))),
  lookup('varnames', '', (terms, _options, { scope }) => terms.flatMap((term) => named(identifier(term), scope.names()))),
  lookup('inventory_hostnames', '', (terms, _options, { scope, render }) => {
    const groups = mappingOf(render(scope.get('groups') ?? fail("the lookup 'inventory_hostnames' needs an inventory")))
    return terms.flatMap((term) => hostsOf(str(term), groups ?? new Map()))
  }),
  lookup('config', '*', (terms) => fail(`the lookup 'config' is not supported: tutti has no Ansible setting '${terms.map(str).join(', ')}'`)),
]
