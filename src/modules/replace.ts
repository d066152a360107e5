import { defineModule } from '../contract/define-module.ts'
import { type Edit, editFile, editParams } from '../contract/edit-file.ts'
import { fail } from '../contract/failure.ts'
import { pythonPattern } from '../contract/python-pattern.ts'
import { type Params, text } from '../schema/field.ts'
import { expand } from '../template/regex.ts'

const params = {
  ...editParams,
  regexp: text('What to replace, a Python regular expression; ^ and $ match at every line.', { required: true }),
  replace: text('What takes its place; \\1 and \\g<name> are groups. Without it, matches are removed.', { default: '' }),
  after: text('Only behind the first match of this.'),
  before: text('Only in front of a match of this.'),
  encoding: text('The encoding of the text.', { inert: 'bytes that are not UTF-8 are kept as they are', default: 'utf-8' }),
} as const
type ReplaceParams = Params<typeof params>

export const replace = defineModule({
  name: 'replace',
  summary: 'Replace everything in a text that matches a pattern.',
  notes: ['Needs nothing on the host but its shell. `regexp` is a Python regular expression, `^` and `$` stand at each line.'],
  examples: `
- name: The host has another name, everywhere in the file
  replace: { path: /etc/app/app.conf, regexp: 'old\\.example\\.com', replace: new.example.com, backup: true }
- name: Comments go
  replace: { path: /etc/app/app.conf, regexp: '^#.*\\n' }
- name: Only between two lines
  replace:
    path: /etc/app/app.conf
    after: '\\[cache\\]'
    before: '\\['
    regexp: ^(size\\s*=\\s*).*$
    replace: '\\g<1>64'
`,
  params,
  ...editFile<ReplaceParams>({
    creates: () => false,
    missing: (_params, path) => ({ msg: `Path ${path} does not exist !`, rc: 257 }),
    edit,
    result: (_edit, backup) => ({ rc: 0, ...backup }),
  }),
})

function edit(given: ReplaceParams, old: string | undefined): Edit {
  const text = old ?? ''
  const bad = badEscape(given.replace)
  if (bad !== undefined) fail(`Unable to process replace due to error: bad escape ${bad} at position ${given.replace.indexOf(bad)}`, { path: given.path })
  const section = sectionOf(given, text)
  if (!section) return { text: undefined, msg: `Pattern for before/after params did not match the given file: ${pattern(given)}` }
  let count = 0
  const inside = text.slice(section.from, section.to).replace(pythonPattern(given.regexp, 'gm'), (...args: unknown[]) => {
    count++
    const groups = typeof args.at(-1) === 'object' ? (args.at(-1) as Record<string, string>) : undefined
    const found = args.slice(0, args.findIndex((arg) => typeof arg === 'number')) as (string | undefined)[]
    return expand(given.replace, found, groups)
  })
  const whole = text.slice(0, section.from) + inside + text.slice(section.to)
  return whole === text ? { text: undefined, msg: '' } : { text: whole, msg: `${count} replacements made` }
}

/** The first escape in a replacement that Python refuses: a letter that means nothing. */
function badEscape(replacement: string): string | undefined {
  return [...replacement.matchAll(/\\(?:g<\w+>|[^])/g)].map(([escape]) => escape).find((escape) => /^\\[A-Za-z]$/.test(escape) && !/[abfnrtv]/.test(escape[1]!))
}

function pattern({ after, before }: ReplaceParams): string | undefined {
  if (after !== undefined && before !== undefined) return `${after}(?P<subsection>.*?)${before}`
  if (after !== undefined) return `${after}(?P<subsection>.*)`
  return before === undefined ? undefined : `(?P<subsection>.*)${before}`
}

function sectionOf(given: ReplaceParams, text: string): { readonly from: number; readonly to: number } | undefined {
  const source = pattern(given)
  if (source === undefined) return { from: 0, to: text.length }
  const match = pythonPattern(source, 'ds').exec(text)
  const [from, to] = match?.indices?.groups?.['subsection'] ?? []
  return from === undefined || to === undefined ? undefined : { from, to }
}
