import { Problem } from '../../problem/problem.ts'
import { type Dict, type Value, asTemplate, isDict } from '../../value/value.ts'
import { parseToml } from '../parse-toml.ts'
import { type Reading, type Source, type SourceKind, addHosts } from './source.ts'

/** An inventory in TOML: a table for each group, with `hosts` and `vars` as tables and `children` as a list of names. */
export const toml: SourceKind = {
  name: 'toml', accepts: ({ exists, ending }) => exists && ending === '.toml',
  read(source, reading) {
    const groups = withTemplates(parseToml(source.text(), source.place)) as Dict
    if (groups.size === 0) throw refuse('the file is empty', source)
    if (groups.has('plugin')) throw refuse('it is the configuration of a plugin', source)
    for (const [name, content] of groups) readGroup(String(name), content, source, reading)
  },
}

function readGroup(name: string, content: Value, source: Source, reading: Reading): void {
  if (!isDict(content)) return reading.warn(passedOver(`'${name}' is not a valid group definition`, source))
  const group = reading.data.addGroup(name)
  for (const [part, value] of content) {
    if (part === 'vars') for (const [key, one] of table(value, name, 'vars', source)) reading.data.setGroupVar(group, key, one)
    else if (part === 'children') for (const child of names(value, name, source)) reading.data.addChild(group.name, child, source.span)
    else if (part === 'hosts') {
      for (const [pattern, vars] of table(value, name, 'hosts', source)) {
        const own = table(vars, name, 'hosts', source)
        for (const host of addHosts(reading, String(pattern), group.name, source.origin, source.span)) for (const [key, one] of own) reading.data.addHost(host.name).vars.set(key, one)
      }
    } else reading.warn(passedOver(`unexpected key '${String(part)}' in group '${name}', only 'vars', 'children' and 'hosts' are valid`, source))
  }
}

function table(value: Value, group: string, part: string, source: Source): Dict {
  if (isDict(value)) return value
  throw refuse(`'${part}' of group '${group}' is a table`, source)
}

function names(value: Value, group: string, source: Source): readonly string[] {
  if (Array.isArray(value)) return value.map(String)
  throw refuse(`'children' of group '${group}' is a list`, source)
}

function withTemplates(value: Value): Value {
  if (typeof value === 'string') return asTemplate(value)
  if (Array.isArray(value)) return value.map(withTemplates)
  return isDict(value) ? new Map([...value].map(([key, item]) => [key, withTemplates(item)])) : value
}

const refuse = (detail: string, { span }: Source): Problem => new Problem({ code: 'inventory-toml', summary: 'this is not an inventory', detail, span })
const passedOver = (detail: string, { span }: Source): Problem => new Problem({ code: 'inventory-unknown-key', summary: 'a part of an inventory is passed over', detail, span })
