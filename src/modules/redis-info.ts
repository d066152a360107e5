import { defineModule } from '../contract/define-module.ts'
import { NEEDS_REDIS_CLI, askRedis, parseInfo, redisParams } from '../contract/redis-cli.ts'
import { flag } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import type { Value } from '../value/value.ts'

export const redisInfo = defineModule({
  name: 'redis_info',
  summary: 'Find out what a Redis server tells of itself: INFO, and CLUSTER INFO.',
  notes: [NEEDS_REDIS_CLI],
  examples: `
- name: How is Redis?
  redis_info: { login_host: localhost }
  register: redis_state
- name: Who follows whom
  debug: { msg: "{{ redis_state.info.role }}, {{ redis_state.info.connected_slaves }} replicas" }
`,
  params: { ...redisParams, tls: flag('Speak TLS.', { default: false }), cluster: flag('Ask about the cluster too.', { default: false }) },
  eager: false,
  // What it tells is another a moment later: nothing is compared.
  async probe(host, given): Promise<{ readonly told: Aside<{ readonly info: ReadonlyMap<Value, Value>; readonly cluster: ReadonlyMap<Value, Value> | undefined }> }> {
    const [info, cluster] = await askRedis(host, given, [['INFO'], ...(given.cluster ? [['CLUSTER', 'INFO']] : [])])
    return { told: aside({ info: parseInfo(String(info)) as ReadonlyMap<Value, Value>, cluster: given.cluster ? (parseInfo(String(cluster)) as ReadonlyMap<Value, Value>) : undefined }) }
  },
  plan: (_params, before) => before,
  result: ({ before: { told: { value: { info, cluster } } } }) => ({ outputs: { info, ...(cluster ? { cluster_info: cluster } : {}) } }),
})
