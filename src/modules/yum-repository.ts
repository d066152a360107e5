import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { known, readTarget, viewOf, wish } from '../contract/file-target.ts'
import { type PutState, planPut, putDiff, putSteps } from '../contract/put-file.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { absent, contentResource, followedResource } from '../host/file.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Step, remove } from '../host/step.ts'
import { type Params, choice, flag, list, path, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'

/** Settings of the repository: each becomes a line of its section, under its own name unless SPELT says otherwise. */
const settings = {
  async: flag('Load in parallel. Of old releases.'),
  bandwidth: text('How much of the network it may use.'),
  baseurl: list(text(''), 'Its addresses.'),
  cost: text('What it costs next to others.'),
  countme: flag('Let its owner count.'),
  deltarpm_metadata_percentage: text('Of old releases.'),
  deltarpm_percentage: text('Of old releases.'),
  enabled: flag('Whether it is used.'),
  enablegroups: flag('Whether its groups are.'),
  exclude: list(text(''), 'Packages that are not taken from it.', { aliases: ['excludepkgs'] }),
  failovermethod: choice(['roundrobin', 'priority'], 'Which address is tried next.'),
  gpgcakey: text('Of old releases.'),
  gpgcheck: flag('Whether packages must be signed.'),
  gpgkey: list(text(''), 'Addresses of the keys that sign.'),
  http_caching: choice(['all', 'packages', 'none'], 'Of old releases.'),
  include: text('Another file of settings.'),
  includepkgs: list(text(''), 'The only packages that are taken from it.'),
  ip_resolve: choice(['4', '6', 'IPv4', 'IPv6', 'whatever'], 'Which addresses of the Internet.'),
  keepalive: flag('Of old releases.'),
  keepcache: choice(['0', '1'], 'Of old releases.'),
  metadata_expire: text('After how many seconds its metadata are old.'),
  metadata_expire_filter: choice(['never', 'read-only:past', 'read-only:present', 'read-only:future'], 'Of old releases.'),
  metalink: text('The address of a list of mirrors, with checksums.'),
  mirrorlist: text('The address of a list of mirrors.'),
  mirrorlist_expire: text('Of old releases.'),
  module_hotfixes: flag('All its packages may be had, whatever modules say.'),
  password: text('The password of its server.', { secret: true }),
  priority: text('Its place before others.'),
  protect: flag('Of old releases.'),
  proxy: text('The proxy.'),
  proxy_password: text('Its password.', { secret: true }),
  proxy_username: text('Its user.'),
  repo_gpgcheck: flag('Whether its metadata must be signed.'),
  retries: text('How often loading is tried.'),
  s3_enabled: flag('It is in an S3 store.'),
  skip_if_unavailable: flag('Go on without it.'),
  ssl_check_cert_permissions: flag('Of old releases.'),
  sslcacert: text('Certificates of authorities.', { aliases: ['ca_cert'] }),
  sslclientcert: text('The certificate of the client.', { aliases: ['client_cert'] }),
  sslclientkey: text('Its key.', { aliases: ['client_key'] }),
  sslverify: flag('Whether its server is checked.', { aliases: ['validate_certs'] }),
  throttle: text('How fast it is loaded.'),
  timeout: text('Seconds to wait for its server.'),
  ui_repoid_vars: text('Of old releases.'),
  username: text('The user of its server.'),
} as const
const params = {
  ...settings,
  name: text('What it is called: its section.', { required: true }),
  description: text('What people read: its `name`.'),
  file: text('The file, without .repo; called as the repository unless given.'),
  reposdir: path('The directory of the files.', { default: '/etc/yum.repos.d' }),
  state: choice(['absent', 'present'], 'Whether it should be there.', { default: 'present' }),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false }),
  ...fileParams,
} as const
type RepoParams = Params<typeof params>

interface State extends PutState {
  readonly old: Aside<string | undefined>
}

