import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type UnitState, unitResource } from '../host/unit.ts'
import { type Dict, type Unknown, type Value, dict, isUnknown } from '../value/value.ts'

const SYSTEMD = 'systemctl list-units --no-pager --plain --no-legend --type service --all && echo @@files && systemctl list-unit-files --no-pager --no-legend --type service --all'
/** What an alias does: the table of what is loaded has units by their own names only. */
const ALIASES = "echo @@aliases && for a in $(systemctl list-unit-files --no-pager --no-legend --type service --state=alias | sed -n 's/^\\([^ ]*[^@]\\)\\.service .*/\\1.service/p'); do echo \"$a $(systemctl is-active \"$a\")\"; done"
const SYSV = 'PATH=$PATH:/usr/sbin:/sbin; echo @@sysv; ! command -v service >/dev/null || service --status-all 2>&1'

export const serviceFacts = defineModule({
  name: 'service_facts',
  summary: 'Find out which services there are and what they do, as the fact `services`.',
  notes: ['For hosts that are run by systemd. Scripts of /etc/init.d are told of where the program `service` is.'],
  params: {},
  async probe(host) {
    const reply = await host.run(`export LC_ALL=C; ${SYSTEMD} || exit; ${ALIASES}; ${SYSV}`, [])
    if (isUnknown(reply)) throw reply
    if (reply.code !== 0) fail(`systemd does not answer: ${reply.stderr.toString().trim()}`)
    const services = parseServices(reply.stdout.toString())
    // The world that earlier tasks of a dry run planned.
    if (host.changing !== undefined) await Promise.all([...services].map(async ([name, service]) => services.set(name, asPlanned(service as Dict, await host.get(unitResource, String(name))))))
    return { facts: dict({ services }) }
  },
  plan: (_params, before) => before,
  apply: () => [],
  result: ({ before }) => ({ outputs: { ansible_facts: before.facts } }),
})

function asPlanned(service: Dict, unit: UnitState | Unknown): Value {
  if (isUnknown(unit)) return unit
  const running = service.get('state') === 'running'
  if (isUnknown(unit.active)) return new Map([...service, ['state', unit.active] as const])
  return unit.active === running || (unit.active && unit.properties.get('SubState') !== 'running') ? service : new Map([...service, ['state', unit.active ? 'running' : 'stopped'] as const])
}

/** The tables of systemctl: what is loaded (unit, load, active, sub), the files (unit, state), what aliases do; then the scripts of /etc/init.d. */
export function parseServices(output: string): Map<Value, Value> {
  const [units = '', files = '', aliases = '', sysv = ''] = output.split(/^@@(?:files|aliases|sysv)\n/m)
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
