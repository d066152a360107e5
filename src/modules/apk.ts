import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type ApkAction, type ApkPackage, apkKey, apkResource, bareName, parseApkActions } from '../host/apk.ts'
import { noPackage, packageResource } from '../host/package.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, list, path, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, fresh, isUnknown, unknown } from '../value/value.ts'

export const apkParams = {
  name: list(text(''), 'Packages: NAME, or NAME with a version or repository as apk writes it (`foo=1.2-r0`, `foo~1.2`, `foo@edge`).'),
  state: choice(['present', 'absent', 'latest', 'installed', 'removed'], 'What is to be of them.', { default: 'present' }),
  update_cache: flag('Read the indexes of repositories again before anything else.', { default: false }),
  upgrade: flag('Upgrade all packages.', { default: false }),
  available: flag('With upgrade: take older versions where what is installed can no longer be had.', { default: false }),
  no_cache: flag('Use no cache on the disk.', { default: false }),
  repository: list(text(''), 'Repositories in place of those of the system.'),
  world: path('The file of wanted packages.', { default: '/etc/apk/world' }),
} as const
export type ApkParams = Params<typeof apkParams>

interface Change {
  readonly name: string
  readonly before: string
  readonly after: string | Unknown
}

type Now = ReadonlyMap<string, ApkPackage>

/** What is left to do, by package: nothing, where all is as it should be. */
interface State {
  readonly todo: ReadonlyMap<string, string | Unknown>
  readonly indexes: string | Unknown
  readonly seen: Aside<{ readonly changes: readonly Change[]; readonly actions: readonly ApkAction[]; readonly args: readonly string[]; readonly names: readonly string[]; readonly now: Now; readonly output: string }>
}

export const apk = defineModule({
  name: 'apk',
  summary: 'Keep packages of Alpine Linux.',
  notes: ["Needs apk on the host. What would happen is asked of apk's own simulation; where indexes are to be read again first, it reads them into a directory that is gone afterwards.", 'A package that is there because others need it, and is asked for, becomes one that is wanted: that is a change.', 'As in Ansible, reading the indexes and nothing else is a change each time.'],
  examples: `
- name: nginx is there
  apk: { name: [nginx, openssl], update_cache: true }
`,
  params: apkParams,
  probe: probeApk,
  plan: ({ update_cache, upgrade, name }, before): State => ({
    ...before, todo: new Map(before.seen.value.changes.flatMap(({ name: one, after }) => (isUnknown(after) && !after.fresh ? [[one, after] as const] : []))),
    ...(update_cache && !upgrade && !name?.length ? { indexes: fresh('read again') } : {}),
  }),
  *chores({ params }): Iterable<Step> {
    if (params.update_cache) yield run([...program(params), 'update'], [], { environment: { LC_ALL: 'C' }, failure: 'could not update package db' })
  },
  *apply({ params, before }): Iterable<Step> {
    const { args, actions, names, now } = before.seen.value
    if (args.length === 0) return
    const removing = isRemoval(params)
    const effects = [
      ...actions.flatMap(({ name, after }) => [leaves(apkResource, apkKey(params.world, name), { version: after, world: !removing && names.some((one) => bareName(one) === name) }), leaves(packageResource, name, { ...noPackage, installed: after !== '', version: after })]),
      ...names.filter((name) => !actions.some((action) => action.name === name)).map((name) => leaves(apkResource, apkKey(params.world, name), { version: now.get(name)?.version ?? '', world: !removing })),
    ]
    yield run([...program(params), ...args], effects, { environment: { LC_ALL: 'C' }, failure: `failed to ${params.upgrade ? 'upgrade packages' : removing ? `remove ${names.join(' ')} package(s)` : `install ${names.join(' ')}`}` })
  },
  diff({ before, after }) {
    const { changes } = before.seen.value
    const side = (version: (change: Change) => string | Unknown) => changes.map((change) => { const value = version(change); return `${change.name}: ${isUnknown(value) ? `(unknown: ${value.reason})` : value}\n` }).join('')
    if (changes.length === 0 && isUnknown(after.indexes)) return [{ header: { before: 'indexes', after: 'indexes' }, before: '', after: 'read again\n' }]
    return [{ header: { before: 'packages', after: 'packages' }, before: side((change) => change.before), after: side((change) => change.after) }]
  },
  result({ params, before, replies, taken, changed }) {
    const { args, output, names } = before.seen.value
    const main = args.length > 0 || !(params.name?.length || params.upgrade) ? replies.at(-1) : undefined
    const stdout = main?.stdout.toString()
    // The last line of a simulation counts what is there, not what will be.
    const told = args.length > 0 && !taken ? { stdout: unknown('what apk says when it does it'), stderr: '' } : stdout === undefined ? {} : { stdout, stderr: main!.stderr.toString(), stdout_lines: stdout.replace(/\n$/, '').split('\n'), stderr_lines: main!.stderr.toString().split('\n').filter(Boolean) }
    const actions = parseApkActions(stdout ?? output)
    return {
      outputs: { msg: messageOf(params, names, changed && (args.length > 0 || params.upgrade)), packages: actions.map(({ name }) => name), ...told },
      ...(taken && args.length > 0 && before.seen.value.changes.some(({ after }) => isUnknown(after) && !after.fresh) ? { changed: actions.length > 0 } : {}),
    }
  },
})