export const yumRepository = defineModule({
  name: 'yum_repository',
  summary: 'Keep a package repository of dnf or yum.',
  notes: ['Where a file changes, its comments go; one without any repository is removed.'],
  examples: `
- name: Packages of our own
  yum_repository: { name: own, description: Our own packages, baseurl: "https://rpm.example.com/$releasever/", gpgcheck: true, gpgkey: "https://rpm.example.com/key" }
- name: Two in one file, one of them not asked by itself
  yum_repository: { name: own-testing, file: own, description: Packages on trial, baseurl: "https://rpm.example.com/testing/", enabled: false }
- name: One is gone
  yum_repository: { name: old, state: absent }
`,
  params,
  rules: { requiredIf: [['state', 'present', ['description']]] },
  async probe(host, given, { environment }): Promise<State> {
    if (given.state === 'present' && (given.baseurl ?? given.mirrorlist ?? given.metalink) === undefined) fail('state is present but any of the following are missing: baseurl, mirrorlist, metalink')
    if (given.state === 'present' && given.description === undefined) fail('state is present but all of the following are missing: description')
    refuseAttributes(given)
    await refuseSelinux(host, given)
    const directory = (await resolvePath(host, given.reposdir, environment)).replace(/(.)\/+$/, '$1')
    if (known(await host.get(followedResource, directory)).kind !== 'directory') fail(`Repo directory '${directory}' does not exist.`)
    const file = given.file ?? given.name
    if (file.includes('/') || given.name.includes(']')) fail(`'${file}' is no name of a repository`)
    const path = `${directory}/${file}.repo`
    const [target, content] = await Promise.all([readTarget(host, path, given, true), host.get(contentResource, path)])
    const old = known(content)
    return { ...target, content: aside(old), old: aside(old?.toString()) }
  },
  plan(given, before): State {
    const text = edited(given, before.old.value)
    if (text === before.old.value || (text === '' && before.old.value === undefined)) return before.kind === 'absent' ? before : { ...before, ...wish(before, given, before) }
    if (text === '') return { ...viewOf(absent, given), checksum: '', seen: before.seen, content: aside(bytesContent('')), old: before.old }
    return { ...before, ...planPut(before, bytesContent(text ?? ''), given) }
  },
  apply: ({ params: { unsafe_writes }, before, after }): readonly Step[] => (after.kind === 'absent' ? [remove(before.seen.value.path)] : putSteps(before, after, after.content.value as ReturnType<typeof bytesContent>, { unsafe: unsafe_writes })),
  diff: ({ before, after }) => (after.kind === 'absent' ? [{ header: { before: before.seen.value.path, after: before.seen.value.path }, before: before.old.value ?? '', after: '' }] : putDiff(before, after)),
  result: ({ params: { name, state } }) => ({ outputs: { repo: name, state } }),
})

type Section = ReadonlyMap<string, string>

/** The text with the repository as it should be; the text itself where it is so. '' where no repository is left. */
function edited(given: RepoParams, old: string | undefined): string | undefined {
  const sections = parseRepos(old ?? '')
  const now = sections.get(given.name)
  const wanted = given.state === 'present' ? wantedSection(given) : undefined
  if (now === undefined ? wanted === undefined : wanted !== undefined && showSection('', sorted(now)) === showSection('', wanted)) return old
  const rest = new Map([...sections].filter(([name]) => name !== given.name))
  return [...rest, ...(wanted ? [[given.name, wanted] as const] : [])].map(([name, section]) => showSection(name, section)).join('')
}

function wantedSection(given: RepoParams): Section {
  const shown = (name: string, value: unknown): string => (typeof value === 'boolean' ? (value ? '1' : '0') : Array.isArray(value) ? value.join(name === 'baseurl' || name === 'gpgkey' ? '\n' : ' ') : String(value))
  const lines = Object.keys(settings).flatMap((name) => { const value = given[name as keyof typeof settings]; return value === undefined ? [] : [[name, shown(name, value)] as const] })
  return sorted(new Map([...lines, ...(given.description === undefined ? [] : [['name', given.description] as const])]))
}

const sorted = (section: Section): Section => new Map([...section].sort(([a], [b]) => (a < b ? -1 : 1)))

/** Sections in their order; a line that begins with a space goes on with the value above it. */
export function parseRepos(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  let key: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[([^\]]+)\]/.exec(line)?.[1]
    const setting = /^([^\s#;=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line)
    if (/^\s*[#;]/.test(line) || line.trim() === '') continue
    if (/^\s/.test(line) && section && key !== undefined) section.set(key, `${section.get(key)}\n${line.trim()}`)
    else if (header !== undefined) sections.set(header, (section = sections.get(header) ?? new Map()))
    else if (setting && section) section.set((key = setting[1]!.toLowerCase()), setting[2]!)
  }
  return sections
}

const showSection = (name: string, section: Section): string => `[${name}]\n${[...section].map(([key, value]) => `${key} = ${value.replaceAll('\n', '\n\t')}\n`).join('')}\n`
