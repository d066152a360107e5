import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { unitResource } from '../host/unit.ts'
import { type Value, dict, isUnknown } from '../value/value.ts'

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
    if (host.planned) for (const [name, service] of services) {
      const planned = await host.get(unitResource, String(name))
      if (isUnknown(planned)) services.set(name, planned)
      else if (isUnknown(planned.active) || isUnknown(planned.enabled)) services.set(name, isUnknown(planned.active) ? planned.active : (planned.enabled as Value))
      else services.set(name, new Map<Value, Value>([...(service as ReadonlyMap<Value, Value>), ...(planned.active ? [['state', 'running'] as const] : (service as ReadonlyMap<Value, Value>).get('state') === 'running' ? [['state', 'stopped'] as const] : [])]))
    }
    return { facts: dict({ services }) }
  },
  plan: (_params, before) => before,
  apply: () => [],
  result: ({ before }) => ({ outputs: { ansible_facts: before.facts } }),
})

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
