import type { Dict, Value } from '../value/value.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { checkTagged, tagsReached } from './check-task.ts'
import { ROLE } from './keywords.ts'
import { type Loading, type Place, defer, report, withinBlock, wrapping } from './loading.ts'
import { readInherited, readTagged } from './read-inherited.ts'
import { type YamlMap, entriesOf, has, isNothing, keySpan, textOf, valueAt } from './read-value.ts'
import { staticText } from './static-text.ts'
import type { Block, Home, RoleUse } from './tree.ts'

/** `roles:` of a play, `dependencies:` of a role. */
export function readRoleUses(loading: Loading, node: YamlNode, place: Place): readonly RoleUse[] {
  if (isNothing(node)) return []
  if (node.kind === 'sequence') return node.items.flatMap((item) => readRoleUse(loading, item, place) ?? [])
  report(loading, { code: 'wrong-type', summary: 'A malformed role declaration was encountered.', hint: '`roles` and `dependencies` are lists', span: node.span })
  return []
}

function readRoleUse(loading: Loading, node: YamlNode, place: Place): RoleUse | undefined {
  const map = node.kind === 'mapping' ? node : undefined
  const named = map ? valueAt(map, 'role') ?? valueAt(map, 'name') ?? valueAt(map, 'src') : node
  const written = named && textOf(toValue(named))
  if (!map && written?.includes(',')) {
    report(loading, { code: 'old-role-requirement', summary: `Invalid old style role requirement: ${written}`, hint: 'write `- src: …` and `version: …` in the requirements of roles', span: node.span })
    return undefined
  }
  if (!named || written === undefined || node.kind === 'sequence') {
    report(loading, { code: 'role-without-name', summary: 'A role needs a name', hint: 'write `- role: name`', span: node.span })
    return undefined
  }
  const tagged = map ? readTagged(loading, map) : { tags: [], when: [], vars: new Map() }
  const { name: _, ...inherited } = map ? readInherited(loading, map, ROLE) : {}
  const params = map ? readParams(loading, map) : new Map()
  const inside = withinBlock(place, inherited.ignoreErrors, { ...tagged, vars: new Map([...tagged.vars, ...params]) })
  checkTagged(loading, { ...tagged, vars: new Map([...tagged.vars, ...params]) }, place, node.span)
  const name = staticText(loading, toValue(named), inside, 'the role', named.span)
  if (name === undefined) return undefined
  const loaded = loading.role({ name: roleName(name, map), span: named.span }, inside)
  if (!loaded) return undefined
  const reached = { ...inside, certain: inside.certain && tagsReached(loading, inside.tags) }
  for (const problem of loaded.deferred) defer(loading, reached, problem)
  return { span: node.span, role: loaded.role, ...inherited, ...tagged, params }
}

/** `src: https://host/owner/name.git` is the old style of dependencies: the last part is the name. */
const roleName = (name: string, map: YamlMap | undefined): string =>
  map !== undefined && has(map, 'src') && !has(map, 'role') && !has(map, 'name') ? name.split(',')[0]!.split('/').at(-1)!.replace(/\.(git|tar\.gz)$/, '') : name

const REQUIREMENT = new Set(['name', 'src', 'scm', 'version'])

function readParams(loading: Loading, map: YamlMap): Dict {
  const own = entriesOf(loading, map, 'a role').filter(([key]) => !(key in ROLE) && !REQUIREMENT.has(key))
  for (const [key, node] of own) if (key.startsWith('with_') || key === 'loop') report(loading, { code: 'loop-on-role', summary: 'A role in a play cannot have a loop', hint: 'use include_role in a task', span: keySpan(map, key) ?? node.span })
  for (const [key] of own) loading.names.define(key, keySpan(map, key))
  return new Map<Value, Value>(own.map(([key, node]) => [key, toValue(node)]))
}

/** A use of a role as a block: its dependencies first, then its tasks. This is how plays, dependencies and `import_role` are run and listed. */
export function roleBlock(use: RoleUse, home: Home): Block {
  const { span, role, params: _, allowDuplicates: _duplicates, public: _public, ...shared } = use
  const inner: Home = { directory: `${role.path}/tasks`, role, parents: [...(home.role ? [home.role] : []), ...(home.parents ?? [])] }
  return { ...wrapping(span, home, [...role.dependencies.map((dependency) => roleBlock(dependency, inner)), ...role.tasks]), ...shared, importedRole: use }
}