const isRemoval = ({ state }: ApkParams): boolean => state === 'absent' || state === 'removed'

function messageOf(params: ApkParams, names: readonly string[], changed: boolean): string {
  if (params.upgrade) return changed ? 'packages upgraded' : 'packages already upgraded'
  if (!params.name?.length) return 'updated repository indexes'
  if (isRemoval(params)) return changed ? `removed ${names.join(' ')} package(s)` : 'package(s) already removed'
  return changed ? `installed ${names.join(' ')} package(s)` : 'package(s) already installed'
}

const program = ({ no_cache, repository }: ApkParams): readonly string[] => ['apk', ...(no_cache ? ['--no-cache'] : []), ...(repository?.length ? ['--repositories-file', '/dev/null', ...repository.flatMap((one) => ['--repository', one])] : [])]

async function probeApk(host: Reader, params: ApkParams): Promise<State> {
  const asked = (params.name ?? []).map((name) => name.trim()).filter(Boolean)
  if (params.name === undefined && !params.update_cache && !params.upgrade) fail('one of the following is required: name, update_cache, upgrade')
  if (params.upgrade && asked.length > 0) fail('parameters are mutually exclusive: name|upgrade')
  if (params.name !== undefined && asked.length === 0 && !params.upgrade && !params.update_cache) fail('Package name(s) cannot be empty or whitespace-only')
  const option = asked.find((name) => /^-|\s/.test(name))
  if (option !== undefined) fail(`${option} is no name of a package`)
  const now = new Map(await Promise.all(asked.map(async (name) => [name, await readPackage(host, params, name)] as const)))
  if (asked.length === 0) await readPackage(host, params, 'apk-tools')
  const names = asked.filter((name) => isOpen(params, now.get(name)!))
  const args = argsOf(params, names)
  if (args.length === 0) return stateFrom([], [], [], [], now, '')
  const reply = await host.run(simulation(params, args), ['/etc/apk'], { timeout: 600 })
  if (isUnknown(reply)) return blind(params, names, now, args, reply.reason)
  const output = reply.stdout.toString()
  if (reply.code !== 0) fail(`failed to ${params.upgrade ? 'upgrade packages' : isRemoval(params) ? `remove ${names.join(' ')} package(s)` : `install ${names.join(' ')}`}: ${reply.stderr.toString().replace(/\s*\n\s*/g, ' ').trim() || output.trim()}`, { stdout: output, stderr: reply.stderr.toString() })
  return withActions(host, params, names, now, args, output)
}

