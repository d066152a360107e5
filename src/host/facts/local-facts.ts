import { type Dict, type Value } from '../../value/value.ts'
import { fromJson } from '../../value/json.ts'

/** The `ansible_local` of what the facts script printed: JSON or INI, by file name without its ending. */
export function localFacts(section: string): Dict {
  const facts = new Map<Value, Value>()
  for (const part of section.split(/^@@fact /m).slice(1)) {
    const path = part.slice(0, part.indexOf('\n'))
    const text = part.slice(part.indexOf('\n') + 1)
    facts.set(path.slice(path.lastIndexOf('/') + 1).replace(/\.fact$/, ''), factOf(text, path))
  }
  return facts
}

function factOf(text: string, path: string): Value {
  const failed = /\n?@@failed (\d+) ([^]*)$/.exec(text)
  if (failed) return `Failure executing fact script (${path}), rc: ${failed[1]}, err: ${failed[2]!.trim() === '' ? '' : failed[2]!.replace(/\n*$/, '\n')}`
  if (text.trim() === '@@dead') return `Could not stat fact (${path}): [Errno 2] No such file or directory: '${path}'`
  if (text.trim() === '@@unread') return `error loading facts as JSON or ini - please check content: ${path}`
  try {
    return fromJson(JSON.parse(text))
  } catch {
    const sections = parseIni(text)
    return sections === undefined ? `error loading facts as JSON or ini - please check content: ${path}` : filledIn(sections, path)
  }
}

/** The sections with `%(name)s` filled in, or what is wrong with it. */
function filledIn(sections: ReadonlyMap<Value, ReadonlyMap<Value, Value>>, path: string): Value {
  try {
    return new Map([...sections].map(([name, options]) => [name, new Map([...options].map(([key, value]) => [key, interpolate(String(value), String(key), String(name), options)]))]))
  } catch (thrown) {
    return `error loading facts as ini - please check content: ${path} (${(thrown as Error).message})`
  }
}

function interpolate(text: string, option: string, section: string, options: ReadonlyMap<Value, Value>, depth = 0): string {
  return text.replace(/%(%|\(([^)]*)\)s)?/g, (_part, what: string | undefined, name: string | undefined, at: number) => {
    if (what === '%') return '%'
    if (what === undefined) throw new Error(`'%' must be followed by '%' or '(', found: '${text.slice(at)}'`)
    const value = options.get(name!.toLowerCase())
    if (value === undefined || depth > 9) throw new Error(`Bad value substitution: option '${option}' in section '${section}' contains an interpolation key '${name}' which is not a valid option name. Raw value: '${text}'`)
    return interpolate(String(value), option, section, options, depth + 1)
  })
}

/** Python's configparser: sections of options, names in lower case, indented lines go on with the value. */
function parseIni(text: string): Map<Value, Map<Value, Value>> | undefined {
  const sections = new Map<Value, Map<Value, Value>>()
  let section: Map<Value, Value> | undefined
  let last: string | undefined
  for (const line of text.split('\n')) {
    if (/^\s*([#;].*)?$/.test(line)) continue
    const header = /^\[(.+)\]\s*$/.exec(line)
    const option = /^(\S.*?)\s*[=:]\s*(.*)$/.exec(line)
    const again = header ? sections.has(header[1]!) : option !== null && !/^\s/.test(line) && section?.has(option[1]!.toLowerCase())
    if (again) return undefined
    if (header) sections.set(header[1]!, (section = new Map()))
    else if (!section) return undefined
    else if (/^\s/.test(line) && last !== undefined) section.set(last, `${String(section.get(last))}\n${line.trim()}`)
    else if (option) section.set((last = option[1]!.toLowerCase()), option[2]!.trim())
    else return undefined
  }
  return sections.size > 0 || text.trim() === '' ? sections : undefined
}
