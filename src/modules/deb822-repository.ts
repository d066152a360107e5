import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { attributeOutputs } from '../contract/file-target.ts'
import { isAddress, loadAddress } from '../contract/load-address.ts'
import { type Entry, type TreeState, planTree, readTree, stateAt, treeDiff, treeSteps } from '../contract/put-tree.ts'
import { fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { known } from '../contract/file-target.ts'
import { type Step, remove } from '../host/step.ts'
import { type Params, choice, flag, integer, list, mode, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'

const params = {
  name: text('The name; the files are named after it.', { required: true }),
  state: choice(['present', 'absent'], 'Whether apt knows it.', { default: 'present' }),
  types: list(choice(['deb', 'deb-src'], ''), 'Packages, their sources, or both.', { default: ['deb'] }),
  uris: list(text(''), 'The addresses.'),
  suites: list(text(''), 'The suites; one that ends with a slash is a path.'),
  components: list(text(''), 'The components.'),
  signed_by: text('The key: an address, a file of the host, fingerprints, or the armoured key itself.'),
  architectures: list(text(''), 'Only these.'),
  languages: list(text(''), 'Only these translations.'),
  targets: list(text(''), 'Only these indexes.'),
  enabled: flag('Whether it is used.'),
  allow_insecure: flag('Without any signature too.'),
  allow_weak: flag('With weak signatures too.'),
  allow_downgrade_to_insecure: flag('Though it was signed before.'),
  trusted: flag('Take it for signed, or never.'),
  by_hash: flag('Load indexes by their hash.'),
  check_date: flag('Lists of the future are refused.'),
  check_valid_until: flag('Lists that ran out are refused.'),
  date_max_future: integer('Seconds that a list may be of the future.'),
  inrelease_path: text('Where InRelease is.'),
  pdiffs: flag('Load differences of indexes.'),
  mode: mode('Permissions of the file.', { default: '0644' }),
  install_python_debian: flag('Install python3-debian first.', { inert: 'no Python is needed' }),
} as const
type RepoParams = Params<typeof params>

interface Repository {
  readonly tree: TreeState
  /** Files that are there and should not be. */
  readonly extra: readonly string[]
  readonly seen: Aside<{ readonly entries: readonly Entry[]; readonly dest: string; readonly text: string; readonly key: string | undefined }>
}

const KEYRINGS = '/etc/apt/keyrings'

export const deb822Repository = defineModule({
  name: 'deb822_repository',
  summary: 'Keep a package source of apt, as a .sources file, with its key.',
  notes: ['As in Ansible the package lists are not read again: let apt do it (update_cache) when this changed.'],
  examples: `
- name: Packages of our own
  deb822_repository:
    name: own
    uris: https://apt.example.com
    suites: stable
    components: main
    signed_by: https://apt.example.com/key.asc
- name: A plain directory of packages, for two architectures
  deb822_repository: { name: plain, types: [deb], uris: "file:/srv/packages", suites: ./, architectures: [amd64, arm64], trusted: true }
- name: A source is gone
  deb822_repository: { name: old, state: absent }
`,
  params,
  rules: { requiredIf: [['state', 'present', ['uris', 'suites']]] },
  async probe(host, given, { diff }): Promise<Repository> {
    const slug = slugOf(given.name)
    const dest = `/etc/apt/sources.list.d/${slug}.sources`
    if (given.state === 'absent') {
      const paths = [dest, `${KEYRINGS}/${slug}.asc`, `${KEYRINGS}/${slug}.gpg`]
      const there = await Promise.all(paths.map(async (path) => known(await host.get(fileResource, path)).kind !== 'absent'))
      return { tree: {}, extra: paths.filter((_, i) => there[i]), seen: aside({ entries: [], dest, text: '', key: undefined }) }
    }
    if (given.suites!.some((suite) => suite.endsWith('/')) !== (given.components === undefined)) fail(given.components === undefined ? 'components are needed where no suite is a path (ends with a slash)' : 'a suite that is a path (ends with a slash) has no components')
    const key = await keyFile(host, given, slug)
    const text = showSource(given, key?.path)
    const plain = { owner: undefined, group: undefined, mode: undefined }
    const entries: readonly Entry[] = [
      ...(key ? [{ path: KEYRINGS, kind: 'directory', wanted: { ...plain, mode: undefined } } as const, { path: key.path, kind: 'file', wanted: { ...plain, mode: '0644' }, content: bytesContent(key.bytes) } as const] : []),
      { path: dest, kind: 'file', wanted: { ...plain, mode: given.mode }, content: bytesContent(text) },
    ]
    return { tree: await readTree(host, entries, true, diff), extra: [], seen: aside({ entries, dest, text, key: key?.path }) }
  },
  plan: (_given, before) => ({ ...before, tree: planTree(before.tree, before.seen.value.entries, true), extra: [] }),
  *apply({ before, after }): Iterable<Step> {
    for (const path of before.extra) yield remove(path)
    yield* treeSteps(before.tree, after.tree, before.seen.value.entries, {})
  },
  diff: ({ before, after }) => [...before.extra.map((path) => ({ header: { before: path, after: path }, before: 'there\n', after: '' })), ...treeDiff(before.tree, after.tree, before.seen.value.entries)],
  result({ params: { state }, before, after }) {
    const { dest, text, key } = before.seen.value
    if (state === 'absent') return { outputs: { repo: null, dest, key_filename: null, state: 'absent' } }
    return { outputs: { repo: text, dest, key_filename: key ?? null, ...attributeOutputs(stateAt(after.tree, dest), stateAt(before.tree, dest)), size: Buffer.byteLength(text) } }
  },
})

const slugOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9 _-]/g, '').replace(/[-_\s]+/g, '-').replace(/^-+|-+$/g, '')

/** An address gives a file of ours; everything else is written into the source itself. */
async function keyFile(host: Reader, { signed_by }: RepoParams, slug: string): Promise<{ readonly path: string; readonly bytes: Buffer } | undefined> {
  if (signed_by === undefined || !isAddress(signed_by)) return undefined
  const bytes = await loadAddress(host, signed_by, true)
  return { path: `${KEYRINGS}/${slug}.${bytes.subarray(0, 15).toString('latin1') === '-----BEGIN PGP ' ? 'asc' : 'gpg'}`, bytes }
}

/** Fields in the order of the parameters' names, as Ansible writes them: both leave each other's files alone. */
export function showSource(given: RepoParams, key: string | undefined): string {
  const OWN: Readonly<Record<string, string>> = { name: 'X-Repolib-Name', uris: 'URIs' }
  const names = Object.keys(params).filter((name) => !['state', 'mode', 'install_python_debian'].includes(name)).sort()
  return names.flatMap((name) => {
    const value = name === 'signed_by' ? (key ?? given.signed_by) : given[name as keyof RepoParams]
    if (value === undefined) return []
    const field = OWN[name] ?? name.split('_').map((word) => word[0]!.toUpperCase() + word.slice(1)).join('-')
    return [`${field}:${shown(value)}\n`]
  }).join('')
}

function shown(value: unknown): string {
  if (typeof value === 'boolean') return value ? ' yes' : ' no'
  if (Array.isArray(value)) return ` ${value.join(' ')}`
  const lines = String(value).trim().split('\n')
  // A text of several lines: each indented, an empty one a dot.
  return lines.length === 1 ? ` ${lines[0]!}` : `\n${lines.map((line) => `    ${line.trim() === '' ? '.' : line}`).join('\n')}`
}
