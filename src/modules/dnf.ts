import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { noPackage, packageResource } from '../host/package.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type RpmAction, type RpmPackage, parseTransaction, rpmResource } from '../host/rpm.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, integer, list, path, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, fresh, isUnknown, unknown } from '../value/value.ts'

export const dnfParams = {
  name: list(text(''), 'Packages: NAME, NAME-VERSION, `NAME >= VERSION`, @GROUP, a path, an address; `*` with `latest` for all.', { default: [], aliases: ['pkg'] }),
  state: choice(['absent', 'present', 'installed', 'removed', 'latest'], 'What is to be of them; present, or absent with autoremove alone.'),
  update_cache: flag('Read the metadata of repositories again before anything else.', { default: false, aliases: ['expire-cache'] }),
  update_only: flag('With latest: only what is installed.', { default: false }),
  autoremove: flag('Remove packages that nothing needs any more.', { default: false }),
  allow_downgrade: flag('Older versions may take the place of newer ones.', { default: false }),
  allowerasing: flag('Remove what is in the way.', { default: false }),
  best: flag('The newest version or none.'),
  nobest: flag('The opposite of best.'),
  bugfix: flag('With latest: only updates that mend bugs.', { default: false }),
  security: flag('With latest: only updates for security.', { default: false }),
  cacheonly: flag('Read no metadata, take what is in the cache.', { default: false }),
  conf_file: path('Another file of settings.'),
  disable_excludes: text('`all`, `main` or a repository whose excludes do not count.'),
  disable_gpg_check: flag('Take packages without a good signature.', { default: false }),
  disable_plugin: list(text(''), 'Plugins of dnf that are off.', { default: [] }),
  enable_plugin: list(text(''), 'Plugins of dnf that are on.', { default: [] }),
  disablerepo: list(text(''), 'Repositories that are off.', { default: [] }),
  enablerepo: list(text(''), 'Repositories that are on.', { default: [] }),
  exclude: list(text(''), 'Packages that are left out.', { default: [] }),
  download_only: flag('Fetch the packages, and no more.', { default: false }),
  download_dir: path('Where they are put.'),
  install_weak_deps: flag('Recommended packages come along.', { default: true }),
  installroot: path('Another root to install into.', { default: '/' }),
  releasever: text('The release that packages are of.'),
  skip_broken: flag('Leave out what cannot be had.', { default: false }),
  sslverify: flag('Check the certificates of repositories.', { default: true }),
  validate_certs: flag('Check the certificates where a package is an address.', { default: true }),
  use_backend: choice(['auto', 'dnf', 'dnf4', 'dnf5', 'yum', 'yum4'], 'Which program.', { default: 'auto', aliases: ['use'] }),
  lock_timeout: integer('Seconds to wait for others who use dnf.', { default: 30, inert: 'dnf waits by itself' }),
  install_repoquery: flag('Of no meaning.', { default: true, inert: 'nor has it one in Ansible' }),
} as const
export type DnfParams = Params<typeof dnfParams>

/** What is left to do, by NAME.ARCH: nothing, where all is as it should be. `open`: why dnf could not be asked. */
interface State {
  readonly todo: ReadonlyMap<string, string | Unknown>
  readonly seen: Aside<{ readonly actions: readonly RpmAction[]; readonly commands: readonly (readonly string[])[]; readonly changes: readonly Change[]; readonly open?: Unknown | undefined }>
}

interface Change {
  readonly name: string
  /** Versions; '' for one that is not there. */
  readonly before: string
  readonly after: string | Unknown
}

