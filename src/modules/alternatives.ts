import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource } from '../host/file.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { choice, integer, list, path, record, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import type { Value } from '../value/value.ts'

interface Slave {
  readonly link: string
  readonly path: string
}

/** A group of alternatives as update-alternatives tells it. `value` is the chosen path. */
interface Group {
  readonly link: string
  readonly mode: 'auto' | 'manual' | ''
  readonly value: string
  readonly paths: Readonly<Record<string, { readonly priority: number; readonly slaves: Readonly<Record<string, Slave>> }>>
}

const noGroup: Group = { link: '', mode: '', value: '', paths: {} }

/** Undefined where the program is missing. Key: the name of the group. */
const alternativesResource: Resource<Group | undefined> = {
  kind: 'alternatives',
  async load(shell, keys) {
    const { code, stdout } = await shell.run(`export LC_ALL=C; command -v update-alternatives >/dev/null || exit 9; for n in ${keys.map(quote).join(' ')}; do update-alternatives --query "$n" 2>/dev/null; echo @@; done`)
    if (code === 9) return keys.map(() => undefined)
    const parts = stdout.toString().split('@@\n')
    return keys.map((_, i) => parseGroup(parts[i] ?? ''))
  },
}

export const alternatives = defineModule({
  name: 'alternatives',
  summary: 'Keep an alternative for a program, and choose which one is used.',
  notes: ['Needs update-alternatives on the host, as of Debian.'],
  examples: `
- name: vi is vim
  alternatives: { name: vi, path: /usr/bin/vim.basic, link: /usr/bin/vi, state: selected }
- name: A program of our own as one of several, with its priority
  alternatives: { name: editor, path: /opt/edit/bin/edit, link: /usr/bin/editor, priority: 20, state: present }
- name: Which one is taken is left to the priorities
  alternatives: { name: editor, path: /opt/edit/bin/edit, state: auto }
`,
  params: {
    name: text('The generic name.', { required: true }),
    path: path('The program that stands for it.'),
    link: path('The generic path. Needed where there is no such group yet.'),
    priority: integer('In automatic mode the highest counts; 50 for a new one.'),
    state: choice(['present', 'selected', 'absent', 'auto'], 'present: it is one of them. selected: it is the chosen one. auto: the highest priority is chosen.', { default: 'selected' }),
    subcommands: list(record({ name: text('The generic name.', { required: true }), path: path('The file.', { required: true }), link: path('The generic path.', { required: true }) }, 'One of them.'), 'What is switched together with it.', { aliases: ['slaves'] }),
    family: text('A family of alternatives, as RPM distributions have them.'),
  },
  async probe(host, { name, family, path, state }): Promise<Group> {
    if (family !== undefined) fail('family is known to the alternatives of RPM distributions alone')
    if (path !== undefined && state !== 'absent' && known(await host.get(fileResource, path)).kind === 'absent') fail(`Specified path ${path} does not exist`)
    return known(await host.get(alternativesResource, name)) ?? fail('Failed to find required executable "update-alternatives"')
  },
  plan({ name, path, link, priority, state, subcommands }, before): Group {
    if (state === 'absent') {
      if (path === undefined) return fail('path is required with state=absent')
      const { [path]: gone, ...paths } = before.paths
      if (!gone) return before
      if (Object.keys(paths).length === 0) return noGroup
      return before.value === path ? { ...before, paths, mode: 'auto', value: best(paths) } : { ...before, paths, value: before.mode === 'auto' ? best(paths) : before.value }
    }
    if (path === undefined && state !== 'auto') return fail(`path is required with state=${state}`)
    const old = path === undefined ? undefined : before.paths[path]
    if (path !== undefined && !old && (link ?? before.link) === '') fail(`Needed to install the alternative, but unable to do so as we are missing the link`)
    if (path === undefined && before.link === '') fail(`there is no group of alternatives ${name}`)
    const slaves = subcommands === undefined ? (old?.slaves ?? {}) : Object.fromEntries(subcommands.map((one) => [one.name, { link: one.link, path: one.path }]))
    const paths = path === undefined ? before.paths : { ...before.paths, [path]: { priority: priority ?? old?.priority ?? 50, slaves } }
    const group: Group = { ...before, link: link ?? before.link, mode: before.mode || 'auto', paths }
    if (state === 'selected') return before.value === path ? group : { ...group, mode: 'manual', value: path! }
    return state === 'auto' || group.mode === 'auto' ? { ...group, mode: 'auto', value: best(paths) } : group
  },
  *apply({ params: { name, path, state }, before, after }): Iterable<Step> {
    const effects = [leaves(alternativesResource, name, after)]
    if (state === 'absent') return yield run(['update-alternatives', '--remove', name, path!], effects)
    const [old, now] = path === undefined ? [undefined, undefined] : [before.paths[path], after.paths[path]]
    if (path !== undefined && now && (JSON.stringify(old) !== JSON.stringify(now) || before.link !== after.link)) {
      const slaves = Object.entries(now.slaves).flatMap(([slave, { link, path: file }]) => ['--slave', link, slave, file])
      yield run(['update-alternatives', '--install', after.link, name, path, String(now.priority), ...slaves], effects)
    }
    if (state === 'selected' && before.value !== path) yield run(['update-alternatives', '--set', name, path!], effects)
    if (state === 'auto' && before.mode !== 'auto') yield run(['update-alternatives', '--auto', name], effects)
  },
  result: ({ params: { name }, after }) => ({ outputs: { name, path: after.value, link: after.link, mode: after.mode, paths: Object.keys(after.paths) as Value } }),
})

/** Of two with one priority the one that came first is chosen. */
const best = (paths: Group['paths']): string => Object.entries(paths).reduce((top, [path, { priority }]) => (top === '' || priority > paths[top]!.priority ? path : top), '')

/** The answer of --query: a head, then one paragraph an alternative. */
export function parseGroup(text: string): Group {
  const [head = '', ...rest] = text.split('\n\n')
  const field = (block: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
  if (field(head, 'Name') === '') return noGroup
  const pairs = (block: string) => Object.fromEntries([...(/^Slaves:\n((?: .*\n?)*)/m.exec(block)?.[1] ?? '').matchAll(/^ (\S+) (.*)$/gm)].map(([, name, path]) => [name!, path!]))
  const links = pairs(head)
  const status = field(head, 'Status')
  return {
    link: field(head, 'Link'), mode: status === 'manual' ? 'manual' : 'auto', value: field(head, 'Value'),
    paths: Object.fromEntries(rest.filter((block) => field(block, 'Alternative') !== '').map((block) => [field(block, 'Alternative'), {
      priority: Number(field(block, 'Priority')), slaves: Object.fromEntries(Object.entries(pairs(block)).map(([name, path]) => [name, { link: links[name] ?? '', path }])),
    }])),
  }
}
