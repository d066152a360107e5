import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type UnitState, unitResource } from '../host/unit.ts'
import { type Dict, type Unknown, type Value, dict, isUnknown } from '../value/value.ts'

export const serviceFacts = defineModule({
  name: 'service_facts',
  summary: 'Find out which services there are and what they do, as the fact `services`.',
  notes: ['For hosts that are run by systemd.'],
  params: {},
  async probe(host) {
    const reply = await host.run('export LC_ALL=C; systemctl list-units --no-pager --plain --no-legend --type service --all && echo @@files && systemctl list-unit-files --no-pager --no-legend --type service --all', [])
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

/** The two tables of systemctl: what is loaded (unit, load, active, sub), then the files (unit, state). */
export function parseServices(output: string): Map<Value, Value> {
  const [units = '', files = ''] = output.split('@@files\n')
  const services = new Map<Value, Value>()
  for (const line of units.split('\n')) {
    const [name, load, active, sub] = line.trim().replace(/^[●*]\s+/, '').split(/\s+/)
    if (!name?.endsWith('.service')) continue
    const status = load === 'not-found' || load === 'masked' || active === 'failed' ? (active === 'failed' ? 'failed' : load!) : 'unknown'
    services.set(name, dict({ name, state: sub === 'running' ? 'running' : active === 'failed' ? 'failed' : 'stopped', status, source: 'systemd' }))
  }
  for (const line of files.split('\n')) {
    const [name, status] = line.trim().split(/\s+/)
    if (!name?.endsWith('.service') || status === undefined) continue
    const state = (services.get(name) as ReadonlyMap<Value, Value> | undefined)?.get('state')
    services.set(name, dict({ name, state: state ?? (name.endsWith('@.service') ? 'unknown' : 'inactive'), status, source: 'systemd' }))
  }
  return services
}