export const dnf = defineModule({
  name: 'dnf',
  summary: 'Keep packages with dnf, or yum where there is no dnf.',
  notes: ['Needs dnf or yum, and rpm, on the host.', "What would happen is asked of dnf's own dry run, which reads the metadata of repositories where they are out of date, as Ansible's check mode does.", 'The parameter `list` is left out: see package_facts.'],
  examples: `
- name: A web server is there
  dnf: { name: [httpd, mod_ssl], state: present }
- name: All is new
  dnf: { name: "*", state: latest }
- name: From one repository
  dnf: { name: app, enablerepo: own, disablerepo: "*" }
- name: A package is gone, with what only it needed
  dnf: { name: telnet-server, state: absent, autoremove: true }
`,
  params: dnfParams,
  probe: probeDnf,
  // What may or may not have to be done stays open.
  plan: (_params, before): State => ({ ...before, todo: new Map(before.seen.value.changes.flatMap(({ name, after }) => (isUnknown(after) && !after.fresh ? [[name, after] as const] : []))) }),
  *chores({ params: given }): Iterable<Step> {
    if (given.update_cache) yield run(`${find(given)}\nexec $dnf ${['-y', ...optionWords(given, false), 'makecache', '--refresh'].map(quote).join(' ')}`, [], { environment: { LC_ALL: 'C' }, sentence: 'read the metadata of repositories' })
  },
  *apply({ params: given, before }): Iterable<Step> {
    const { actions, commands } = before.seen.value
    const effects = given.download_only ? [] : actions.flatMap(({ name, arch, version, what }) => {
      const there: readonly RpmPackage[] = what === 'remove' ? [] : [{ name, arch, version }]
      return [leaves(rpmResource, name, there), leaves(packageResource, name, { ...noPackage, installed: what !== 'remove', version: what === 'remove' ? '' : version })]
    })
    for (const command of commands) yield run(`${find(given)}\nexec $dnf ${['-y', ...command].map(quote).join(' ')}`, effects, { environment: { LC_ALL: 'C' }, sentence: `run dnf ${commandLine(command)}` })
  },
  diff({ before }) {
    const { changes } = before.seen.value
    const side = (version: (change: Change) => string | Unknown) => changes.map((change) => { const value = version(change); return `${change.name}: ${isUnknown(value) ? `(unknown: ${value.reason})` : value}\n` }).join('')
    return [{ header: { before: 'packages', after: 'packages' }, before: side((change) => change.before), after: side((change) => change.after) }]
  },
  result({ params: given, before, replies, taken, changed }) {
    const words = { install: 'Installed', upgrade: 'Installed', downgrade: 'Installed', reinstall: 'Installed', remove: 'Removed' } as const
    const results = changed ? before.seen.value.open ?? before.seen.value.actions.map(({ name, arch, version, what }) => `${given.download_only ? 'Downloaded' : words[what]}: ${name}-${version}.${arch}`) : []
    return { outputs: { msg: changed || (given.update_cache && given.name.length === 0) ? (changed ? '' : 'Cache updated') : 'Nothing to do', results: results as Value, rc: 0 }, ...(taken ? { changed: replies.some(({ stdout }) => !/^Nothing to do\.?$/m.test(stdout.toString())) } : {}) }
  },
})

const stateOf = ({ state, autoremove, name }: DnfParams): 'absent' | 'present' | 'latest' => (state === undefined ? (autoremove && name.length === 0 ? 'absent' : 'present') : state === 'installed' ? 'present' : state === 'removed' ? 'absent' : state)

/** Sets $dnf. */
function find({ use_backend }: Pick<DnfParams, 'use_backend'>): string {
  const programs = use_backend === 'dnf5' ? ['dnf5'] : use_backend === 'dnf4' || use_backend === 'yum4' ? ['dnf-3', 'dnf'] : ['dnf', 'dnf5', 'yum']
  return `dnf=$(${programs.map((program) => `command -v ${program}`).join(' || ')}) || { echo ${quote(`Failed to find required executable "${programs[0]}": this host has none of ${programs.join(', ')}`)} >&2; exit 97; }`
}

function optionWords(given: DnfParams, removing: boolean): readonly string[] {
  const set = (name: string, value: boolean) => `--setopt=${name}=${value ? 'True' : 'False'}`
  const each = (option: string, values: readonly string[]) => values.map((value) => `--${option}=${value}`)
  const best = given.best ?? (given.nobest === undefined ? undefined : !given.nobest)
  return [
    ...(given.conf_file === undefined ? [] : [`--config=${given.conf_file}`]), ...each('disablerepo', given.disablerepo), ...each('enablerepo', given.enablerepo), ...each('exclude', given.exclude), ...(given.disable_excludes === undefined ? [] : [`--disableexcludes=${given.disable_excludes}`]),
    ...each('disableplugin', given.disable_plugin), ...each('enableplugin', given.enable_plugin), ...(given.installroot === '/' ? [] : [`--installroot=${given.installroot}`]), ...(given.releasever === undefined ? [] : [`--releasever=${given.releasever}`]), ...(given.cacheonly ? ['--cacheonly'] : []),
    ...(given.disable_gpg_check ? ['--nogpgcheck'] : []), ...(given.sslverify && given.validate_certs ? [] : [set('sslverify', false)]), ...(best === undefined ? [] : [set('best', best)]), ...(given.allowerasing ? ['--allowerasing'] : []), ...(given.skip_broken ? ['--skip-broken'] : []),
    ...(given.install_weak_deps ? [] : [set('install_weak_deps', false)]), ...(removing ? [set('clean_requirements_on_remove', given.autoremove)] : []), ...(given.download_only ? ['--downloadonly', ...(given.download_dir === undefined ? [] : [`--downloaddir=${given.download_dir}`])] : []),
  ]
}

