import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { parseMode } from '../contract/file-attributes.ts'
import { known } from '../contract/file-target.ts'
import { APT_ENVIRONMENT, aptListsResource, updateScript } from '../host/apt.ts'
import { contentResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { type Step, remove, run, write } from '../host/step.ts'
import { type Params, choice, flag, integer, mode, text } from '../schema/field.ts'
import { printBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import { bytesContent } from '../value/content.ts'

const params = {
  repo: text('The line: deb or deb-src, options, address, suite, components.', { required: true }),
  state: choice(['present', 'absent'], 'Whether apt knows it.', { default: 'present' }),
  filename: text('The name of the file in /etc/apt/sources.list.d, without .list; made from the address unless given.'),
  mode: mode('Permissions of a new file.', { default: '0644' }),
  update_cache: flag('Read the package lists anew when something changed.', { default: true, aliases: ['update-cache'] }),
  update_cache_retries: integer('How often that is tried.', { default: 5 }),
  update_cache_retry_max_delay: integer('Seconds between two of these at most.', { default: 12 }),
  codename: text('The distribution of a PPA.', { inert: 'PPAs are refused' }),
  validate_certs: flag('Whether certificates must be valid.', { default: true, inert: 'nothing is loaded but by apt itself' }),
  install_python_apt: flag('Install python3-apt first.', { default: true, inert: 'no Python is needed' }),
} as const
type RepoParams = Params<typeof params>

/** The texts of apt's one-line source files, by path. */
interface Sources {
  readonly files: Readonly<Record<string, string>>
}

const MAIN = '/etc/apt/sources.list'
const DIRECTORY = '/etc/apt/sources.list.d'

export const aptRepository = defineModule({
  name: 'apt_repository',
  summary: 'Keep a package source of apt, as one line in a .list file.',
  notes: ['PPAs (ppa:…) are refused: use deb822_repository with the address and key of the PPA.', 'Sources in .sources files are not looked at, as in Ansible.'],
  examples: `
- name: Packages of our own
  apt_repository: { repo: "deb [signed-by=/etc/apt/keyrings/own.asc] https://apt.example.com stable main", filename: own }
- name: Those of another place are not asked for
  apt_repository: { repo: "deb [signed-by=/etc/apt/keyrings/own.asc] https://old.example.com stable main", state: absent }
- name: Written, and the lists are read later
  apt_repository: { repo: "deb [trusted=yes] file:/srv/packages ./", update_cache: false, mode: "0644" }
`,
  params,
  async probe(host, given): Promise<Sources> {
    const source = sourceOf(given.repo)
    const listed = known(await host.run(`for f in ${MAIN} ${DIRECTORY}/*.list; do [ ! -f "$f" ] || printf '%s\\000' "$f"; done`, []))
    const paths = [...new Set([...listed.stdout.toString().split('\0').filter(Boolean), fileOf(given, source)])].sort()
    const files = await Promise.all(paths.map(async (path) => [path, known(await host.get(contentResource, path))?.toString()] as const))
    return { files: Object.fromEntries(files.filter((file): file is [string, string] => file[1] !== undefined)) }
  },
  plan(given, before): Sources {
    const wanted = sourceOf(given.repo)
    const is = (line: string) => parseSource(line)?.source === wanted
    if (given.state === 'absent') {
      const left = Object.entries(before.files).map(([path, text]) => [path, withoutLines(text, is)] as const)
      // A file that held nothing else goes with its line.
      return { files: Object.fromEntries(left.filter(([path, text]) => text === before.files[path] || text.trim() !== '' || path === MAIN)) }
    }
    const holder = Object.entries(before.files).find(([, text]) => text.split('\n').some(is))
    if (!holder) {
      const path = fileOf(given, wanted)
      const old = before.files[path] ?? ''
      return { files: { ...before.files, [path]: `${old}${old === '' || old.endsWith('\n') ? '' : '\n'}${wanted}\n` } }
    }
    if (Object.values(before.files).some((text) => text.split('\n').some((line) => parseSource(line)?.source === wanted && parseSource(line)?.enabled))) return before
    return { files: { ...before.files, [holder[0]]: holder[1].split('\n').map((line) => (is(line) ? wanted : line)).join('\n') } }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const paths = changedPaths(before, after)
    for (const path of paths) {
      const text = after.files[path]
      if (text === undefined) yield remove(path)
      else yield write(path, bytesContent(text), before.files[path] === undefined ? { mode: parseMode(given.mode, { mode: 0o644, directory: false }) } : {})
    }
    if (!given.update_cache) return
    // Lists that cannot be read with the new source take it back, so that the next run tries again.
    const undo = paths.map((path) => (before.files[path] === undefined ? `rm -f -- ${quote(path)}` : `${printBytes(Buffer.from(before.files[path]))} > ${quote(path)}`)).join('; ')
    yield run(`(\n${updateScript(given.update_cache_retries, given.update_cache_retry_max_delay, 60)}\n) || { c=$?; ${undo}; exit $c; }`, [leaves(aptListsResource, '', { time: Math.floor(Date.now() / 1000), newer: true })], { sentence: 'run apt-get update', environment: APT_ENVIRONMENT })
  },
  diff: ({ before, after }) => changedPaths(before, after).map((path) => ({ header: { before: path, after: path }, before: before.files[path] ?? '', after: after.files[path] ?? '' })),
  result: ({ params: { repo, state }, before, after }) => ({
    outputs: { repo, state, sources_added: Object.keys(after.files).filter((path) => before.files[path] === undefined), sources_removed: Object.keys(before.files).filter((path) => after.files[path] === undefined) },
  }),
})

const changedPaths = (before: Sources, after: Sources): readonly string[] => [...new Set([...Object.keys(before.files), ...Object.keys(after.files)])].filter((path) => before.files[path] !== after.files[path])

function sourceOf(repo: string): string {
  if (repo.startsWith('ppa:')) return fail('PPAs are not supported: give deb822_repository the address (https://ppa.launchpadcontent.net/USER/NAME/ubuntu) and key of the PPA')
  return parseSource(repo)?.enabled ? parseSource(repo)!.source : fail(`Invalid repository string: ${repo}`)
}

/** A line of a source file, spaces made one; switched off behind a comment sign. */
export function parseSource(line: string): { readonly source: string; readonly enabled: boolean } | undefined {
  const match = /^\s*(#*)\s*((?:deb|deb-src)\s+(?:\[[^\]]*\]\s+)?[^\s#]+\s+[^\s#]+[^#]*)(?:#.*)?$/.exec(line)
  if (!match || !/^(?:deb|deb-src)\s+(?:\[[^\]]*\]\s+)?(?:[a-z][\w+-]*:|\/)/.test(match[2]!)) return undefined
  return { source: match[2]!.trim().split(/\s+/).join(' '), enabled: match[1] === '' }
}

/** Only lines that are in force are taken out. */
function withoutLines(text: string, is: (line: string) => boolean): string {
  const lines = text.split('\n')
  const left = lines.filter((line) => !(is(line) && parseSource(line)!.enabled))
  return left.length === lines.length ? text : left.join('\n')
}

/** The name that Ansible makes: host and path of the address, everything else an underscore. */
function fileOf({ filename }: Pick<RepoParams, 'filename'>, source: string): string {
  if (filename !== undefined) {
    const name = `${filename.replace(/\.list$/, '')}.list`
    return name.startsWith('/') ? name : `${DIRECTORY}/${name}`
  }
  const address = source.replace(/^\S+\s+(?:\[[^\]]*\]\s+)?/, '').split(' ')[0]!
  const bare = address.replace(/^[a-z][\w+-]*:\/*/, '').replace(/^[^/@]*@/, '')
  return `${DIRECTORY}/${bare.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')}.list`
}
