import { posix } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { quote } from '../shell/quote.ts'
import type { Shell } from '../transport/connection.ts'
import { type Unknown, isUnknown, unknown } from '../value/value.ts'
import { broughtByPackages } from './planned-packages.ts'
import type { Planned, Resource } from './resource.ts'

/** A systemd unit. A part that a dry run cannot know is unknown. */
export interface UnitState {
  /** Systemd knows it: a unit file, a generated unit, or a running transient one. A masked unit exists. */
  readonly exists: boolean
  /** Running, or on its way. */
  readonly active: boolean | Unknown
  /** On its way down: to be stopped it must still be waited for. */
  readonly deactivating: boolean
  readonly failed: boolean
  /** Starts with the host; 'static' has no say in it (static, generated, transient). */
  readonly enabled: boolean | 'static' | Unknown
  readonly masked: boolean | Unknown
  /** Its unit file changed since systemd read it. */
  readonly needsReload: boolean | Unknown
  /** Main process and when it began: differs after a restart. */
  readonly run: string | Unknown
  /** All properties, as `systemctl show` prints them. */
  readonly properties: ReadonlyMap<string, string>
}

export type Scope = 'system' | 'user' | 'global'

const noUnit: UnitState = { exists: false, active: false, deactivating: false, failed: false, enabled: false, masked: false, needsReload: false, run: '', properties: new Map() }

/** Units by full name (`ssh.service`), of the host, of the task's user, and of all users. */
export const unitResource: Resource<UnitState> = { kind: 'unit', load: (shell, keys) => loadUnits(shell, keys, 'system'), foresee: foreseeUnit }
export const userUnitResource: Resource<UnitState> = { kind: 'user-unit', load: (shell, keys) => loadUnits(shell, keys, 'user'), foresee: foreseeUserUnit }
export const globalUnitResource: Resource<UnitState> = { kind: 'global-unit', load: loadGlobalUnits }

export const unitsOf = (scope: Scope): Resource<UnitState> => (scope === 'system' ? unitResource : scope === 'user' ? userUnitResource : globalUnitResource)

const SUFFIX = /\.(?:service|socket|device|mount|automount|swap|target|path|timer|slice|scope|snapshot)$/
/** `ssh` is `ssh.service`, as systemctl completes it. */
export const unitName = (name: string): string => (SUFFIX.test(name) ? name : `${name}.service`)

/** Where the user's own systemd is found from a shell that has no session. */
export const USER_RUNTIME = 'export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"'

async function loadUnits(shell: Shell, keys: readonly string[], scope: 'system' | 'user'): Promise<readonly UnitState[]> {
  const plain = keys.filter((key) => !key.includes('@.'))
  const templates = keys.filter((key) => key.includes('@.'))
  const systemctl = scope === 'user' ? 'systemctl --user' : 'systemctl'
  const script = [
    'export LC_ALL=C', 'command -v systemctl >/dev/null || { echo "there is no systemctl" >&2; exit 1; }', ...(scope === 'user' ? [USER_RUNTIME] : []),
    ...(plain.length ? [`s=$(${systemctl} show -- ${plain.map(quote).join(' ')}) || exit 1; printf '%s\\n' "$s"`] : []), 'echo --tutti--',
    // A unit that was made from an init script is enabled by links of its own.
    // An indirect unit is enabled where links of its own or of its companions say so: only the long answer names them.
    ...(plain.length ? [`case $s in *UnitFileState=indirect*) for u in ${plain.map(quote).join(' ')}; do [ "$(${systemctl} is-enabled -- "$u" 2>/dev/null)" != indirect ] || { ${systemctl} is-enabled --full -- "$u" 2>/dev/null | grep -q '^ ' && printf 'linked %s\\n' "$u"; }; done;; esac`] : []),
    ...plain.map((key) => `for f in /etc/rc[2-5].d/S[0-9][0-9]${quote(key.replace(/\.service$/, ''))}; do [ ! -e "$f" ] || echo ${quote(key)}; done`), 'echo --tutti--',
    ...templates.map((key) => `printf '%s\\n' "${'$'}(${systemctl} is-enabled -- ${quote(key)} 2>/dev/null || :)"`),
  ].join('\n')
  const { code, stdout, stderr } = await shell.run(script)
  if (code !== 0) throw new Problem({ code: 'no-systemd', summary: 'systemd does not answer', detail: stderr.toString().trim(), hint: scope === 'user' ? 'the user needs a session or lingering (loginctl enable-linger)' : 'the host must be run by systemd' })
  const [shown = '', sysv = '', enablings = ''] = stdout.toString().split('--tutti--\n')
  const blocks = shown.split('\n\n').map(parseProperties)
  const started = new Set(sysv.split('\n'))
  const words = enablings.split('\n')
  return keys.map((key) => (key.includes('@.') ? templateUnit(words[templates.indexOf(key)] ?? '') : parseUnit(blocks[plain.indexOf(key)] ?? new Map(), started.has(key), started.has(`linked ${key}`))))
}

