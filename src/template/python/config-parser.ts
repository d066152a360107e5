import { fail } from '../template-error.ts'

/** How Python's `configparser` reads a file; what is missing is as `ConfigParser()` has it. */
export interface IniRules {
  readonly caseSensitive?: boolean
  /** Keys without `=` or `:` are taken, with no value. */
  readonly allowNoValue?: boolean
  /** `%(name)s` in a value is the value of another option. */
  readonly interpolation?: boolean
}
type Options = Map<string, string | null>
export interface Ini {
  /** Sections other than `[DEFAULT]`. */
  readonly sections: ReadonlyMap<string, Options>
  readonly defaults: Options
  readonly rules: IniRules
}

const COMMENT = /^\s*[#;]/
const OPTION = /^(.*?)\s*(?:[=:]\s*(.*))?$/s

/** Throws where a section or option is there twice, or a line is neither. `name` is how errors call the file. */
export function parseIni(text: string, name: string, rules: IniRules = {}): Ini {
  const sections = new Map<string, Options>()
  const defaults: Options = new Map()
  let section: Options | undefined
  let title = ''
  let last: { key: string; lines: string[]; indent: number } | undefined
  const finish = (): void => {
    if (last && section?.get(last.key) !== null) section!.set(last.key, last.lines.join('\n').trimEnd())
  }
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const indent = line.length - line.trimStart().length
    if (COMMENT.test(line)) continue
    if (line.trim() === '') {
      last?.lines.push('')
      continue
    }
    if (last && indent > last.indent && section!.get(last.key) !== null) {
      last.lines.push(line.trim())
      continue
    }
    finish()
    last = undefined
    const [, head] = /^\[(.+)\]/.exec(line.trim()) ?? []
    if (head !== undefined) {
      if (sections.has(head)) fail(`While reading from '${name}' [line ${index + 1}]: section '${head}' already exists`)
      title = head
      section = head === 'DEFAULT' ? defaults : new Map()
      if (head !== 'DEFAULT') sections.set(head, section)
      continue
    }
    if (!section) return fail(`File contains no section headers.\nfile: '${name}', line: ${index + 1}\n'${line}'`)
    const [, written = '', value] = OPTION.exec(line.trim()) ?? []
    if (written === '' || (value === undefined && !rules.allowNoValue)) return fail(`Source contains parsing errors: '${name}'\n\t[line ${index + 1}]: '${line}'`)
    const key = keyOf(written, rules)
    if (section.has(key)) fail(`Duplicate option in '${name}': While reading from '${name}' [line ${index + 1}]: option '${key}' in section '${title}' already exists`)
    section.set(key, value ?? null)
    last = { key, lines: [value ?? ''], indent }
  }
  finish()
  return { sections, defaults, rules }
}
export const keyOf = (name: string, { caseSensitive }: IniRules): string => (caseSensitive ? name.trimEnd() : name.trimEnd().toLowerCase())

/** The options of a section over the defaults, interpolated; `undefined` where there is no such section. */
export function sectionOf(ini: Ini, name: string): ReadonlyMap<string, string | null> | undefined {
  const own = ini.sections.get(name)
  if (!own) return undefined
  const all: Options = new Map([...ini.defaults, ...own])
  return ini.rules.interpolation === false ? all : new Map([...all].map(([key, value]) => [key, value === null ? null : interpolate(value, key, all, ini, 0)]))
}
function interpolate(value: string, key: string, all: ReadonlyMap<string, string | null>, ini: Ini, depth: number): string {
  if (depth > 10) return fail(`Recursion limit exceeded in value substitution: option '${key}'`)
  return value.replace(/%(?:(%)|\(([^)]*)\)s|)/g, (_all, percent?: string, name?: string) => {
    if (percent) return '%'
    if (name === undefined) return fail(`'%' must be followed by '%' or '(', found: '${value}'`)
    const found = all.get(keyOf(name, ini.rules)) ?? fail(`Bad value substitution: option '${key}' contains an interpolation key '${name}' which is not a valid option name. Raw value: '${value}'`)
    return interpolate(found, key, all, ini, depth + 1)
  })
}
