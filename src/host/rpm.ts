import { quote } from '../shell/quote.ts'
import type { Resource } from './resource.ts'

/** An installed RPM package. `version` as dnf shows it: [EPOCH:]VERSION-RELEASE. */
export interface RpmPackage {
  readonly name: string
  readonly version: string
  readonly arch: string
}

const FORMAT = quote('%{NAME}|%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}|%{ARCH}\\n')

/** Installed packages by name, NAME-VERSION, NAME-VERSION-RELEASE.ARCH, or by what they provide; a path counts as such. Undefined without rpm. */
export const rpmResource: Resource<readonly RpmPackage[] | undefined> = {
  kind: 'rpm',
  async load(shell, keys) {
    const ask = keys.map((key) => `rpm -q --qf ${FORMAT} -- ${quote(key)} 2>/dev/null || rpm -q --whatprovides --qf ${FORMAT} -- ${quote(key)} 2>/dev/null; echo @@`)
    const { code, stdout } = await shell.run(`export LC_ALL=C; command -v rpm >/dev/null || exit 97\n${ask.join('\n')}`)
    if (code === 97) return keys.map(() => undefined)
    const parts = stdout.toString().split('@@\n')
    return keys.map((_, i) => parseRpms(parts[i] ?? ''))
  },
}

/** What is no line of a package says that there is none. */
export const parseRpms = (output: string): readonly RpmPackage[] => output.split('\n').flatMap((line) => {
  const [name, version, arch, more] = line.split('|')
  return name === undefined || version === undefined || arch === undefined || more !== undefined ? [] : [{ name, version, arch }]
})

/** One thing that dnf would do to a package. */
export interface RpmAction {
  readonly name: string
  readonly arch: string
  readonly version: string
  readonly what: 'install' | 'remove' | 'upgrade' | 'downgrade' | 'reinstall'
}

const HEADINGS: readonly (readonly [RegExp, RpmAction['what']])[] = [[/^Installing\b.*:$/, 'install'], [/^Upgrading\b.*:$|^Updating\b.*:$/, 'upgrade'], [/^Downgrading\b.*:$/, 'downgrade'], [/^Reinstalling\b.*:$/, 'reinstall'], [/^Removing\b.*:$|^Erasing\b.*:$/, 'remove']]

/** The table that dnf shows before it asks. A long name has the rest of its row on the next line. */
export function parseTransaction(output: string): readonly RpmAction[] {
  const rows: { what: RpmAction['what']; words: string[] }[] = []
  let what: RpmAction['what'] | undefined
  for (const line of output.split('\n')) {
    if (/^Transaction Summary/.test(line)) break
    const heading = HEADINGS.find(([pattern]) => pattern.test(line))
    if (heading || /^\S.*:$/.test(line)) what = heading?.[1]
    else if (what !== undefined && /^ \S/.test(line)) rows.push({ what, words: line.trim().split(/\s+/) })
    else if (what !== undefined && /^  +\S/.test(line) && !/^\s+replacing\b/.test(line)) rows.at(-1)?.words.push(...line.trim().split(/\s+/))
  }
  return rows.flatMap(({ what: action, words: [name, arch, version] }) => (name !== undefined && arch !== undefined && version !== undefined && /^[a-z0-9_]+$/.test(arch) ? [{ name, arch, version: version.replace(/^0:/, ''), what: action }] : []))
}