/** One block of `systemctl show`. */
export function parseProperties(block: string): ReadonlyMap<string, string> {
  return new Map(block.split('\n').filter((line) => line.includes('=')).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

export function parseUnit(properties: ReadonlyMap<string, string>, sysvStarts = false, linked = false): UnitState {
  const [load, active, file] = ['LoadState', 'ActiveState', 'UnitFileState'].map((name) => properties.get(name) ?? '') as [string, string, string]
  return {
    exists: load !== 'not-found' && load !== '', active: active === 'active' || active === 'activating' || active === 'reloading', deactivating: active === 'deactivating', failed: active === 'failed',
    enabled: file === 'generated' && properties.get('SourcePath')?.startsWith('/etc/init.d/') ? sysvStarts : file === 'indirect' ? linked : enabledBy(file), masked: load === 'masked' || file === 'masked' || file === 'masked-runtime',
    needsReload: properties.get('NeedDaemonReload') === 'yes', run: `${properties.get('MainPID') ?? ''} ${properties.get('InvocationID') ?? ''}`.trim(), properties,
  }
}

function enabledBy(word: string): UnitState['enabled'] {
  // What only /run enables does not start with the host.
  if (word === 'enabled' || word === 'alias') return true
  return /^(?:static|generated|transient)$/.test(word) ? 'static' : false
}

/** A template (`getty@.service`) has no state of its own, only links that enable it. */
const templateUnit = (word: string): UnitState => ({ ...noUnit, exists: word !== '' && word !== 'not-found', enabled: enabledBy(word), masked: word.startsWith('masked') })

async function loadGlobalUnits(shell: Shell, keys: readonly string[]): Promise<readonly UnitState[]> {
  const { stdout } = await shell.run(`export LC_ALL=C; for u in ${keys.map(quote).join(' ')}; do printf '%s\\n' "$(systemctl --global is-enabled -- "$u" 2>/dev/null || :)"; done`)
  const words = stdout.toString().split('\n')
  return keys.map((_, i) => templateUnit(words[i] ?? ''))
}

const DIRECTORIES = ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'] as const

/** What planned files and packages make of a unit. */
async function foreseeUnit(key: string, found: UnitState, planned: Planned): Promise<UnitState | Unknown> {
  const names = key.includes('@') ? [key, key.replace(/@.*(?=\.[a-z]+$)/, '@')] : [key]
  const fragment = DIRECTORIES.flatMap((directory) => names.map((name) => `${directory}/${name}`)).find((path) => planned.touches(path))
  const dropIn = DIRECTORIES.flatMap((directory) => [...names, 'service'].map((name) => `${directory}/${name}.d`)).find((path) => planned.touches(path))
  if (fragment) return foreseeFragment(fragment, found, planned)
  if (found.exists && dropIn) return { ...found, needsReload: true }
  const brought = await broughtByPackages(planned, (foresight) => foresight.unit(key), `the unit ${key}`)
  if (found.exists || brought === undefined) return found
  if (isUnknown(brought)) return brought
  const reason = `${key} comes with a package of ${brought.by}`
  return { ...noUnit, exists: true, active: unknown(`${reason}, whose scripts may start it`), enabled: brought.enabled ?? unknown(`${reason}, whose scripts may enable it`), run: unknown(reason) }
}

/** A unit file that a task of the plan writes: the unit is there afterwards, and what it was stays until it is restarted. */
function foreseeFragment(path: string, found: UnitState, planned: Planned): UnitState | Unknown {
  const file = planned.file?.(path)
  if (file === 'absent') return found.exists ? unknown(`${posix.basename(path)} is removed by ${planned.touches(path)}`) : found
  if (file === 'unknown') return unknown(`${posix.basename(path)} may be changed by ${planned.touches(path)}`)
  if (found.exists) return { ...found, needsReload: true }
  return { ...noUnit, exists: true }
}

function foreseeUserUnit(key: string, found: UnitState, planned: Planned): UnitState | Unknown {
  const directory = ['/etc/systemd/user', '/usr/lib/systemd/user'].find((path) => planned.touches(`${path}/${key}`))
  if (directory) return found.exists ? { ...found, needsReload: true } : { ...noUnit, exists: true }
  // The home directory is not known here: any planned file of the name counts.
  return found.exists || !planned.named?.(`/systemd/user/${key}`) ? found : { ...noUnit, exists: true }
}
