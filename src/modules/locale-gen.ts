import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource, fileResource } from '../host/file.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, run, write } from '../host/step.ts'
import { choice, list, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'
import { type Unknown, isUnknown } from '../value/value.ts'

/** The locales that are made, in the spelling of `locale -a`. Key: ''. */
const madeResource: Resource<readonly string[]> = {
  kind: 'locales',
  load: async (shell, keys) => {
    const made = (await shell.run('export LC_ALL=C; locale -a 2>/dev/null; :')).stdout.toString().split('\n').filter(Boolean)
    return keys.map(() => made)
  },
}

interface Locales {
  /** By wanted name. */
  readonly made: Readonly<Record<string, boolean | Unknown>>
  /** The text of /etc/locale.gen; '' where Ubuntu's way is taken. */
  readonly file: string
  readonly seen: Aside<{ readonly all: readonly string[] | Unknown; readonly possible: readonly string[]; readonly ubuntu: boolean }>
}

const GEN = '/etc/locale.gen'

export const localeGen = defineModule({
  name: 'locale_gen',
  summary: 'Make locales, or take them away.',
  notes: ['Needs the package locales on the host.'],
  examples: `
- name: German for those who want it
  locale_gen: { name: de_DE.UTF-8 }
- name: Two at once
  locale_gen: { name: [en_GB.UTF-8, fr_FR.UTF-8] }
- name: Not this one
  locale_gen: { name: de_AT.UTF-8, state: absent }
`,
  params: {
    name: list(text(''), 'The locales: de_DE.UTF-8, en_GB …', { required: true }),
    state: choice(['present', 'absent'], 'Whether they are there.', { default: 'present' }),
  },
  async probe(host, { name }): Promise<Locales> {
    const [made, gen, supported, ubuntu] = await Promise.all([
      host.get(madeResource, ''), host.get(contentResource, GEN), host.get(contentResource, '/usr/share/i18n/SUPPORTED'), host.get(fileResource, '/var/lib/locales/supported.d'),
    ])
    const [file, all] = [known(gen), known(supported)]
    const own = known(ubuntu).kind === 'directory' && file === undefined
    if (!own && file === undefined) fail(`${GEN} and /var/lib/locales/supported.d/local are missing. Is the package "locales" installed?`)
    const possible = [...(all?.toString() ?? '').split('\n'), ...(file?.toString() ?? '').split('\n').map((line) => line.replace(/^\s*#?\s*/, ''))].map((line) => line.trim().split(/\s+/)[0] ?? '')
    return { made: Object.fromEntries(name.map((one) => [one, isUnknown(made) ? made : made.includes(asListed(one))])), file: own ? '' : file!.toString(), seen: aside({ all: made, possible, ubuntu: own }) }
  },
  plan({ name, state }, before) {
    const { possible, ubuntu } = before.seen.value
    const wrong = name.filter((one) => !possible.includes(one))
    if (wrong.length > 0 && state === 'present') fail(`The following locales you have entered are not available on your system: ${wrong.join(', ')}`)
    return { ...before, made: Object.fromEntries(name.map((one) => [one, state === 'present'])), file: ubuntu ? '' : edited(before.file, name, state === 'present') }
  },
  *apply({ params: { name, state }, before, after }): Iterable<Step> {
    const { all, ubuntu } = before.seen.value
    if (after.file !== before.file) yield write(GEN, bytesContent(after.file))
    const left = isUnknown(all) ? all : state === 'present' ? [...new Set([...all, ...name.map(asListed)])] : all.filter((one) => !name.some((gone) => asListed(gone) === one))
    const effects = [leaves(madeResource, '', left)]
    if (ubuntu && state === 'present') return yield run(['locale-gen', ...name], effects)
    if (ubuntu) return yield run(`for f in /var/lib/locales/supported.d/*; do [ ! -f "$f" ] || sed -i ${name.map((one) => `-e '/^${one.replace(/[.]/g, '[.]').replace(/[^\w.@[\]-]/g, '')} /d'`).join(' ')} "$f"; done; locale-gen --purge`, effects, { sentence: `take away ${name.join(', ')}` })
    // An archive that was built before still holds what is no longer listed.
    yield run(state === 'present' ? ['locale-gen'] : 'rm -f /usr/lib/locale/locale-archive; exec locale-gen', effects, { sentence: 'run locale-gen' })
  },
  diff: ({ before, after }) => [
    ...(before.file === after.file ? [] : [{ header: { before: GEN, after: GEN }, before: before.file, after: after.file }]),
    { header: { before: 'locales', after: 'locales' }, before: names(before.made), after: names(after.made) },
  ].filter(({ before, after }) => before !== after),
  result: ({ params: { name }, before: { seen: { value: { ubuntu } } } }) => ({ outputs: { name, mechanism: ubuntu ? 'ubuntu_legacy' : 'glibc', ubuntu_mode: ubuntu } }),
})

const names = (made: Locales['made']): string => Object.entries(made).filter(([, there]) => there === true).map(([name]) => `${name}\n`).join('')

/** `de_DE.UTF-8` is `de_DE.utf8` in the list of those that are made; the modifier stays. */
export const asListed = (name: string): string => name.replace(/\.([^@]+)/, (_, set: string) => `.${set.toLowerCase().replaceAll('-', '')}`)

/** Lines of the locales are taken out of their comments, or put behind them; one that stands nowhere goes to the end. */
function edited(file: string, wanted: readonly string[], present: boolean): string {
  const missing = new Set(wanted)
  const lines = file.split('\n').map((line) => {
    const [, comment = '', name = ''] = /^\s*(#?)\s*(\S+)\s+\S+\s*$/.exec(line) ?? []
    if (!wanted.includes(name)) return line
    missing.delete(name)
    return present ? line.replace(/^\s*#?\s*/, '') : comment ? line : `# ${line}`
  })
  if (!present || missing.size === 0) return lines.join('\n')
  const text = lines.join('\n')
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${[...missing].map((name) => `${name} ${/\.([^@]+)/.exec(name)?.[1] ?? 'ISO-8859-1'}\n`).join('')}`
}