export async function probeDnf(host: Reader, given: DnfParams): Promise<State> {
  const names = given.name.map((name) => name.trim()).filter(Boolean)
  if (given.best !== undefined && given.nobest !== undefined) fail('parameters are mutually exclusive: best|nobest')
  if (given.autoremove && stateOf(given) !== 'absent') fail('Autoremove should be used alone or with state=absent')
  const option = names.find((name) => name.startsWith('-'))
  // Dnf would take it for an option, also behind --.
  if (option !== undefined) fail(`${option} is no name of a package`)
  if (names.includes('*') && stateOf(given) !== 'latest') fail("'*' is understood with state=latest alone")
  const installed = new Map(await Promise.all(names.map(async (name) => [name, given.installroot === '/' && isPlain(name) ? await readPackage(host, name) : undefined] as const)))
  const commands = [...commandsFor(given, names, installed)]
  const found = stateFrom([], [], [])
  if (commands.length === 0) return found
  const simulated = await Promise.all(commands.map((command) => simulate(host, given, command)))
  const open = simulated.find(isUnknown)
  if (open) return blind(given, names, installed, commands, open)
  const actions = (simulated as readonly (readonly RpmAction[])[]).flat()
  if (!given.allow_downgrade && stateOf(given) !== 'absent' && actions.some(({ what }) => what === 'downgrade')) return found
  return withActions(host, given, commands, actions)
}

/** A name that rpm itself can look up: no group, pattern, comparison or address. */
const isPlain = (name: string): boolean => !/[*?[\]<>=@]|:\/\/|\s|\.rpm$/.test(name)

async function readPackage(host: Reader, name: string): Promise<readonly RpmPackage[]> {
  const found = known(await host.get(rpmResource, name))
  if (!found && host.planned && host.changing !== undefined) throw unknown(`rpm is not there yet; ${host.changing} may bring it`)
  return found ?? fail('Failed to find required executable "rpm": this host has no RPM packages')
}

function* commandsFor(given: DnfParams, names: readonly string[], installed: ReadonlyMap<string, readonly RpmPackage[] | undefined>): Iterable<readonly string[]> {
  const state = stateOf(given)
  const options = optionWords(given, state === 'absent')
  const filters = [...(given.security ? ['--security'] : []), ...(given.bugfix ? ['--bugfix'] : [])]
  const there = names.filter((name) => name !== '*' && (installed.get(name) === undefined || installed.get(name)!.length > 0))
  const missing = names.filter((name) => name !== '*' && (installed.get(name) === undefined || installed.get(name)!.length === 0))
  if (state === 'absent') {
    if (there.length > 0) yield [...options, 'remove', ...there]
    else if (given.autoremove && names.length === 0) yield [...options, 'autoremove']
    return
  }
  const minimal = filters.length > 0 ? 'upgrade-minimal' : 'upgrade'
  if (names.includes('*')) yield [...options, ...filters, minimal]
  // Nobody knows yet whether a group or a comparison is there: install leaves what is.
  const upgraded = there.filter((name) => installed.get(name) !== undefined)
  if (state === 'latest' && upgraded.length > 0) yield [...options, ...filters, minimal, ...upgraded]
  if (missing.length > 0 && !given.update_only) yield [...options, 'install', ...missing]
}

async function simulate(host: Reader, given: DnfParams, command: readonly string[]): Promise<readonly RpmAction[] | Unknown> {
  const words = ['--assumeno', ...(given.update_cache ? ['--refresh'] : []), ...command.filter((word) => word !== '--downloadonly' && !word.startsWith('--downloaddir='))]
  const reply = await host.run(`export LC_ALL=C COLUMNS=500\n${find(given)}\n$dnf ${words.map(quote).join(' ')} 2>&1`, ['/etc/yum.repos.d', '/etc/dnf', '/etc/yum.conf', '/etc/pki/rpm-gpg'], { timeout: 600 })
  if (isUnknown(reply)) return reply
  const output = reply.stdout.toString()
  if (reply.code === 97) return host.planned && host.changing !== undefined ? unknown(`dnf is not there yet; ${host.changing} may bring it`) : fail(reply.stderr.toString().trim())
  const actions = parseTransaction(output)
  if (reply.code !== 0 && actions.length === 0 && !/Nothing to do|No packages marked for|Operation aborted/.test(output)) refuse(output)
  return actions
}

