import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { parseRunlevels } from '../host/openrc.ts'
import { type UnitState, unitResource } from '../host/unit.ts'
import { type Dict, type Unknown, type Value, dict, isUnknown } from '../value/value.ts'

const SYSTEMD = 'systemctl list-units --no-pager --plain --no-legend --type service --all && echo @@files && systemctl list-unit-files --no-pager --no-legend --type service --all'
/** What an alias does: the table of what is loaded has units by their own names only. */
const ALIASES = "echo @@aliases && for a in $(systemctl list-unit-files --no-pager --no-legend --type service --state=alias | sed -n 's/^\\([^ ]*[^@]\\)\\.service .*/\\1.service/p'); do echo \"$a $(systemctl is-active \"$a\")\"; done"
// OpenRC has a program of that name too, which says the same as rc-status.
const SYSV = 'PATH=$PATH:/usr/sbin:/sbin; echo @@sysv; ! command -v service >/dev/null || command -v rc-status >/dev/null || service --status-all 2>&1 </dev/null'
const OPENRC = '[ -d /run/systemd/system ] || ! command -v rc-status >/dev/null || { echo @@openrc; rc-status --nocolor --servicelist 2>/dev/null; echo @@levels; rc-update show -v 2>/dev/null; }; :'
const NONE = 'Failed to find any services. This can be due to privileges or some other configuration issue.'

export const serviceFacts = defineModule({
  name: 'service_facts',
  summary: 'Find out which services there are and what they do, as the fact `services`.',
  notes: ['Of systemd, of OpenRC, and of the scripts in /etc/init.d where the program `service` is: what of them the host has.'],
  examples: `
- name: Which services there are
  service_facts:
- name: Only where it runs
  debug: { msg: cron runs }
  when: ansible_facts.services['cron.service'].state | default('stopped') == 'running'
`,
  params: {},
  async probe(host) {
    const reply = await host.run(`export LC_ALL=C; if [ -d /run/systemd/system ]; then ${SYSTEMD} || exit; ${ALIASES}; else printf '@@files\\n@@aliases\\n'; fi; ${SYSV}; ${OPENRC}`, [])
    if (isUnknown(reply)) throw reply
    if (reply.code !== 0) fail(`systemd does not answer: ${reply.stderr.toString().trim()}`)
    const services = new Map([...parseServices(reply.stdout.toString()), ...parseOpenrc(reply.stdout.toString())])
    // The world that earlier tasks of a dry run planned.
    if (host.changing !== undefined) await Promise.all([...services].map(async ([name, service]) => (service as Dict).get('source') === 'systemd' && services.set(name, asPlanned(service as Dict, await host.get(unitResource, String(name))))))
    return { facts: services.size === 0 ? undefined : dict({ services }) }
  },
  plan: (_params, before) => before,
  result: ({ before: { facts } }) => (facts === undefined ? { outputs: { msg: NONE }, skipped: true } : { outputs: { ansible_facts: facts } }),
})

function asPlanned(service: Dict, unit: UnitState | Unknown): Value {
  if (isUnknown(unit)) return unit
  const running = service.get('state') === 'running'
  if (isUnknown(unit.active)) return new Map([...service, ['state', unit.active] as const])
  return unit.active === running || (unit.active && unit.properties.get('SubState') !== 'running') ? service : new Map([...service, ['state', unit.active ? 'running' : 'stopped'] as const])
}

/** The tables of systemctl: what is loaded (unit, load, active, sub), the files (unit, state), what aliases do; then the scripts of /etc/init.d. */
export function parseServices(output: string): Map<Value, Value> {
  const [units = '', files = '', aliases = '', sysv = ''] = output.split(/^@@(?:files|aliases|sysv|openrc)\n/m)
  const services = new Map<Value, Value>()
  for (const line of units.split('\n')) {
    const [name, load, active, sub] = line.trim().replace(/^[●*]\s+/, '').split(/\s+/)
    if (!name?.endsWith('.service')) continue
    const status = active === 'failed' ? 'failed' : load === 'not-found' || load === 'masked' ? load : active!
    services.set(name, dict({ name, state: sub === 'running' ? 'running' : 'stopped', status, source: 'systemd' }))
  }
  const doing = new Map(aliases.split('\n').map((line) => line.split(' ') as [string, string | undefined]))
  for (const line of files.split('\n')) {
    const [name, status] = line.trim().split(/\s+/)
    if (!name?.endsWith('.service') || status === undefined) continue
    const loaded = services.get(name) as Dict | undefined
    if (loaded?.get('status') === 'failed') continue
    services.set(name, dict({ name, state: loaded?.get('state') ?? (name.endsWith('@.service') ? 'unknown' : (doing.get(name) ?? 'inactive')), status, source: 'systemd' }))
  }
  for (const [, sign, name] of sysv.matchAll(/^ *\[ ([+-]) \] +(\S+)/gm)) if (!services.has(name!)) services.set(name!, dict({ name: name!, state: sign === '+' ? 'running' : 'stopped', source: 'sysv' }))
  return services
}

/** Lines ` NAME   [  started  ]` of rc-status, and the runlevels of rc-update. */
export function parseOpenrc(output: string): Map<Value, Value> {
  const [states = '', shown = ''] = (output.split('@@openrc\n')[1] ?? '').split('@@levels\n')
  const levels = parseRunlevels(shown)
  return new Map([...states.matchAll(/^\s*(\S+)\s.*\[\s*(\w+)\b.*\]\s*$/gm)].map(([, name, state]) => [name!, dict({ name: name!, runlevels: levels.get(name!)?.length ? [...levels.get(name!)!] : null, state: state!, source: 'openrc' })]))
}
