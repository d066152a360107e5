import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Scope, type UnitState, USER_RUNTIME, unitName, unitsOf } from '../host/unit.ts'
import { type UnitManager, unitManagerResource } from '../host/unit-manager.ts'
import type { Reader } from '../host/reader.ts'
import { choice, flag, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, type Value, dict, fresh, isUnknown } from '../value/value.ts'
import type { Params } from '../schema/field.ts'

export const unitParams = {
  name: text('The unit; without an ending it is a service.', { aliases: ['service', 'unit'] }),
  state: choice(['started', 'stopped', 'restarted', 'reloaded'], 'What the unit should be doing. Restarting and reloading happen each time.'),
  enabled: flag('Whether it starts with the host.'),
  masked: flag('Whether it cannot be started at all.'),
  daemon_reload: flag('Let systemd read its unit files again before anything else, if they are newer than what it has read.', { default: false, aliases: ['daemon-reload'] }),
  daemon_reexec: flag('Let systemd start itself again before anything else.', { default: false, aliases: ['daemon-reexec'] }),
  scope: choice(['system', 'user', 'global'], "Units of the host, of the task's user, or of all users.", { default: 'system' }),
  no_block: flag('Do not wait until the unit has done it.', { default: false }),
  force: flag('Replace links of the unit that are in the way.'),
} as const

type UnitParams = Params<typeof unitParams>

/** What is compared, and the unit as it was found. */
export interface UnitPlan {
  readonly enabled: UnitState['enabled'] | undefined
  readonly masked: boolean | Unknown | undefined
  readonly active: boolean | Unknown | undefined
  /** Main process: a restart gives another one. */
  readonly run: string | Unknown
  readonly reloaded: string | Unknown
  readonly found: Aside<{ readonly unit?: UnitState; readonly manager?: UnitManager }>
}

export async function probeUnit(host: Reader, { name, scope, daemon_reload, state, enabled, masked }: UnitParams): Promise<UnitPlan> {
  const [unit, manager] = await Promise.all([
    name === undefined ? undefined : host.get(unitsOf(scope), unitName(name)),
    daemon_reload && scope !== 'global' ? host.get(unitManagerResource, scope) : undefined,
  ])
  const found = unit === undefined ? undefined : known(unit)
  return {
    // Only what is asked for: what a dry run cannot know of the rest is no matter.
    enabled: enabled === undefined ? undefined : found?.enabled, masked: masked === undefined ? undefined : found?.masked, active: state === undefined ? undefined : found && (found.active === false ? found.deactivating : found.active),
    run: state === 'restarted' && found && !isUnknown(found.run) ? found.run : '', reloaded: '',
    found: aside({ ...(found ? { unit: found } : {}), ...(manager ? { manager: known(manager) } : {}) }),
  }
}

export function planUnit({ name, state, enabled, masked, scope }: UnitParams, before: UnitPlan): UnitPlan {
  const { unit } = before.found.value
  if (!unit || name === undefined) return before
  if (scope === 'global' && state !== undefined) fail(`with scope: global there is no unit to be ${state}: leave out state`)
  // What is not there can be asked about; it does not run, and can be masked all the same.
  const isEnough = (enabled === undefined && state === undefined) || (masked === true && enabled !== true && (state === undefined || state === 'stopped'))
  if (!unit.exists && !isEnough) fail(`Could not find the requested service ${name}: host`)
  // systemd makes units of mounts and devices, without a file that could be enabled.
  if (enabled === true && unit.properties.get('LoadState') === 'loaded' && !unit.properties.get('UnitFileState') && !unit.properties.get('FragmentPath')) fail(`Unable to enable service ${name}: Failed to enable unit: Unit file ${unitName(name)} does not exist.`)
  const starts = state === 'started' || state === 'restarted' || state === 'reloaded'
  const stays = masked ?? unit.masked
  if (stays === true && (starts || enabled)) fail(`${unitName(name)} is masked: it can be neither started nor enabled`, { status: statusOf(unit) })
  return {
    ...before, ...(masked === undefined ? {} : { masked }), ...(enabled === undefined || before.enabled === 'static' ? {} : { enabled }), ...(state === undefined ? {} : { active: state !== 'stopped' }),
    ...(state === 'restarted' ? { run: fresh('restarted') } : {}), ...(state === 'reloaded' && unit.active !== false ? { reloaded: fresh('reloaded') } : {}),
  }
}

/** What is done before anything else, and is no change: Ansible does not count it either. */
export function* unitChores({ params: { daemon_reload, daemon_reexec, scope }, before }: { readonly params: UnitParams; readonly before: UnitPlan }): Iterable<Step> {
  if (daemon_reload && before.found.value.manager?.needsReload) yield systemctl(scope, ['daemon-reload'], [leaves(unitManagerResource, scope, { needsReload: false })])
  if (daemon_reexec) yield systemctl(scope, ['daemon-reexec'])
}

