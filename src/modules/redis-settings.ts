import { observe, isRunning } from '../cluster/redis/observe.ts'
import { rollOut } from '../cluster/redis/roll-out.ts'
import { changedSettings, needsRestart, parseSettings, type SettingChange } from '../cluster/redis/settings.ts'
import type { Instance } from '../cluster/redis/topology.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import type { Acting } from '../host/act.ts'
import { contentResource } from '../host/file.ts'
import { act } from '../host/step.ts'
import { integer, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { isUnknown, type Unknown, unknown } from '../value/value.ts'
import { withClusterLock } from './redis-lock.ts'
import { instanceParams, type Road, roadOf } from './redis-road.ts'

interface State {
  /** What each running instance has otherwise than its file. */
  readonly changes: Readonly<Record<string, readonly SettingChange[] | Unknown>>
  readonly running: readonly Instance[]
  readonly road: Road
}

export const redisSettings = defineModule({
  name: 'redis_settings',
  summary: 'Bring changed configuration files of Redis instances to their running processes, one at a time.',
  notes: [
    'Settings that a running process takes are set; for others it starts anew, replicas first, a master only after a replica took its shard over.',
    'It stops where the cluster is not whole. At the end masters get their shards back.',
    'Passwords are left to redis_password.',
  ],
  examples: `
- name: Changed files reach the running instances, one at a time
  redis_settings:
    instances:
      - { host: redis1, address: 192.0.2.11, port: 6379, domains: { zone: a } }
      - { host: redis2, address: 192.0.2.12, port: 6379, domains: { zone: b } }
    password: "{{ redis_password }}"
  run_once: true
`,
  params: {
    ...instanceParams,
    name: text('What the cluster is called, for its lock.', { default: 'redis' }),
    config_directory: text('Where the files are, each called redis-PORT.conf.', { default: '/etc/redis' }),
    unit: text('The units, without the @PORT that follows.', { default: 'redis-server' }),
    sync_timeout: integer('Seconds that an instance may take to start and to copy its data.', { default: 600 }),
  },
  eager: false,
  async probe(_host, params, around): Promise<State> {
    const road = roadOf(params, around)
    const reach = road.open()
    try {
      const found = await Promise.all(road.instances.map(async (instance) => [instance, await changesOf(road, instance, `${params.config_directory}/redis-${instance.port}.conf`, reach)] as const))
      const running = found.flatMap(([instance, changes]) => (changes ? [[instance, changes] as const] : []))
      return { changes: Object.fromEntries(running.flatMap(([{ name }, changes]) => (isUnknown(changes) || changes.length > 0 ? [[name, changes]] : []))), running: running.map(([instance]) => instance), road }
    } finally {
      reach.close()
    }
  },
  plan: (_params, before): State => ({ ...before, changes: Object.fromEntries(Object.keys(before.changes).flatMap((name) => (isUnknown(before.changes[name]) ? [[name, before.changes[name]]] : []))) }),
  *apply({ params, before }) {
    yield act('bring changed settings to the running instances', (acting) => withClusterLock(params.name, before.road, acting, (signal) => roll(params, before, acting, signal)))
  },
  diff({ before }) {
    const lines = (side: 'running' | 'wanted') => Object.entries(before.changes).flatMap(([name, changes]) => (isUnknown(changes) ? [] : [
      ...(side === 'wanted' && needsRestart(changes) ? [`${name}: restart`] : []), ...changes.map((change) => `${name}: ${change.setting} ${change[side]}`),
    ])).map((line) => `${line}\n`).join('')
    return [{ header: { before: 'running settings', after: 'running settings' }, before: lines('running'), after: lines('wanted') }]
  },
})

/** Undefined where nothing runs: it will start with its file. */
async function changesOf(road: Road, instance: Instance, path: string, reach: ReturnType<Road['open']>): Promise<readonly SettingChange[] | Unknown | undefined> {
  const observed = await observe(reach, instance, road.isFresh)
  if (observed.kind === 'absent') return undefined
  if (!isRunning(observed)) return unknown(`${instance.name}: ${observed.reason}`)
  const file = await (await road.other(instance.host)).host.get(contentResource, path)
  if (isUnknown(file)) return file
  if (file === undefined) return fail(`${instance.host} has no ${path}`)
  const wanted = parseSettings(file.toString())
  const answers = await Promise.all([...wanted.keys()].map(async (setting) => [setting, await reach.ask(instance, 'CONFIG', 'GET', setting)] as const))
  return changedSettings(wanted, new Map(answers.flatMap(([setting, answer]) => (answer === '' ? [] : [[setting, answer.slice(setting.length + 1)]]))))
}

async function roll(params: { readonly unit: string; readonly sync_timeout: number }, { changes, running, road }: State, { progress }: Acting, signal: AbortSignal): Promise<void> {
  const reach = road.open()
  const certain = Object.entries(changes).flatMap(([name, own]) => (isUnknown(own) ? [] : [[name, own] as const]))
  const dead = Object.values(changes).find(isUnknown)
  if (dead) fail(`settings cannot be brought to a cluster that is not whole: ${dead.reason}`)
  const restart = async (name: string): Promise<void> => {
    const { host, port } = road.instances.find((instance) => instance.name === name)!
    const { code, stderr } = await (await road.other(host)).shell.run(commandLine(['systemctl', 'restart', `${params.unit}@${port}`]), { timeout: params.sync_timeout })
    if (code !== 0) fail(`${name} does not restart: ${stderr.toString().trim()}`)
  }
  try {
    await rollOut(new Map(certain), { reach, instances: running, progress, signal, syncDeadline: params.sync_timeout * 1000, restart })
  } finally {
    reach.close()
  }
}
