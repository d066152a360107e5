import { posix } from 'node:path'
import { type Surroundings, defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, fresh, isUnknown, unknown } from '../value/value.ts'
import { type NpmList, findPackage, parseNpmList, parseOutdated } from './npm-list.ts'

const npmParams = {
  name: text('The package: a name, a folder, a packed file or an address. Without it all that package.json names.'),
  version: text('Its version, or a range of versions.'),
  path: path('The directory of the project; made where it is missing.'),
  global: flag('Install for all of the host.', { default: false }),
  state: choice(['present', 'absent', 'latest'], 'What is to be of it.', { default: 'present' }),
  ci: flag('Install exactly what the lock file says, anew: `npm ci`.', { default: false }),
  production: flag('Leave out what is only for development.', { default: false }),
  registry: text('Where packages come from.'),
  executable: text('The program, where it is not npm.'),
  force: flag('Let npm force it.', { default: false }),
  ignore_scripts: flag('Run no scripts of packages.', { default: false }),
  no_bin_links: flag('Make no links to programs of packages.', { default: false }),
  no_optional: flag('Leave out optional packages.', { default: false }),
  unsafe_perm: flag('Let scripts of packages run as root.', { default: false }),
} as const
type NpmParams = Params<typeof npmParams>

interface State {
  /** Versions by package, '' for one that is not there: those that are asked for. */
  readonly packages: Readonly<Record<string, string | Unknown>>
  readonly run: string | Unknown
  readonly seen: Aside<{ readonly wanted: Readonly<Record<string, string | Unknown>>; readonly verb: string | undefined }>
}

export const npm = defineModule({
  name: 'npm',
  summary: 'Keep packages of Node.js with npm.',
  notes: [
    'Needs npm on the host. Looking leaves no cache and no log behind.', 'With `ci` everything is installed anew each time, as npm does it.',
    'Whether there is something newer (`latest`) is asked of the registry; where that does not answer, a dry run does not know.',
  ],
  examples: `
- name: What package.json names, without what is for development
  npm: { path: /srv/app, production: true }
- name: A program for everybody
  npm: { name: sass, version: 1.77.8, global: true }
`,
  params: npmParams,
  probe: probeNpm,
  plan: ({ ci }, before): State => ({ ...before, packages: { ...before.packages, ...before.seen.value.wanted }, ...(ci ? { run: fresh('installed anew') } : {}) }),
  *apply({ params, before }): Iterable<Step> {
    const { verb } = before.seen.value
    if (verb === undefined) return
    const words = [...options(params), ...(['install', 'update', 'ci'].includes(verb) ? installOptions(params) : []), ...(params.name !== undefined && verb !== 'ci' ? [verb === 'install' ? specOf(params) : params.name] : [])]
    const line = commandLine([...programOf(params), verb, ...words])
    const { path: directory } = params
    const effects = directory === undefined ? [] : [leaves(fileResource, `${directory}/node_modules`, unknown('what npm puts there')), leaves(fileResource, `${directory}/package.json`, unknown('npm may note it there')), leaves(fileResource, `${directory}/package-lock.json`, unknown('npm may note it there'))]
    yield run(`${directory === undefined ? '' : `mkdir -p -- ${quote(directory)} && cd -- ${quote(directory)} && `}exec ${line}`, effects, { sentence: `run ${line}${directory === undefined ? '' : ` in ${directory}`}`, environment: { LC_ALL: 'C.UTF-8', npm_config_update_notifier: 'false', npm_config_fund: 'false', npm_config_audit: 'false' } })
  },
  result: ({ replies, taken }) => ({ outputs: taken && replies[0] ? { stdout: replies[0].stdout.toString(), stderr: replies[0].stderr.toString() } : {} }),
})

const programOf = ({ executable }: NpmParams): readonly string[] => (executable === undefined ? ['npm'] : splitWords(executable))
const specOf = ({ name, version }: NpmParams): string => (version === undefined ? name! : `${name}@${version}`)

/** What decides which packages are looked at, and where. */
const options = ({ global, production, registry, no_optional }: NpmParams): readonly string[] =>
  [...(global ? ['--global'] : []), ...(production ? ['--production'] : []), ...(no_optional ? ['--no-optional'] : []), ...(registry === undefined ? [] : ['--registry', registry])]

const installOptions = ({ force, ignore_scripts, no_bin_links, unsafe_perm }: NpmParams): readonly string[] =>
  [...(force ? ['--force'] : []), ...(ignore_scripts ? ['--ignore-scripts'] : []), ...(unsafe_perm ? ['--unsafe-perm'] : []), ...(no_bin_links ? ['--no-bin-links'] : [])]

