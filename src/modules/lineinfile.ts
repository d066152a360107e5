import { defineModule } from '../contract/define-module.ts'
import { type Edit, bare, editFile, editParams, splitLines } from '../contract/edit-file.ts'
import { fail } from '../contract/failure.ts'
import { pythonPattern } from '../contract/python-pattern.ts'
import { choice, flag, text, type Params } from '../schema/field.ts'
import { expand } from '../template/regex.ts'

const params = {
  ...editParams,
  line: text('The line. Required for state: present.', { aliases: ['value'] }),
  regexp: text('What the line to be replaced or removed looks like; the last match is replaced, all are removed.', { aliases: ['regex'] }),
  search_string: text('Text in the line to be replaced or removed.'),
  state: choice(['present', 'absent'], 'Whether the line should be there.', { default: 'present' }),
  backrefs: flag('\\1 in the line means a group of regexp; without a match nothing is done.', { default: false }),
  insertafter: text("Where a new line goes: after the last match of this, or at 'EOF'."),
  insertbefore: text("Where a new line goes: before the last match of this, or at 'BOF'."),
  firstmatch: flag('The first match counts instead of the last.', { default: false }),
  create: flag('Make a missing file.', { default: false }),
} as const
type LineParams = Params<typeof params>

export const lineinfile = defineModule({
  name: 'lineinfile',
  summary: 'Keep one line in a text, or out of it.',
  notes: ['Needs nothing on the host but its shell. `regexp` is a Python regular expression; the file is edited here and put in its place by a rename.'],
  examples: `
- name: Nobody logs in as root
  lineinfile: { path: /etc/app/sshd_config, regexp: '^#?PermitRootLogin', line: PermitRootLogin no }
- name: A line at its place, in a file that may not be there
  lineinfile: { path: /etc/app/env, line: 'PATH=/opt/app/bin:$PATH', insertafter: ^HOME=, create: true, mode: "0644" }
- name: Only the number changes
  lineinfile: { path: /etc/app/app.conf, regexp: '^(\\s*workers\\s*=\\s*)\\d+', line: '\\g<1>8', backrefs: true }
- name: No such line
  lineinfile: { path: /etc/app/app.conf, regexp: ^debug, state: absent }
- name: Taken over only if visudo accepts it
  lineinfile: { path: /etc/sudoers, line: "%adm ALL=(ALL) NOPASSWD: ALL", validate: /usr/sbin/visudo -cf %s }
`,
  params,
  rules: { atMostOneOf: [['insertbefore', 'insertafter'], ['regexp', 'search_string']] },
  ...editFile<LineParams>({
    creates: ({ create, state }) => create && state === 'present',
    missing: ({ state }, path) => (state === 'absent' ? undefined : { msg: `Destination ${path} does not exist !`, rc: 257 }),
    edit: (given, old) => withWarning(given, given.state === 'present' ? present(given, old) : absent(given, old)),
    result: (_edit, { backup_file }) => ({ backup: backup_file ?? '' }),
    diff: 'content-and-attributes',
  }),
})

/** An empty pattern matches every line: hardly ever what was meant. */
function withWarning({ regexp, search_string }: LineParams, edit: Edit): Edit {
  const empty = regexp === '' ? 'regular expression' : search_string === '' ? 'search string' : undefined
  if (empty === undefined) return edit
  const way = regexp === '' ? " If this is desired, use '^' to match every line in the file and avoid this warning." : ''
  return { ...edit, outputs: { ...edit.outputs, warnings: [`The ${empty} is an empty string, which will match every line in the file. This may have unintended consequences, such as replacing the last line in the file rather than appending.${way}`] } }
}

function finder({ regexp, search_string, line, state }: LineParams): (candidate: string) => RegExpExecArray | boolean | null {
  if (regexp !== undefined) {
    const pattern = pythonPattern(regexp)
    return (candidate) => pattern.exec(candidate)
  }
  // The line itself counts as well as the text that is looked for: it is not put there twice.
  if (search_string !== undefined) return (candidate) => candidate.includes(search_string) || (state === 'present' && bare(candidate) === line)
  return (candidate) => bare(candidate) === line
}

function present(given: LineParams, old: string | undefined): Edit {
  const { line, backrefs, regexp, firstmatch } = given
  if (line === undefined) return fail('line is required with state=present')
  if (backrefs && regexp === undefined) fail('regexp is required with backrefs=true')
  const lines = splitLines(old ?? '')
  const find = finder(given)
  let found = -1
  let match: RegExpExecArray | boolean | null = null
  for (const [i, candidate] of lines.entries()) {
    const here = find(candidate)
    if (!here) continue
    ;[found, match] = [i, here]
    if (firstmatch) break
  }
  if (found >= 0) return replaceLine(lines, found, backrefs && typeof match === 'object' && match ? expand(line, [...match], match.groups) : line)
  if (backrefs) return { text: undefined, msg: '' }
  return insertLine(lines, line, given, old === undefined)
}

function replaceLine(lines: string[], at: number, line: string): Edit {
  const whole = line.endsWith('\n') ? line : `${line}\n`
  if (lines[at] === whole || (at === lines.length - 1 && bare(lines[at]!) === bare(whole) && lines[at] === bare(whole) && line === lines[at])) return { text: undefined, msg: '' }
  lines[at] = whole
  return { text: lines.join(''), msg: 'line replaced' }
}

function insertLine(lines: string[], line: string, { insertafter, insertbefore, firstmatch }: LineParams, isNew: boolean): Edit {
  const done = (): Edit => ({ text: lines.join(''), msg: 'line added' })
  const text = line.endsWith('\n') ? line : `${line}\n`
  if (insertbefore === 'BOF' || insertafter === 'BOF') {
    lines.unshift(text)
    return done()
  }
  const wanted = insertbefore ?? (insertafter === 'EOF' ? undefined : insertafter)
  const at = wanted === undefined || isNew ? -1 : position(lines, wanted, firstmatch)
  if (at < 0) {
    if (lines.length > 0 && !/[\r\n]$/.test(lines.at(-1)!)) lines.push('\n')
    lines.push(text)
    return done()
  }
  const where = insertbefore === undefined ? at + 1 : at
  // A line that stands where it would go is not put there again, though regexp does not match it.
  const neighbour = lines[insertbefore === undefined ? where : where - 1] ?? (insertbefore === undefined ? lines[where - 1] : undefined)
  if (neighbour !== undefined && bare(neighbour) === bare(text)) return { text: undefined, msg: '' }
  if (where > 0 && !/[\r\n]$/.test(lines[where - 1]!)) lines[where - 1] += '\n'
  lines.splice(where, 0, text)
  return done()
}

function position(lines: readonly string[], wanted: string, first: boolean): number {
  const pattern = pythonPattern(wanted)
  return first ? lines.findIndex((line) => pattern.test(line)) : lines.findLastIndex((line) => pattern.test(line))
}

function absent(given: LineParams, old: string | undefined): Edit {
  if (given.regexp === undefined && given.search_string === undefined && given.line === undefined) return fail('one of line, search_string, or regexp is required with state=absent')
  const lines = splitLines(old ?? '')
  const find = finder(given)
  const left = lines.filter((line) => !find(line))
  const found = lines.length - left.length
  return found === 0 ? { text: undefined, msg: '', outputs: { found } } : { text: left.join(''), msg: `${found} line(s) removed`, outputs: { found } }
}
