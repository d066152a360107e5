import { type Dict, type Value } from '../../value/value.ts'
import { fromJson } from '../../value/json.ts'

/** The `ansible_local` of what the facts script printed: JSON or INI, by file name without its ending. */
export function localFacts(section: string): Dict {
  const facts = new Map<Value, Value>()
  for (const part of section.split(/^@@fact /m).slice(1)) {
    const path = part.slice(0, part.indexOf('\n'))
    const text = part.slice(part.indexOf('\n') + 1)
    const failed = /\n?@@failed (\d+)\s*$/.exec(text)
    facts.set(path.slice(path.lastIndexOf('/') + 1).replace(/\.fact$/, ''), failed ? `Failure executing fact script (${path}), rc: ${failed[1]}, err: ` : parseFact(text, path))
  }
  return facts
}

function parseFact(text: string, path: string): Value {
  try {
    return fromJson(JSON.parse(text))
  } catch {
    return parseIni(text) ?? `error loading facts as JSON or ini - please check content: ${path}`
  }
}

/** Python's configparser: sections of options, names in lower case, indented lines go on with the value. */
function parseIni(text: string): Dict | undefined {
  const sections = new Map<Value, Map<Value, Value>>()
  let section: Map<Value, Value> | undefined
  let last: string | undefined
  for (const line of text.split('\n')) {
    if (/^\s*([#;].*)?$/.test(line)) continue
    const header = /^\[(.+)\]\s*$/.exec(line)
    const option = /^(\S.*?)\s*[=:]\s*(.*)$/.exec(line)
    if (header) sections.set(header[1]!, (section = new Map()))
    else if (!section) return undefined
    else if (/^\s/.test(line) && last !== undefined) section.set(last, `${String(section.get(last))}\n${line.trim()}`)
    else if (option) section.set((last = option[1]!.toLowerCase()), option[2]!.trim())
    else return undefined
  }
  return sections.size > 0 || text.trim() === '' ? sections : undefined
}
