import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { showState } from '../contract/show-state.ts'
import { APT_ENVIRONMENT, APT_INPUTS, type AptAction, type AptLists, type Simulated, aptListsResource, aptScript, fetchScript, parseSimulation, simulationScript, updateScript } from '../host/apt.ts'
import { type PackageState, noPackage, packageResource } from '../host/package.ts'
import { compareDebianVersions } from '../host/debian-version.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, integer, list, path, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, fresh, isUnknown, unknown } from '../value/value.ts'

export const aptParams = {
  name: list(text(''), 'Packages: NAME, NAME=VERSION, NAME>=VERSION; names and versions may hold * and ?.', { aliases: ['pkg', 'package'], emptyCounts: true }),
  state: choice(['present', 'latest', 'absent', 'build-dep', 'fixed', 'installed', 'removed'], 'What is to be of them. `fixed` mends what an interrupted run left.', { default: 'present' }),
  update_cache: flag('Read the package lists again before anything else.', { aliases: ['update-cache'] }),
  cache_valid_time: integer('Seconds during which lists that were read are good enough; implies update_cache.', { default: 0 }),
  update_cache_retries: integer('How often reading the lists is tried.', { default: 5 }),
  update_cache_retry_max_delay: integer('Longest time between two tries, in seconds.', { default: 12 }),
  deb: path('A package file on the host, or its address.'),
  upgrade: choice(['no', 'yes', 'safe', 'full', 'dist'], 'Upgrade all packages.', { default: 'no' }),
  autoremove: flag('Remove packages that nothing needs any more.', { default: false }),
  autoclean: flag('Remove package files that can no longer be had.', { default: false }),
  clean: flag('Remove all package files from the cache.', { default: false }),
  purge: flag('Remove configuration files too.', { default: false }),
  default_release: text('The release to prefer.', { aliases: ['default-release'] }),
  install_recommends: flag('Whether recommended packages come along; without it apt decides.', { aliases: ['install-recommends'] }),
  only_upgrade: flag('Only upgrade what is installed.', { default: false }),
  allow_unauthenticated: flag('Take packages without a good signature.', { default: false, aliases: ['allow-unauthenticated'] }),
  allow_downgrade: flag('Older versions may take the place of newer ones.', { default: false, aliases: ['allow-downgrade', 'allow_downgrades', 'allow-downgrades'] }),
  allow_change_held_packages: flag('Held packages may change.', { default: false }),
  force: flag('allow_unauthenticated and allow_downgrade, and packages that are essential may go.', { default: false }),
  fail_on_autoremove: flag('Fail rather than remove a package.', { default: false }),
  dpkg_options: text('Options of dpkg, without dashes, by comma.', { default: 'force-confdef,force-confold' }),
  lock_timeout: integer('Seconds to wait for others who use apt.', { default: 60 }),
  policy_rc_d: integer('What policy-rc.d answers while apt works: 101 keeps packages from starting services.'),
  force_apt_get: flag('Not to use aptitude.', { inert: 'apt-get is always used', aliases: ['force-apt-get'] }),
  auto_install_module_deps: flag('Install what Ansible itself needs.', { inert: 'nothing is needed on the host' }),
} as const
export type AptParams = Params<typeof aptParams>

export interface AptPlan {
  /** What is left to do, by package: nothing, where all is as it should be. */
  readonly todo: ReadonlyMap<string, string | Unknown>
  readonly lists: number | Unknown
  /** Package files in the cache that would be removed. */
  readonly archives: number
  readonly seen: Aside<Seen>
}

interface Seen {
  readonly stale: boolean
  readonly time: number
  /** A refresh that was tried out found something new. */
  readonly newer: boolean
  readonly args: readonly string[]
  /** Version by package that changes, '' for one that is not there. */
  readonly packages: ReadonlyMap<string, string | Unknown>
  /** Named packages that are there, but only as what others need. */
  readonly automatic: readonly string[]
  readonly wanted: ReadonlyMap<string, string | Unknown>
  readonly actions: readonly AptAction[]
  readonly now: ReadonlyMap<string, PackageState>
  readonly lists: number | Unknown
  /** What apt-get says it would do. */
  readonly output?: string
}

