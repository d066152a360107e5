import { defineModule } from '../contract/define-module.ts'
import { NEEDS_REDIS_CLI, redisParams } from '../contract/redis-cli.ts'
import { flag, text } from '../schema/field.ts'
import { readKey } from './redis-data.ts'

export const redisDataInfo = defineModule({
  name: 'redis_data_info',
  summary: 'Find out the text of a key of Redis.',
  notes: [NEEDS_REDIS_CLI],
  examples: `
- name: Is the shop open?
  redis_data_info: { login_host: localhost, tls: false, key: "shop:open" }
  register: shop
- name: It tells
  debug: { msg: "{{ shop.value if shop.exists else 'nobody knows' }}" }
`,
  params: { ...redisParams, tls: flag('Speak TLS.', { default: true }), key: text('The key.', { required: true }) },
  eager: false,
  probe: async (host, given) => ({ value: await readKey(host, given, given.key) }),
  plan: (_params, before) => before,
  result: ({ params: { key }, before: { value } }) => ({ outputs: value === null ? { exists: false, msg: `Key: ${key} does not exist` } : { exists: true, value, msg: `Got key: ${key}` } }),
})
