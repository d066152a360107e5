import type { Value } from '../../value/value.ts'
import { isList, mappingOf, iterate } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { regex } from '../regex.ts'
import type { LookupContext } from '../scope.ts'
import { TemplateError, fail } from '../template-error.ts'
import { lookup } from './define-lookup.ts'

function variable(name: string, fallback: Value | undefined, { scope, render }: LookupContext): Value {
  const raw = scope.get(name)
  if (raw !== undefined) return render(raw)
  if (fallback !== undefined) return fallback
  throw new TemplateError('undefined', `'${name}' is undefined`, { subject: name })
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

export const variableLookups = [
  lookup('vars', 'default', (terms, { default: fallback }, context) => terms.flatMap((term) => (isList(term) ? Array.from(term) : [term])).map((term) => variable(str(term), fallback, context))),
  lookup('varnames', '', (terms, _options, { scope }) => terms.flatMap((term) => [...scope.names()].filter((name) => regex(term, '').test(name)))),
  lookup('inventory_hostnames', '', (terms, _options, { scope, render }) => {
    const groups = mappingOf(render(scope.get('groups') ?? fail("the lookup 'inventory_hostnames' needs an inventory")))
    return terms.flatMap((term) => hostsOf(str(term), groups ?? new Map()))
  }),
  lookup('config', '*', (terms) => fail(`the lookup 'config' is not supported: tutti has no Ansible setting '${terms.map(str).join(', ')}'`)),
]
