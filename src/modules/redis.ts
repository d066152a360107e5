import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { NEEDS_REDIS_CLI, type RedisLogin, type RedisReply, answersOf, askRedis, parseInfo, redisParams, tellRedis } from '../contract/redis-cli.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Params, choice, flag, integer, text } from '../schema/field.ts'
import { type Unknown, type Value, dict, fresh, isUnknown } from '../value/value.ts'

const params = {
  ...redisParams,
  tls: flag('Speak TLS.', { default: false }),
  command: choice(['config', 'flush', 'replica', 'slave'], 'Set a setting, forget all keys, or say whose replica it is.', { required: true }),
  name: text('The setting.'),
  value: text('Its value.'),
  db: integer('The database to flush.'),
  flush_mode: choice(['all', 'db'], 'Whether all databases are flushed or one.', { default: 'all' }),
  master_host: text('The master\'s machine.'),
  master_port: integer('The master\'s port.'),
  replica_mode: choice(['master', 'replica', 'slave'], 'Whether it is a replica or a master.', { default: 'replica', aliases: ['slave_mode'] }),
} as const
type RedisParams = Params<typeof params>

interface State {
  readonly setting?: string | Unknown
  readonly keys?: string | Unknown
  readonly master?: string
}

/** What a dry run has planned of a server, by address and question; undefined where nothing is. */
const plannedResource: Resource<string | Unknown | undefined> = { kind: 'on-redis-server', load: async (_shell, keys) => keys.map(() => undefined) }
const keyOf = ({ login_host, login_port }: RedisLogin, question: string): string => `${login_host} ${login_port} ${question}`

export const redis = defineModule({
  name: 'redis',
  summary: 'Set a setting of a running Redis, flush it, or make it a replica.',
  notes: [NEEDS_REDIS_CLI, 'Flushing is a change each time, as for Ansible. A setting lasts until Redis starts again: write its configuration too.'],
  examples: `
- name: Redis takes a gigabyte
  redis: { command: config, name: maxmemory, value: 1gb }
- name: It follows its master
  redis: { command: replica, master_host: 10.0.0.5, master_port: 6379 }
- name: It is a master again
  redis: { command: replica, replica_mode: master }
`,
  params,
  eager: false,
  async probe(host, given, { secret }): Promise<State> {
    misused(given)
    if (isSecret(given) && given.value) secret?.(given.value)
    const planned = await host.get(plannedResource, keyOf(given, questionOf(given)))
    if (given.command === 'flush') return await askRedis(host, given, [['PING']]), { keys: '' }
    if (given.command === 'config') {
      const [answer] = await askRedis(host, given, [['CONFIG', 'GET', given.name!]])
      const found = Array.isArray(answer) ? (answer as readonly RedisReply[])[1] : undefined
      if (typeof found !== 'string') fail(`unable to read config: Redis knows no setting ${given.name}`)
      if (isSecret(given) && found) secret?.(String(found))
      return { setting: planned ?? String(found) }
    }
    const [info] = await askRedis(host, given, [['INFO', 'replication']])
    const about = parseInfo(String(info))
    return { master: typeof planned === 'string' ? planned : about.get('role') === 'master' ? '' : `${about.get('master_host')} ${about.get('master_port')}` }
  },
  plan(given, before): State {
    if (given.command === 'flush') return { keys: fresh('flushed') }
    if (given.command === 'config') return { setting: bytesOf(given.value!) === before.setting ? before.setting : bytesOf(given.value!) }
    return { master: given.replica_mode === 'master' ? '' : `${given.master_host} ${given.master_port}` }
  },
  *apply({ params: given, after }) {
    const what = given.command === 'config' ? { words: ['CONFIG', 'SET', given.name!, given.value!], sentence: `set ${given.name}` }
      : given.command === 'flush' ? { words: given.flush_mode === 'all' ? ['FLUSHALL'] : ['FLUSHDB'], sentence: given.flush_mode === 'all' ? 'flush all databases' : `flush database ${given.db}` }
      : after.master === '' ? { words: ['SLAVEOF', 'NO', 'ONE'], sentence: 'become a master' } : { words: ['SLAVEOF', given.master_host!, String(given.master_port)], sentence: `become a replica of ${given.master_host}:${given.master_port}` }
    const select = given.command === 'flush' && given.flush_mode === 'db' ? [['SELECT', String(given.db)]] : []
    yield tellRedis(given, [...select, what.words], [leaves(plannedResource, keyOf(given, questionOf(given)), after.setting ?? after.master)], { sentence: what.sentence })
  },
  diff({ params: given, before, after }) {
    const side = ({ setting, keys, master }: State) => (keys !== undefined ? `keys: ${isUnknown(keys) ? 'none' : 'as they are'}\n` : setting !== undefined ? `${given.name}: ${isSecret(given) ? '(hidden)' : String(setting)}\n` : `master: ${master || 'none'}\n`)
    return [{ header: { before: 'redis', after: 'redis' }, before: side(before), after: isSecret(given) ? `${given.name}: (hidden, another)\n` : side(after) }]
  },
  result({ params: given, after, replies, taken }) {
    // redis-cli ends well also where Redis refused.
    if (taken) answersOf(given, replies[0]?.stdout.toString() ?? '')
    if (given.command === 'config') return { outputs: { name: given.name, value: given.value } }
    if (given.command === 'flush') return { outputs: { flushed: true, ...(given.flush_mode === 'db' ? { db: given.db } : {}) } }
    const mode: Value = after.master === '' ? dict({ mode: 'master' }) : dict({ mode: 'replica', master_host: given.master_host, master_port: given.master_port })
    return { outputs: { mode } }
  },
})

const isSecret = ({ command, name }: RedisParams): boolean => command === 'config' && /pass|auth/i.test(name ?? '')
const questionOf = ({ command, name }: RedisParams): string => (command === 'config' ? `config ${name}` : command === 'flush' ? 'keys' : 'master')

function misused(given: RedisParams): void {
  const lacking = given.command === 'config' ? (['name', 'value'] as const) : given.command === 'flush' ? (given.flush_mode === 'db' ? (['db'] as const) : []) : given.replica_mode === 'master' ? [] : (['master_host', 'master_port'] as const)
  const missing = lacking.filter((name) => given[name] === undefined)
  if (missing.length > 0) fail(`command is ${given.command} but all of the following are missing: ${missing.join(', ')}`)
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1000, kb: 1024, m: 1000 ** 2, mb: 1024 ** 2, g: 1000 ** 3, gb: 1024 ** 3 }
/** Redis takes sizes with a unit and tells them in bytes. */
export function bytesOf(value: string): string {
  const match = /^(\d+)(b|kb?|mb?|gb?)$/i.exec(value.trim())
  return match ? String(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!) : value
}