async function probeNpm(host: Reader, params: NpmParams, around: Surroundings): Promise<State> {
  const { name, version, ci, global, state } = params
  if (!global && params.path === undefined) fail('path must be specified when not using global')
  if (state === 'absent' && name === undefined) fail('uninstalling a package is only available for named packages')
  if (name?.startsWith('-') || version?.startsWith('-')) fail(`${name} is no name of a package`)
  const list = await listPackages(host, params, around)
  if (ci) return stateFrom({}, {}, 'ci')
  if (list.notDirectory) fail(`path ${params.path} is not a directory`)
  const now = name === undefined ? undefined : findPackage(list, name, params.path)
  if (state === 'absent') return now === undefined ? stateFrom({ [name!]: '' }, {}, undefined) : stateFrom({ [name!]: now.version }, { [name!]: '' }, 'uninstall')
  const missing = missingOf(params, list)
  if (Object.keys(missing).length > 0) return stateFrom(Object.fromEntries(Object.keys(missing).map((one) => [one, findPackage(list, one, params.path)?.version ?? ''])), missing, 'install')
  const there = name === undefined ? {} : { [name]: now!.version }
  if (state === 'present') return stateFrom(there, {}, undefined)
  const outdated = await outdatedOf(host, params, around)
  if (isUnknown(outdated)) return stateFrom({ ...there }, { [name ?? 'packages']: outdated }, 'update')
  return stateFrom({ ...there, ...Object.fromEntries(outdated.map((one) => [one.name, one.current])) }, Object.fromEntries(outdated.map((one) => [one.name, one.wanted])), outdated.length > 0 ? 'update' : undefined)
}

const stateFrom = (packages: State['packages'], wanted: State['packages'], verb: string | undefined): State => ({ packages, run: '', seen: aside({ wanted, verb }) })

/** What must be installed, with the version that there will be as far as it can be told. */
function missingOf({ name, version }: NpmParams, list: NpmList): State['packages'] {
  const exact = version !== undefined && /^\d+\.\d+\.\d+/.test(version) ? version : undefined
  if (name === undefined) return Object.fromEntries([...list.packages].filter(([, one]) => one.missing).map(([one]) => [one, fresh('chosen by npm')]))
  const now = findPackage(list, name, list.root)
  if (now === undefined || now.missing) return { [name]: exact ?? fresh('chosen by npm') }
  if (version === undefined || now.version === version || list.fits) return {}
  // A tag (`next`) is a version that only the registry knows.
  return { [name]: exact ?? (/^[a-z][\w-]*$/i.test(version) ? unknown(`which version ${version} is`) : fresh('chosen by npm')) }
}

/** A script that asks npm, with the task's environment, and leaves nothing in caches and logs. */
function asking(params: NpmParams, { environment }: Surroundings, lines: readonly string[]): string {
  const [program] = programOf(params)
  return [
    ...Object.entries(environment).map(([key, value]) => `export ${key}=${quote(value)}`), `command -v ${quote(program!)} >/dev/null || exit 97`,
    "t=$(mktemp -d) || exit 1; trap 'rm -rf -- \"$t\"' EXIT; trap 'exit 143' HUP INT TERM; export npm_config_cache=\"$t\" npm_config_logs_max=0 npm_config_update_notifier=false LC_ALL=C.UTF-8",
    ...(params.path === undefined ? ['cd /'] : [`if [ -e ${quote(params.path)} ]; then cd -- ${quote(params.path)} 2>/dev/null || exit 98; else exit 96; fi`]), ...lines,
  ].join('\n')
}

async function listPackages(host: Reader, params: NpmParams, around: Surroundings): Promise<NpmList> {
  const list = commandLine([...programOf(params), 'list', '--json', '--long', '--depth=0', ...options(params)])
  const fits = params.name !== undefined && params.version !== undefined ? [`echo; echo @@; ${list} ${quote(specOf(params))} 2>/dev/null`] : []
  const reply = await host.run(asking(params, around, [`${list} 2>"$t/said"; c=$?`, ...fits, 'echo; echo @@; cat "$t/said"']), params.path === undefined ? 'anything' : [params.path], { timeout: 120 })
  if (isUnknown(reply)) throw reply
  if (reply.code === 97) {
    if (host.planned && host.changing) throw unknown(`npm is not there yet; ${host.changing} may bring it`)
    fail(`Failed to find required executable "${programOf(params)[0]}": install the package npm on the host`)
  }
  const nothing: NpmList = { root: params.path ?? '/', packages: new Map(), fits: false, notDirectory: reply.code === 98 }
  return reply.code === 96 || reply.code === 98 ? nothing : parseNpmList(reply.stdout.toString(), params.name, params.path ?? '/')
}

async function outdatedOf(host: Reader, params: NpmParams, around: Surroundings): Promise<readonly { readonly name: string; readonly current: string; readonly wanted: string }[] | Unknown> {
  const line = commandLine([...programOf(params), 'outdated', '--json', ...options(params), ...(params.name === undefined ? [] : [params.name])])
  const reply = await host.run(asking(params, around, [line]), 'anything', { timeout: 300 })
  if (isUnknown(reply)) return reply
  return parseOutdated(reply.stdout.toString()) ?? unknown(`the registry does not say whether there is something newer: ${posix.normalize(reply.stderr.toString().trim().split('\n')[0] ?? '').slice(0, 200)}`)
}
