import { changePassword, observePassword, type PasswordState, SETTLED } from '../cluster/redis/password.ts'
import type { Instance } from '../cluster/redis/topology.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { act } from '../host/step.ts'
import { Problem } from '../problem/problem.ts'
import { text } from '../schema/field.ts'
import { isUnknown, type Unknown, unknown } from '../value/value.ts'
import { instanceParams, type Road, roadOf } from './redis-road.ts'

interface State {
  readonly instances: Readonly<Record<string, PasswordState | Unknown>>
  readonly running: readonly Instance[]
  readonly road: Road
}

export const redisPassword = defineModule({
  name: 'redis_password',
  summary: 'Keep the password of running Redis instances, and change it without an outage.',
  notes: [
    'All instances take both passwords before any of them shows the new one, and the old one is dropped last.',
    'It changes running instances only: write the configuration files beside it, or they start with the old one.',
    'Clients must know the new password when it ends; connections that are open stay open.',
  ],
  examples: `
- name: All instances take the new password, without an outage
  redis_password:
    instances:
      - { host: redis1, address: 192.0.2.11, port: 6379 }
      - { host: redis2, address: 192.0.2.12, port: 6379 }
    password: "{{ redis_password }}"
    previous_password: "{{ redis_previous_password }}"
  run_once: true
`,
  params: { ...instanceParams, password: text('The password that all instances are to have.', { required: true, secret: true }) },
  eager: false,
  async probe(_host, params, around): Promise<State> {
    const road = roadOf(params, around)
    const found = await Promise.all(road.instances.map(async (instance) => [instance, await observe(road, instance, params.password, params.previous_password)] as const))
    const running = found.flatMap(([instance, state]) => (state ? [[instance, state] as const] : []))
    return { instances: Object.fromEntries(running.map(([{ name }, state]) => [name, state])), running: running.map(([instance]) => instance), road }
  },
  plan: (_params, before): State => ({ ...before, instances: Object.fromEntries(Object.keys(before.instances).map((name) => [name, SETTLED])) }),
  *apply({ params, before }) {
    yield act(`change the password of ${before.running.length} instances`, async ({ progress }) => {
      const dead = Object.values(before.instances).find(isUnknown)
      if (dead) fail(`the password is not changed while an instance does not answer: ${dead.reason}`)
      const reach = before.road.open()
      try {
        await changePassword(reach, before.running, params.password, progress)
      } finally {
        reach.close()
      }
    })
  },
  diff({ before }) {
    const lines = (end: (name: string) => string) => Object.keys(before.instances).map((name) => `${name}: ${end(name)}\n`).join('')
    const describe = (state: PasswordState | Unknown | undefined) => (state && 'takesNew' in state ? `${state.takesNew ? 'new' : 'old'} password${state.takesNew && state.takesOld ? ', and the old one' : ''}${state.showsNew ? '' : ', old one for its master'}` : '(unknown)')
    return [{ header: { before: 'passwords', after: 'passwords' }, before: lines((name) => describe(before.instances[name])), after: lines(() => 'new password') }]
  },
})

/** An instance that does not answer in a dry run may do so in the run. */
function observe(road: Road, instance: Instance, wanted: string, old: string | undefined): Promise<PasswordState | Unknown | undefined> {
  return observePassword(road.dial, instance, wanted, old).catch((thrown: unknown) => {
    if (thrown instanceof Problem && thrown.code === 'redis-wrong-password')
      throw new Problem({ ...thrown.parts(), hint: 'it takes neither the password nor the previous one: give the one it has as previous_password' })
    return unknown(thrown instanceof Error ? thrown.message : String(thrown))
  })
}
