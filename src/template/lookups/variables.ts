import type { Value } from '../../value/value.ts'
import { isList, iterate, mappingOf, truthy, typeName } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { regex } from '../regex.ts'
import type { Keywords, LookupContext } from '../scope.ts'
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

/** What ansible.cfg, the environment and the defaults say; variables of hosts are not asked. */
function settingOf(name: string, { on_missing: missing = 'error', plugin_type: kind, plugin_name: plugin, show_origin: origin }: Keywords, { setting, scope }: LookupContext): readonly Value[] {
  if ((kind === undefined) !== (plugin === undefined)) fail("Both plugin_type and plugin_name are required, cannot use one without the other")
  if (!['error', 'warn', 'skip'].includes(str(missing))) fail(`"on_missing" must be one of "error", "warn" or "skip", not ${str(missing)}`)
  const found = setting?.(name, kind === undefined ? 'base' : str(kind), plugin === undefined ? '' : str(plugin))
  if (found) return [truthy(origin ?? false) ? [found.value, found.origin] : found.value]
  const said = `No config definition exists for '${name}'.`
  if (missing === 'error') fail(`The lookup plugin 'config' failed: ${said}`)
  if (missing === 'warn') scope.warn?.(`Skipping, did not find setting ${name}`)
  return []
}

export const variableLookups = [
  lookup('vars', 'default', (terms, { default: fallback }, context) => terms.flatMap((term) => (isList(term) ? Array.from(term) : [term])).map((term) => variable(term, fallback, context))),
  lookup('varnames', '', (terms, _options, { scope }) => terms.flatMap((term) => named(identifier(term), scope.names()))),
  lookup('inventory_hostnames', '', (terms, _options, { scope, render }) => {
    const groups = mappingOf(render(scope.get('groups') ?? fail("the lookup 'inventory_hostnames' needs an inventory")))
    return terms.flatMap((term) => hostsOf(str(term), groups ?? new Map()))
  }),
  lookup('config', 'on_missing plugin_type plugin_name show_origin', (terms, options, context) => terms.flatMap((term) => settingOf(str(term), options, context))),
]