/** What is there and wanted, or gone, need not be asked about. */
const isOpen = (params: ApkParams, { version, world }: ApkPackage): boolean => (isRemoval(params) ? version !== '' || world : params.state === 'latest' || version === '' || !world)

async function readPackage(host: Reader, { world }: ApkParams, name: string): Promise<ApkPackage> {
  const found = await host.get(apkResource, apkKey(world, name))
  if (isUnknown(found)) throw found
  if (!found && host.planned && host.changing !== undefined) throw unknown(`apk is not there yet; ${host.changing} may bring it`)
  return found ?? fail('Failed to find required executable "apk": this host has no packages of Alpine')
}

function argsOf(params: ApkParams, names: readonly string[]): readonly string[] {
  if (params.upgrade) return ['upgrade', ...(params.available ? ['--available'] : [])]
  if (names.length === 0) return []
  return isRemoval(params) ? ['del', '--purge', ...names] : ['add', ...(params.state === 'latest' ? ['--upgrade'] : []), ...names]
}

/** A simulation takes no lock and writes nothing; indexes that are read anew go to a directory of its own. */
function simulation(params: ApkParams, [verb, ...rest]: readonly string[]): string {
  const [, ...options] = program(params)
  const line = (more: string) => `apk ${commandLine(options)}${more} ${commandLine([verb!, '--simulate', ...rest])}`
  if (!params.update_cache) return `export LC_ALL=C; ${line('')}`
  return `export LC_ALL=C; t=$(mktemp -d) || exit 1; trap 'rm -rf -- "$t"' EXIT; trap 'exit 143' HUP INT TERM; ${line(' --cache-dir "$t" --update-cache')}`
}

const stateFrom = (changes: readonly Change[], actions: readonly ApkAction[], args: readonly string[], names: readonly string[], now: Now, output: string): State => ({
  todo: new Map(changes.map(({ name }) => [name, 'to do'])), indexes: '', seen: aside({ changes, actions, args: changes.length > 0 ? args : [], names, now, output }),
})

/** What can be said without asking apk. */
function blind(params: ApkParams, names: readonly string[], now: Now, args: readonly string[], reason: string): State {
  if (params.upgrade) return stateFrom([{ name: 'packages', before: '', after: unknown(reason) }], [], args, [], now, '')
  const changes = names.flatMap((name): readonly Change[] => {
    const { version, world } = now.get(name)!
    if (isRemoval(params)) return [{ name, before: version, after: '' }]
    if (version !== '' && world) return params.state === 'latest' ? [{ name, before: version, after: unknown(reason) }] : []
    return [{ name, before: version, after: fresh(reason) }]
  })
  return stateFrom(changes, [], args, names, now, '')
}

async function withActions(host: Reader, params: ApkParams, names: readonly string[], now: Now, args: readonly string[], output: string): Promise<State> {
  // Apk on the host does not know what earlier tasks of the plan do: that is not this task's doing.
  const found = await Promise.all(parseApkActions(output).map(async (action) => ({ action, version: host.planned ? (await readPackage(host, params, action.name)).version : action.before })))
  const own = found.filter(({ action, version }) => !host.planned || version !== action.after)
  const changes = own.map(({ action: { name, after, before }, version }): Change => ({ name, before: version, after: after === before ? fresh('installed again') : after }))
  // What is there only because others need it is asked for from now on, or no longer.
  const marks = names.filter((name) => !changes.some((change) => change.name === bareName(name)) && now.get(name)!.world === isRemoval(params)).map((name): Change => {
    const { version } = now.get(name)!
    return isRemoval(params) ? { name, before: version, after: `${version} (not wanted by itself)` } : { name, before: `${version} (not wanted by itself)`, after: version }
  })
  return stateFrom([...changes, ...marks], own.map(({ action }) => action), args, names, now, output)
}