/** dnf's refusals in Ansible's words, where it has some. */
function refuse(output: string): never {
  const missing = [...output.matchAll(/^No match for argument: (.+)$/gm)].map(([, name]) => `No package ${name!.replace(/\u001b\[[0-9;]*m/g, '')} available.`)
  if (missing.length > 0) fail('Failed to install some of the specified packages', { failures: missing, rc: 1, results: [] })
  const said = output.split('\n').filter((line) => /^(?:Error|Problem|Failed)|^ +- /.test(line)).join(' ').trim()
  return fail(`dnf refuses: ${said || output.trim().split('\n').at(-1)}`, { rc: 1, results: [] })
}

/** What can be said without asking dnf: a package that is missing comes, in whatever version there is then. */
function blind(given: DnfParams, names: readonly string[], installed: ReadonlyMap<string, readonly RpmPackage[] | undefined>, commands: readonly (readonly string[])[], { reason }: Unknown): State {
  const changes = names.map((name): Change => {
    const now = installed.get(name)
    const missing = now !== undefined && now.length === 0
    const after = stateOf(given) === 'absent' ? (now === undefined ? unknown(reason) : '') : missing ? fresh(reason) : stateOf(given) === 'latest' || now === undefined ? unknown(reason) : now[0]!.version
    return { name: now?.[0]?.arch ? `${name}.${now[0].arch}` : name, before: now?.[0]?.version ?? '', after }
  })
  const coming = changes.flatMap(({ name, before, after }): readonly RpmAction[] => (before === '' && isUnknown(after) && after.fresh ? [{ name, arch: '', version: '', what: 'install' }] : []))
  const going = stateOf(given) === 'absent' ? names.flatMap((name) => (installed.get(name) ?? []).map((one): RpmAction => ({ ...one, name, what: 'remove' }))) : []
  return stateFrom(changes, [...coming, ...going], commands, unknown(reason))
}

function stateFrom(all: readonly Change[], actions: readonly RpmAction[], commands: readonly (readonly string[])[], open?: Unknown): State {
  const changes = all.filter(({ before, after }) => before !== after)
  return { todo: new Map(changes.map(({ name }) => [name, 'to do'])), seen: aside({ changes, actions, commands: changes.length > 0 ? commands : [], open }) }
}

async function withActions(host: Reader, given: DnfParams, commands: readonly (readonly string[])[], actions: readonly RpmAction[]): Promise<State> {
  const now = new Map<string, string>(await Promise.all(actions.map(async ({ name, arch }) => [`${name}.${arch}`, given.installroot === '/' ? (await readPackage(host, name)).find((one) => one.arch === arch || one.arch === '')?.version ?? '' : ''] as const)))
  // Dnf on the host does not know what earlier tasks of the plan install: that is not this task's doing.
  const own = actions.filter(({ name, arch, version, what }) => what === 'reinstall' || (what === 'remove' ? now.get(`${name}.${arch}`) !== '' || given.installroot !== '/' : now.get(`${name}.${arch}`) !== version))
  const after = ({ what, version }: RpmAction) => (given.download_only ? unknown('fetched, not installed') : what === 'remove' ? '' : what === 'reinstall' ? fresh('installed again') : version)
  const changes = own.map((one): Change => {
    const key = `${one.name}.${one.arch}`
    return { name: key, before: one.what === 'remove' && given.installroot !== '/' ? one.version : now.get(key) ?? '', after: after(one) }
  })
  return stateFrom(changes, own, commands)
}

/** The same with the program dnf5. */
export const dnf5 = defineModule({ ...dnf, name: 'dnf5', summary: 'Keep packages with dnf5.', examples: dnf.examples!.replaceAll('dnf:', 'dnf5:'), params: { ...dnfParams, use_backend: choice(['dnf5'], 'The program.', { default: 'dnf5', aliases: ['use'] }) } })

/** The old name. */
export const yum = defineModule({ ...dnf, name: 'yum', summary: 'Keep packages with dnf, or yum where there is no dnf: the same as dnf.', examples: dnf.examples!.replaceAll('dnf:', 'yum:') })