export function* applyUnit({ params: { name = '', state, scope, force, no_block }, before, after }: { readonly params: UnitParams; readonly before: UnitPlan; readonly after: UnitPlan }): Iterable<Step> {
  const unit = unitName(name)
  const control = (word: string, args: readonly string[]) => systemctl(scope, [...args, ...(unit.startsWith('-') ? ['--'] : []), unit], effects, `Unable to ${word} service ${name}`)
  const effects = effectsOf(scope, unit, before.found.value.unit!, after)
  const forced = force ? ['--force'] : []
  if (after.masked !== before.masked && after.masked === false) yield control('unmask', [...forced, 'unmask'])
  if (after.enabled !== before.enabled) yield control(after.enabled ? 'enable' : 'disable', [...forced, after.enabled ? 'enable' : 'disable'])
  const verb = verbOf(state, before)
  if (verb) yield control(verb, [...(no_block ? ['--no-block'] : []), verb])
  if (after.masked !== before.masked && after.masked !== false) yield control('mask', [...forced, 'mask'])
}

function verbOf(state: UnitParams['state'], { active }: UnitPlan): string | undefined {
  if (state === 'restarted') return active === false ? 'start' : 'restart'
  if (state === 'reloaded') return active === false ? 'start' : 'reload'
  if (state === 'started') return active === true ? undefined : 'start'
  return state === 'stopped' && active !== false ? 'stop' : undefined
}

const systemctl = (scope: Scope, args: readonly string[], effects: Parameters<typeof run>[1] = [], failure?: string): Step =>
  scope === 'user' ? run(`${USER_RUNTIME}; exec ${commandLine(['systemctl', '--user', ...args])}`, effects, { sentence: `run ${commandLine(['systemctl', '--user', ...args])}`, ...(failure === undefined ? {} : { failure }) }) : run(['systemctl', ...(scope === 'global' ? ['--global'] : []), ...args], effects, failure === undefined ? {} : { failure })

function effectsOf(scope: Scope, unit: string, found: UnitState, { active, enabled, masked, run }: UnitPlan) {
  const properties = new Map(found.properties)
  if (typeof active === 'boolean') properties.set('ActiveState', active ? 'active' : 'inactive')
  if (typeof enabled === 'boolean') properties.set('UnitFileState', enabled ? 'enabled' : 'disabled')
  const state: UnitState = { ...found, exists: true, active: active ?? found.active, deactivating: false, enabled: enabled ?? found.enabled, masked: masked ?? found.masked, needsReload: found.needsReload, run: run === '' ? found.run : run, properties }
  return [...new Set([unit, found.properties.get('Id') ?? unit])].map((key) => leaves(unitsOf(scope), key, state))
}

export const statusOf = (unit: UnitState): Value => new Map<Value, Value>(unit.properties)

export const systemd = defineModule({
  name: 'systemd',
  aliases: ['systemd_service'],
  summary: 'Keep a systemd unit running or stopped, enabled or not, masked or not.',
  notes: [
    '`daemon_reload` acts only where a unit file, drop-in or /etc/fstab is newer than what systemd has read; as in Ansible it is no change.',
    'With `masked: true`, stopped and not enabled, a unit that is not there is masked. Ansible masks it, too, and then fails the first time.',
    'A unit that is static or generated has no say in whether it starts with the host: `enabled` leaves it alone.',
  ],
  examples: `
- name: A service that runs and starts with the host
  systemd: { name: cron, state: started, enabled: true }
- name: New unit files are read, and the service starts with them
  systemd: { name: app.service, daemon_reload: true, state: restarted }
  when: app_unit is changed
- name: Never started, whatever asks for it
  systemd: { name: apt-daily.timer, masked: true, state: stopped }
`,
  params: unitParams,
  rules: { oneOf: [['state', 'enabled', 'masked', 'daemon_reload', 'daemon_reexec']], requiredIf: [['state', 'started', ['name']], ['state', 'stopped', ['name']], ['state', 'restarted', ['name']], ['state', 'reloaded', ['name']]] },
  probe: probeUnit,
  plan: planUnit,
  chores: unitChores,
  apply: applyUnit,
  result: ({ params, before }) => ({ outputs: unitOutputs(params, before.found.value.unit) }),
})

export const unitOutputs = ({ name, state, enabled }: UnitParams, unit: UnitState | undefined): Record<string, Value | undefined> => ({
  name: name ?? null, ...(unit ? { status: statusOf(unit) } : { status: dict({}) }), ...(enabled === undefined ? {} : { enabled }), ...(state === undefined ? {} : { state: state === 'stopped' ? 'stopped' : 'started' }),
})
