import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { NEEDS_REDIS_CLI, type RedisLogin, answersOf, askRedis, redisParams, tellRedis } from '../contract/redis-cli.ts'
import type { Reader } from '../host/reader.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { choice, flag, integer, text } from '../schema/field.ts'
import { type Unknown, fresh, isUnknown } from '../value/value.ts'

/** What a dry run has planned of a key: its text, null for none; undefined where nothing is planned. */
const plannedKeys: Resource<string | null | undefined> = { kind: 'redis-key', load: async (_shell, keys) => keys.map(() => undefined) }
const keyOf = ({ login_host, login_port }: RedisLogin, key: string): string => `${login_host} ${login_port} ${key}`

/** The text of a key, null where there is none. */
export async function readKey(host: Reader, login: RedisLogin, key: string): Promise<string | null> {
  const [planned, [kind, value]] = await Promise.all([host.get(plannedKeys, keyOf(login, key)), askRedis(host, login, [['TYPE', key]]).then(async ([type]) => [type, type === 'string' ? (await askRedis(host, login, [['GET', key]]))[0] : null] as const)])
  if (isUnknown(planned)) throw planned
  if (planned !== undefined) return planned
  if (kind !== 'string' && kind !== 'none') fail(`WRONGTYPE Operation against a key holding the wrong kind of value: ${key} is a ${String(kind)}`)
  return value === null ? null : String(value)
}

interface State {
  readonly value: string | null
  /** A new time to live cannot be told from the old one. */
  readonly expires?: '' | Unknown
}

export const redisData = defineModule({
  name: 'redis_data',
  summary: 'Keep a key of Redis and its text.',
  notes: [NEEDS_REDIS_CLI, 'With an expiration it is a change each time.'],
  examples: `
- name: The shop is open
  redis_data: { login_host: localhost, tls: false, key: "shop:open", value: "yes", state: present }
- name: Only where nobody has set it
  redis_data: { login_host: localhost, tls: false, key: "shop:motto", value: all fresh, non_existing: true }
- name: It is gone
  redis_data: { login_host: localhost, tls: false, key: "shop:old", state: absent }
`,
  params: {
    ...redisParams,
    tls: flag('Speak TLS.', { default: true }),
    key: text('The key.', { required: true }),
    value: text('Its text.'),
    expiration: integer('Milliseconds after which it is forgotten.'),
    non_existing: flag('Only make a new one.'),
    existing: flag('Only change one that is there.'),
    keep_ttl: flag('Keep the time after which it is forgotten.'),
    state: choice(['absent', 'present'], 'Whether it should be there.', { default: 'present' }),
  },
  rules: { atMostOneOf: [['non_existing', 'existing'], ['keep_ttl', 'expiration']], requiredIf: [['state', 'present', ['value']]] },
  eager: false,
  async probe(host, given): Promise<State> {
    return { value: await readKey(host, given, given.key), ...(given.expiration === undefined || given.state === 'absent' ? {} : { expires: '' }) }
  },
  plan(given, before): State {
    if (given.state === 'absent') return { value: null }
    // Redis would not set it.
    if ((given.existing && before.value === null) || (given.non_existing && before.value !== null)) return before
    return { value: given.value!, ...(given.expiration === undefined ? {} : { expires: fresh('set anew') }) }
  },
  *apply({ params: given, after }) {
    const { key, value, expiration, existing, non_existing, keep_ttl } = given
    const words = after.value === null ? ['DEL', key] : ['SET', key, value!, ...(expiration === undefined ? [] : ['PX', String(expiration)]), ...(existing ? ['XX'] : non_existing ? ['NX'] : []), ...(keep_ttl ? ['KEEPTTL'] : [])]
    yield tellRedis(given, [words], [leaves(plannedKeys, keyOf(given, key), after.value)], { sentence: `${after.value === null ? 'delete' : 'set'} ${key}` })
  },
  result({ params: given, before, after, replies, taken, changed }) {
    if (taken) answersOf(given, replies[0]?.stdout.toString() ?? '')
    if (given.state === 'absent') return { outputs: { msg: changed ? `Deleted key: ${given.key}` : `Key: ${given.key} not present`, ...(changed ? { old_value: before.value, value: null } : {}) } }
    const refused = after === before && before.value !== given.value
    const msg = refused ? `Key: ${given.key} could not be set since it ${before.value === null ? 'is not there' : 'is there'}` : changed ? `Set key: ${given.key}` : `Key ${given.key} had desired value`
    return { outputs: { msg, old_value: before.value, value: after.value }, ...(refused ? { failed: msg } : {}) }
  },
})
