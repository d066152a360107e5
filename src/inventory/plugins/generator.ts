import { Problem } from '../../problem/problem.ts'
import type { Scope } from '../../template/scope.ts'
import { render } from '../../template/template.ts'
import { type Dict, type Value, isDict } from '../../value/value.ts'
import { isPluginFile, optionsOf } from './plugin-file.ts'
import type { Reading, Source, SourceKind } from './source.ts'

/** `plugin: generator`: a host for every combination of the values of `layers`, with parents named by the same templates. */
export const generator: SourceKind = {
  name: 'generator', accepts: isPluginFile,
  read(source, reading) {
    const options = optionsOf('generator', source)
    const [hosts, layers] = [dictOf(options, 'hosts', source), dictOf(options, 'layers', source)]
    for (const chosen of combinations([...layers], source)) {
      const scope: Scope = { get: (name) => chosen.get(name), names: () => [...chosen.keys()].map(String), environment: reading.environment }
      const host = text(hosts.get('name'), scope, source)
      reading.data.addHost(host, source.origin)
      addParents(hosts.get('parents'), scope, (parent) => reading.data.join(host, parent), source, reading)
    }
  },
}

/** All ways to take one value of each layer; the last layer changes first. */
function combinations([first, ...rest]: readonly (readonly [Value, Value])[], source: Source): readonly Dict[] {
  if (!first) return [new Map()]
  const [name, values] = first
  if (!Array.isArray(values)) throw refuse(`layer '${String(name)}' is a list of values`, source)
  const others = combinations(rest, source)
  return values.flatMap((value: Value) => others.map((other) => new Map([[name, value], ...other])))
}

function addParents(parents: Value | undefined, scope: Scope, join: (parent: string) => void, source: Source, reading: Reading): void {
  if (parents === undefined || parents === null) return
  if (!Array.isArray(parents)) throw refuse('parents is a list', source)
  for (const parent of parents as readonly Value[]) {
    if (!isDict(parent) || parent.get('name') === undefined) throw refuse("an item of parents is a mapping with 'name'", source)
    const group = reading.data.addGroup(text(parent.get('name'), scope, source))
    join(group.name)
    const vars = parent.get('vars')
    if (isDict(vars)) for (const [key, value] of vars) reading.data.setGroupVar(group, key, text(value, scope, source))
    addParents(parent.get('parents'), scope, (above) => reading.data.addChild(above, group.name, source.span), source, reading)
  }
}

const text = (template: Value | undefined, scope: Scope, source: Source): string => {
  if (template === undefined) throw refuse("'name' is missing", source)
  return String(render(template, scope))
}

function dictOf(options: Dict, name: string, source: Source): Dict {
  const value = options.get(name)
  if (isDict(value)) return value
  throw refuse(`${name} is a mapping`, source)
}

const refuse = (detail: string, { span }: Source): Problem => new Problem({ code: 'inventory-generator', summary: 'the options of a generator inventory are wrong', detail, span })