const stateOf = ({ state }: AptParams) => (state === 'installed' ? 'present' : state === 'removed' ? 'absent' : state)

/** `nginx=1.22*` as name and wanted version; `nginx>=1.22` is content with a newer one. */
function split(name: string): readonly [name: string, version: string | undefined, atLeast: boolean] {
  const [, bare = name, operator, version] = /^([^=>]+)(>?=)([^]*)$/.exec(name) ?? []
  return [bare, version, operator === '>=']
}
/** What apt-get is asked for: it has no word for "at least". */
const forApt = (name: string): string => (split(name)[2] ? split(name)[0] : name)
const matches = (pattern: string, version: string): boolean => new RegExp(`^${pattern.replace(/[.+^${}()|\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(version)

async function probe(host: Reader, params: AptParams): Promise<AptPlan> {
  const given = (params.name ?? []).map((name) => name.trim())
  const names = given.filter(Boolean)
  // apt takes the first for an option, and the second for a wish to remove the package; an empty one is a variable without a value.
  const strange = given.find((name) => /^-|-$/.test(name) || (name === '' && stateOf(params) !== 'absent'))
  if (strange !== undefined) fail(`No package matching '${strange}' is available`)
  const refreshing = params.update_cache === true || (params.update_cache === undefined && params.cache_valid_time > 0)
  const [listed, states, archives, deb, automatic] = await Promise.all([
    refreshing || params.update_cache !== undefined || host.planned ? host.get(aptListsResource, '') : { time: 0, newer: false }, Promise.all(names.map(async (name) => [name, await host.get(packageResource, split(name)[0])] as const)),
    readArchives(host, params), params.deb === undefined ? undefined : readDeb(host, params.deb), readAutomatic(host, params, names),
  ])
  const { time, newer } = known(listed) as AptLists
  const stale = refreshing && (params.update_cache === true && params.cache_valid_time === 0 ? true : Date.now() / 1000 - time > params.cache_valid_time)
  const now = new Map(states.map(([name, state]) => [name, known(state)]))
  const args = [...wantedArgs(params, now, deb)]
  const seen = { stale, time, args, now, automatic, newer: false, packages: new Map<string, string | Unknown>() }
  const found = { todo: new Map<string, string>(), lists: time, archives }
  if (args.length === 0 && !(stale && host.planned)) return { ...found, seen: aside({ ...seen, wanted: new Map(), actions: [], lists: stale && nothingElse(params) ? unknown('whether there is anything new is known when the lists are read') : time }) }
  // Reading the lists twice for one real run would be waste: what they will say is left open.
  if (stale && !host.planned) return blindPlan(params, found, seen)
  // What an earlier task of the plan would read is not on the host: it is read here once more.
  const simulated = await simulate(host, args, stale || newer, isRemote(params.deb) ? params.deb : undefined)
  if (isUnknown(simulated)) return blindPlan(params, found, seen)
  if (typeof simulated.lists === 'object') return { ...found, todo: args.length > 0 ? new Map([['', 'to do']]) : found.todo, seen: aside({ ...seen, wanted: new Map([...args].length ? [['', unknown(`the package lists cannot be read here: ${simulated.lists.failed}`)]] : []), actions: [], lists: unknown(`the package lists cannot be read here: ${simulated.lists.failed}`) }) }
  refuse(simulated)
  refuseOlder(simulated, now)
  if (deb && !params.allow_downgrade && !params.force && simulated.output.includes('will be DOWNGRADED')) return { ...found, seen: aside({ ...seen, args: [], wanted: new Map(), actions: [], lists: time }) }
  return afterSimulation(host, params, found, seen, simulated)
}

const nothingElse = ({ name, upgrade, deb, autoremove, autoclean, clean, state }: AptParams): boolean => !name?.length && upgrade === 'no' && deb === undefined && !autoremove && !autoclean && !clean && state !== 'fixed'

/** What is asked for by name stays when nothing else needs it any more: apt must be told. It takes longer to open its cache than all else here, so its file is looked into first. */
async function readAutomatic(host: Reader, params: AptParams, names: readonly string[]): Promise<readonly string[]> {
  const plain = names.map((name) => split(name)[0]).filter((name) => !/[*?]/.test(name))
  if (plain.length === 0 || !['present', 'latest'].includes(stateOf(params)) || params.only_upgrade) return []
  const stanzas = plain.map((name) => `-e ${quote(`Package: ${name.split(':')[0]}`)}`).join(' ')
  const reply = await host.run(`! grep -qxF ${stanzas} /var/lib/apt/extended_states 2>/dev/null || apt-mark showauto ${plain.map(quote).join(' ')} 2>/dev/null || :`, [])
  return isUnknown(reply) ? [] : lines(reply.stdout.toString()).map(String)
}

async function readArchives(host: Reader, { clean, autoclean }: AptParams): Promise<number> {
  if (!clean && !autoclean) return 0
  const reply = await host.run(clean ? 'set -- /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/?*; n=0; for f; do [ ! -f "$f" ] || n=$((n+1)); done; echo $n' : 'apt-get -s autoclean 2>/dev/null | grep -c "^Del"', [])
  return isUnknown(reply) ? 0 : Number(reply.stdout.toString())
}

interface DebFile {
  readonly name: string
  readonly version: string
  /** What is installed of it. */
  readonly installed: string | Unknown
}

/** Name and version in a package file; of an address the file is fetched into memory to be looked at. */
async function readDeb(host: Reader, deb: string): Promise<DebFile> {
  const remote = isRemote(deb)
  const reply = await host.run(`${remote ? fetchScript(deb) : `f=${quote(deb)}`}\ndpkg-deb -f "$f" Package Version Architecture`, remote ? [] : [deb])
  if (isUnknown(reply)) throw reply
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(reply.stdout.toString())?.[1]
  if (reply.code !== 0) fail(`the package ${deb} cannot be read: ${reply.stderr.toString().trim()}`)
  const name = field('Package') ?? ''
  return { name, version: field('Version') ?? '', installed: known(await host.get(packageResource, name)).version }
}
const isRemote = (deb: string | undefined): deb is string => deb !== undefined && /^(?:https?|ftp):/.test(deb)

function* wantedArgs(params: AptParams, now: ReadonlyMap<string, PackageState>, deb: DebFile | undefined): Iterable<string> {
  const options = optionArgs(params)
  const state = stateOf(params)
  if (params.upgrade !== 'no') return yield* [...options, ...(params.upgrade === 'dist' ? ['dist-upgrade'] : params.upgrade === 'full' ? ['full-upgrade'] : ['upgrade', '--with-new-pkgs'])]
  if (deb) {
    if (deb.installed !== deb.version) yield* [...options, '--allow-downgrades', 'install', isRemote(params.deb) ? '@@file' : params.deb!]
    return
  }
  if (state === 'fixed') return yield* [...options, '-f', 'install', ...now.keys()]
  if (state === 'build-dep') return yield* [...options, 'build-dep', ...[...now.keys()].map(forApt)]
  if (state === 'absent') {
    const gone = [...now].filter(([name, { installed, configured, provider }]) => /[*?]/.test(name) || (installed && provider === undefined) || (params.purge && configured)).map(([name]) => split(name)[0])
    if (gone.length > 0) return yield* [...options, params.purge ? 'purge' : 'remove', ...gone]
  } else {
    const missing = [...now].filter(([name, found]) => isMissing(name, found, params)).map(([name]) => forApt(name))
    if (missing.length > 0) return yield* [...options, 'install', ...missing]
  }
  if (params.autoremove) yield* [...options, 'autoremove']
}

const fits = (name: string, version: string): boolean => {
  const [, wanted = '*', atLeast] = split(name)
  return atLeast ? compareDebianVersions(version, wanted) >= 0 : matches(wanted, version)
}
function isMissing(name: string, { installed, version, provider }: PackageState, params: AptParams): boolean {
  const [, wanted, atLeast] = split(name)
  if (params.only_upgrade && !installed) return false
  if (/[*?]/.test(split(name)[0])) return true
  if (!installed) return true
  const latest = stateOf(params) === 'latest'
  // There may be a newer one that fits as well.
  if (wanted !== undefined && latest && (atLeast || /[*?]/.test(wanted))) return true
  if (wanted !== undefined) return typeof version !== 'string' || !fits(name, version)
  return latest && provider === undefined && typeof version === 'string'
}

function optionArgs(params: AptParams): readonly string[] {
  const { install_recommends, default_release, purge, autoremove, force, state, upgrade } = params
  const removing = state === 'absent' || state === 'removed'
  return [
    ...params.dpkg_options.split(',').filter(Boolean).flatMap((option) => ['-o', `Dpkg::Options::=--${option.trim()}`]), ...(default_release === undefined ? [] : ['-t', default_release]),
    ...(install_recommends === undefined || removing ? [] : ['-o', `APT::Install-Recommends=${install_recommends ? 'yes' : 'no'}`]), ...(autoremove ? ['--auto-remove'] : []), ...(purge && (removing || autoremove || upgrade !== 'no') ? ['--purge'] : []),
    ...(params.only_upgrade ? ['--only-upgrade'] : []), ...(params.fail_on_autoremove ? ['--no-remove'] : []), ...(params.allow_unauthenticated || force ? ['--allow-unauthenticated'] : []),
    ...(params.allow_downgrade || force ? ['--allow-downgrades'] : []), ...(params.allow_change_held_packages ? ['--allow-change-held-packages'] : []), ...(force ? ['--allow-remove-essential'] : []),
  ]
}

async function simulate(host: Reader, args: readonly string[], refresh: boolean, remote: string | undefined): Promise<Simulated | Unknown> {
  const reply = await host.run(simulationScript({ args, refresh, ...(remote === undefined ? {} : { remote }) }), APT_INPUTS, { timeout: 600 })
  return isUnknown(reply) ? reply : parseSimulation(reply.stdout.toString())
}

/** apt's refusals in Ansible's words, where it has some. */
function refuse({ code, output }: Simulated): void {
  if (code === 0) return
  const stderr = output.split('\n').filter((line) => /^[EW]: /.test(line)).join('\n')
  const unknownName = /E: Unable to locate package (\S+)/.exec(output)?.[1] ?? /E: Package '(\S+)' has no installation candidate/.exec(output)?.[1]
  if (unknownName !== undefined) fail(`No package matching '${unknownName}' is available`)
  const version = /E: Version '(\S+)' for '(\S+)' was not found/.exec(output)
  if (version) fail(`no available installation candidate for ${version[2]}=${version[1]}`)
  fail(`apt-get refuses: ${output.split('\n').filter((line) => /^E: |Depends: |^\s+\S+ : /.test(line)).join(' ').trim() || output.trim()}`, { rc: code, stdout: output, stderr })
}

/** apt would be content with what there is: where that is older than what is asked for, there is no such package. */
function refuseOlder({ actions }: Simulated, now: ReadonlyMap<string, PackageState>): void {
  for (const [name, { version }] of now) {
    const [bare, , atLeast] = split(name)
    const after = actions.find((action) => action.name === bare)?.after ?? version
    if (atLeast && typeof after === 'string' && after !== '' && !fits(name, after)) fail(`no available installation candidate for ${name}`)
  }
}

const todoOf = (packages: ReadonlyMap<string, string | Unknown>, wanted: ReadonlyMap<string, string | Unknown>): ReadonlyMap<string, string> => new Map([...wanted].flatMap(([name, after]) => (packages.get(name) === after ? [] : [[name, 'to do'] as const])))

/** What can be said without asking apt: a package that is missing comes, in whatever version there is then. */
function blindPlan(params: AptParams, found: Omit<AptPlan, 'seen'>, seen: Omit<Seen, 'wanted' | 'actions' | 'lists'>): AptPlan {
  const reason = 'which version there is, is known when the package lists are read'
  const packages = new Map<string, string | Unknown>()
  const wanted = new Map<string, string | Unknown>()
  for (const [name, { installed, version, provider }] of seen.now) {
    const [bare, wish] = split(name)
    if (stateOf(params) === 'absent' ? !installed : !isMissing(name, { ...noPackage, installed, version, ...(provider === undefined ? {} : { provider }) }, params)) continue
    packages.set(bare, version)
    wanted.set(bare, stateOf(params) === 'absent' ? '' : /[*?]/.test(bare) ? unknown(reason) : installed && wish === undefined ? unknown(reason) : fresh(reason))
  }
  if (seen.now.size === 0 && seen.args.length > 0) wanted.set('packages', unknown('what apt does is known when the package lists are read'))
  return { ...found, todo: todoOf(packages, wanted), seen: aside({ ...seen, packages, wanted, actions: [], lists: nothingElse(params) && seen.stale ? unknown('whether there is anything new is known when the lists are read') : found.lists }) }
}

async function afterSimulation(host: Reader, params: AptParams, found: Omit<AptPlan, 'seen'>, seen: Omit<Seen, 'wanted' | 'actions' | 'lists'>, { actions, lists, output }: Simulated): Promise<AptPlan> {
  // Apt on the host does not know what earlier tasks of the plan install: that is not this task's doing.
  const states = host.planned ? await Promise.all(actions.map(({ name }) => host.get(packageResource, name))) : []
  const own = actions.filter(({ after }, i) => {
    const state = states[i]
    return !state || isUnknown(state) || (after === '' ? state.installed : !(state.installed && (state.version === after || isUnknown(state.version))))
  })
  const packages = new Map<string, string | Unknown>(own.map(({ name, before }) => [name, before]))
  const wanted = new Map<string, string | Unknown>(own.map(({ name, after }) => [name, after]))
  // What only the plan installs, apt on the host cannot remove.
  if (host.planned && stateOf(params) === 'absent') for (const [name, { installed, version, provider }] of seen.now) if (installed && provider === undefined && !wanted.has(split(name)[0])) packages.set(split(name)[0], version), wanted.set(split(name)[0], '')
  for (const [name, { installed, configured }] of seen.now) if (params.purge && stateOf(params) === 'absent' && configured && !installed) packages.set(name, 'configuration'), wanted.set(name, '')
  return { ...found, todo: todoOf(packages, wanted), seen: aside({ ...seen, packages, args: own.length > 0 || wanted.size > 0 ? seen.args : [], wanted, actions: own, output, newer: lists === 'newer', lists: nothingElse(params) && lists === 'newer' ? fresh('newer lists') : found.lists }) }
}

function* apply({ params, before, after }: { readonly params: AptParams; readonly before: AptPlan; readonly after: AptPlan }): Iterable<Step> {
  const { args, actions, now, wanted } = before.seen.value
  const script = (words: readonly string[]) => aptScript(words, { policy: params.policy_rc_d, lockTimeout: params.lock_timeout })
  const sentence = (words: readonly string[]) => ({ sentence: `run ${commandLine(['apt-get', ...words.filter((word, i) => !word.startsWith('Dpkg::Options') && !(word === '-o' && words[i + 1]?.startsWith('Dpkg::Options')))])}`, environment: APT_ENVIRONMENT })
  if (args.length > 0 && wanted.size > 0) {
    const effects = actions.length > 0 && [...wanted.keys()].every((name) => actions.some((action) => action.name === name))
      ? actions.map(({ name, after: version, source, purge }) => leaves(packageResource, name, { installed: version !== '', version, configured: version === '' && !purge, held: false, ...(source ? { source } : {}) }))
      : [...now].filter(([name]) => wanted.has(split(name)[0])).map(([name]) => leaves(packageResource, split(name)[0], stateOf(params) === 'absent' ? noPackage : { installed: true, version: wanted.get(split(name)[0])!, configured: false, held: false }))
    if (isRemote(params.deb)) yield run(remoteScript(params, script), effects, { sentence: `install ${params.deb}`, environment: APT_ENVIRONMENT })
    else yield run(script(['-y', '-q', ...args]), effects, sentence(args))
  }
  if (after.archives !== before.archives) yield run(['apt-get', params.clean ? 'clean' : 'autoclean', '-y'], [], { environment: APT_ENVIRONMENT })
}

const remoteScript = (params: AptParams, script: (args: readonly string[]) => string): string =>
  `${fetchScript(params.deb!)}\n(\n${script([...optionArgs(params), '-y', '-q', '--allow-downgrades', 'install', '@@file']).replaceAll('@@file', '"$f"')}\n)`

export const apt = defineModule({
  name: 'apt',
  summary: "Keep packages of Debian and its kin.",
  notes: [
    'A dry run asks apt what it would do, dependencies included. Where the lists are to be read again first, it reads them into memory and leaves those of the host alone.',
    'As in Ansible, reading the lists again is a change only where nothing else was asked for and something was new.',
  ],
  examples: `
- name: Packages, with lists not older than an hour
  apt: { name: [tree, cron], state: present, update_cache: true, cache_valid_time: 3600 }
- name: Without what is only recommended
  apt: { name: nano, install_recommends: false }
- name: This version
  apt: { name: "redis-server=5:7.0.*" }
- name: A package is gone, with its settings and what only it needed
  apt: { name: cowsay, state: absent, purge: true, autoremove: true }
- name: A file of a package
  apt: { deb: /var/tmp/hello.deb }
`,
  params: aptParams,
  rules: { atMostOneOf: [['deb', 'name']] },
  probe,
  plan(_params, before) {
    const { wanted, lists } = before.seen.value
    // What may or may not have to be done stays open.
    return { ...before, todo: new Map([...wanted].filter(([, after]) => isUnknown(after) && !after.fresh)), lists, archives: 0 }
  },
  *chores({ params, before }) {
    const { automatic } = before.seen.value
    if (before.seen.value.stale) yield run(updateScript(params.update_cache_retries, params.update_cache_retry_max_delay, params.lock_timeout), [leaves(aptListsResource, '', { time: Math.floor(Date.now() / 1000), newer: before.seen.value.newer })], { sentence: 'run apt-get update', failure: `Failed to update apt cache after ${params.update_cache_retries} retries`, environment: APT_ENVIRONMENT })
    if (automatic.length > 0) yield run(['apt-mark', 'manual', ...automatic], [], { environment: APT_ENVIRONMENT })
  },
  apply,
  diff({ before, after }) {
    const { packages, wanted } = before.seen.value
    return showState('apt', { packages, lists: before.lists, archives: before.archives }, { packages: new Map([...packages, ...wanted]), lists: after.lists, archives: after.archives })
  },
  registerDiff: () => undefined,
  result({ params, before, replies, taken }) {
    const { stale, time, args, wanted, output, automatic } = before.seen.value
    const update = stale && taken ? replies[0] : undefined
    const [old, renewed] = (update?.stdout.toString().trim().split('\n').at(-1) ?? '').split(' ').map(Number)
    // A dry run has read the lists elsewhere: what was new there will be new here.
    const updated = stale && !taken ? (output === undefined ? unknown('whether there is anything new is known when the lists are read') : before.seen.value.newer) : update !== undefined && old !== renewed
    const main = args.length > 0 && wanted.size > 0 && taken ? replies[(stale ? 1 : 0) + (automatic.length > 0 ? 1 : 0)] : undefined
    const planned = !taken && args.length > 0 && wanted.size > 0 ? output : undefined
    const [stdout, stderr] = [main?.stdout.toString() ?? planned ?? '', main?.stderr.toString() ?? '']
    const counts = /^(\d+) upgraded, (\d+) newly installed, (?:(\d+) downgraded, )?(\d+) to remove/m.exec(stdout)
    const did = counts ? counts.slice(1).some((count) => Number(count) > 0) : updated === true && nothingElse(params)
    // Installing tells of the lists, also where nobody asked for them.
    const tells = params.update_cache !== undefined || stale || ((params.name?.length ?? 0) > 0 && params.state !== 'absent')
    return {
      outputs: { ...(tells ? { cache_updated: updated } : {}), ...(params.update_cache !== undefined || stale ? { cache_update_time: updated !== true ? time : (renewed ?? unknown('when the lists are read')) } : {}), ...(main || planned !== undefined ? { stdout, stderr, stdout_lines: lines(stdout), stderr_lines: lines(stderr) } : {}) },
      changed: did,
    }
  },
})

const lines = (output: string): readonly Value[] => (output === '' ? [] : output.replace(/\r?\n$/, '').split(/\r?\n/))
