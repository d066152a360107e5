import { defineModule } from '../contract/define-module.ts'
import { type Edit, editFile, editParams, splitLines } from '../contract/edit-file.ts'
import { fail } from '../contract/failure.ts'
import { type Params, choice, flag, list, raw, text } from '../schema/field.ts'

const params = {
  ...editParams,
  section: text('The section; without it, what stands above all sections.'),
  section_has_values: list(raw('A dict.'), 'Which of several sections of the same name.'),
  option: text('The option; without it, the section as a whole.'),
  value: text('Its value.'),
  values: list(text('A value.'), 'Its values, each on a line of its own.'),
  state: choice(['present', 'absent'], 'Whether it should be there.', { default: 'present' }),
  exclusive: flag('Other lines of the same option are removed.', { default: true }),
  no_extra_spaces: flag('No spaces around the equals sign.', { default: false }),
  ignore_spaces: flag('Leave lines that differ in spaces alone.', { default: false }),
  allow_no_value: flag('Options may stand without a value.', { default: false }),
  modify_inactive_option: flag('An option behind a comment sign is put to work instead of a new line.', { default: true }),
  create: flag('Make a missing file.', { default: true }),
  follow: flag('Follow a link at the path.', { inert: 'links are always followed', default: false }),
} as const
type IniParams = Params<typeof params>

export const iniFile = defineModule({
  name: 'ini_file',
  summary: 'Keep a section or option of an INI file there or away.',
  notes: ['Needs nothing on the host but its shell. `section_has_values` is refused. Where there is nothing to take out no directory is made; Ansible makes it.'],
  examples: `
- name: An option
  ini_file: { path: /etc/app/app.ini, section: database, option: host, value: db1.example.com, mode: "0600" }
- name: Without spaces around the sign, as systemd has it
  ini_file: { path: /etc/systemd/journald.conf, section: Journal, option: SystemMaxUse, value: 200M, no_extra_spaces: true }
- name: Several values under one name
  ini_file: { path: /etc/app/app.ini, section: web, option: listen, values: ["80", "443"] }
- name: An option is not there
  ini_file: { path: /etc/app/app.ini, section: database, option: password, state: absent }
`,
  params,
  rules: { atMostOneOf: [['value', 'values']] },
  ...editFile<IniParams>({
    creates: ({ create }) => create,
    missing: (_params, path) => ({ msg: `Destination ${path} does not exist!`, rc: 257 }),
    edit,
    tellsFile: true,
    result: (edit, backup) => ({ msg: edit.msg || 'OK', ...backup }),
  }),
})

function edit(given: IniParams, old: string | undefined): Edit {
  const { section, state } = given
  if (given.section_has_values) fail('section_has_values is not supported')
  const values = given.values ?? (given.value === undefined ? undefined : [given.value])
  if (state === 'present' && values === undefined && !given.allow_no_value) fail("Parameter 'value(s)' must be defined if state=present and allow_no_value=False.")
  const lines = splitLines(old ?? '')
  if (lines.length > 0 && !lines.at(-1)!.endsWith('\n')) lines[lines.length - 1] += '\n'
  // As in Ansible: an empty file begins with an empty line.
  if (lines.length === 0 && state === 'present') lines.push('\n')
  const range = sectionRange(lines, section)
  const msg = state === 'present' ? present(lines, range, given, values ?? [undefined]) : absent(lines, range, given, values)
  const text = lines.join('')
  return text === (old ?? '') ? { text: undefined, msg: '' } : { text, msg: msg || 'option changed' }
}

interface Range {
  /** The first line inside; the header stands above it. */
  readonly from: number
  readonly to: number
}

const isHeader = (line: string): boolean => /^\s*\[[^\]]*\]/.test(line)

function sectionRange(lines: readonly string[], section: string | undefined): Range | undefined {
  const header = section === undefined || section === '' ? -1 : lines.findIndex((line) => line.trim().startsWith(`[${section}]`))
  if (section !== undefined && section !== '' && header < 0) return undefined
  const next = lines.findIndex((line, i) => i > header && isHeader(line))
  return { from: header + 1, to: next < 0 ? lines.length : next }
}

/** Comment sign, name and value of a line that gives this option. */
function matcher(option: string): (line: string) => { readonly active: boolean; readonly value: string | undefined } | undefined {
  const pattern = new RegExp(`^[ \\t]*([#;]?)[ \\t]*${option.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')}[ \\t]*(?:(=)[ \\t]*(.*?)[ \\t]*)?\\r?\\n?$`)
  return (line) => {
    const match = pattern.exec(line)
    return match ? { active: match[1] === '', value: match[2] ? match[3]! : undefined } : undefined
  }
}

function lineOf({ option, no_extra_spaces }: IniParams, value: string | undefined): string {
  if (value === undefined) return `${option}\n`
  return no_extra_spaces ? `${option}=${value}\n` : value === '' ? `${option} =\n` : `${option} = ${value}\n`
}

function present(lines: string[], range: Range | undefined, given: IniParams, values: readonly (string | undefined)[]): string {
  if (!range) {
    lines.push(`[${given.section}]\n`, ...(given.option === undefined ? [] : values.map((value) => lineOf(given, value))))
    return given.option === undefined ? 'only section added' : 'section and option added'
  }
  if (given.option === undefined) return ''
  const body = lines.slice(range.from, range.to)
  const { result, added } = withValues(body, given, values)
  lines.splice(range.from, range.to - range.from, ...result)
  return added ? 'option added' : 'option changed'
}

/** Lines that have a wanted value stay, the others of the option give their place to values that are still missing. */
function withValues(body: readonly string[], given: IniParams, values: readonly (string | undefined)[]): { readonly result: readonly string[]; readonly added: boolean } {
  const match = matcher(given.option!)
  const left = [...values]
  const kept = body.map((line): string | undefined => {
    const found = match(line)
    if (!found?.active || !left.includes(found.value)) return undefined
    left.splice(left.indexOf(found.value), 1)
    return given.ignore_spaces ? line : lineOf(given, found.value)
  })
  const result: string[] = []
  body.forEach((line, i) => {
    const found = match(line)
    if (kept[i] !== undefined) result.push(kept[i])
    else if (found && (found.active ? given.exclusive : given.modify_inactive_option) && left.length > 0) result.push(lineOf(given, left.shift()))
    else if (!(found?.active && given.exclusive)) result.push(line)
  })
  const added = left.length > 0
  // New lines go behind the last one that says something.
  const end = result.findLastIndex((line) => !/^[ \t]*(?:[#;].*)?\r?\n?$/.test(line)) + 1
  result.splice(end, 0, ...left.map((value) => lineOf(given, value)))
  return { result, added }
}

function absent(lines: string[], range: Range | undefined, given: IniParams, values: readonly (string | undefined)[] | undefined): string {
  if (!range) return ''
  if (given.option === undefined) {
    const header = given.section === undefined || given.section === '' ? 0 : 1
    lines.splice(range.from - header, range.to - range.from + header)
    return 'section removed'
  }
  const match = matcher(given.option)
  const goes = (line: string) => {
    const found = match(line)
    return found?.active === true && (given.exclusive || values === undefined || values.includes(found.value))
  }
  lines.splice(range.from, range.to - range.from, ...lines.slice(range.from, range.to).filter((line) => !goes(line)))
  return 'option removed'
}
