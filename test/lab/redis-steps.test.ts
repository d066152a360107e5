import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientAddress, isHealthy, redisHealth } from './redis-health.ts'
import { REDIS_HOSTS, REDIS_PLAYBOOK } from './redis-hosts.ts'
import { type Said, tutti } from './tutti.ts'
import { type TestLab, withLab } from './with-lab.ts'

/** The creation of three shards with one replica each is so many numbered operations. */
const STEPS = 16

let lab: TestLab
beforeAll(async () => {
  lab = await withLab('steps', REDIS_HOSTS)
  const first = await run()
  expect(first.code, failures(first)).toBe(0)
})
afterAll(() => lab?.down())

const run = (options: Parameters<typeof tutti>[1] = {}): Promise<Said> =>
  tutti(['run', REDIS_PLAYBOOK, '-i', lab.file, '--output', 'json', '-e', JSON.stringify({ redis_clients: [clientAddress(lab)], redis_maxmemory: '64mb', redis_repl_diskless_sync_delay: 0 })], options)

const failures = ({ events, stderr }: Said): string => [...events.filter(({ type, result }) => type === 'result' && ['failed', 'unreachable'].includes(result.status)).map(({ host, result }) => `${host}: ${result.reason}`), stderr].join('\n')

/** The instances as they were before the cluster was made: running, empty, alone. */
async function forgetCluster(): Promise<void> {
  const units = 'redis-server@7000 redis-server@7003'
  await Promise.all(lab.hosts.map((host) => host.run(`sudo sh -c 'systemctl stop ${units}; rm -rf /var/lib/redis/7000/* /var/lib/redis/7003/*; systemctl start ${units}'`)))
}

// Each operation is announced when it begins: SIGKILL then is before it or in it, and after the one before.
test.each(Array.from({ length: STEPS }, (_, i) => i + 1))('killed when operation %i of the creation begins, running again ends well', async (step) => {
  await forgetCluster()
  const killed = await run({ killWhen: new RegExp(`"text":"${step}/${STEPS} `) })
  expect(killed.signal).toBe('SIGKILL')
  const again = await run()
  expect(again.code, failures(again)).toBe(0)
  const health = await redisHealth(lab)
  expect(isHealthy(health), JSON.stringify(health)).toBe(true)
})

test('and then nothing is left to do', async () => {
  const { events } = await run()
  const recap = events.find(({ type }) => type === 'recap')
  for (const tally of Object.values(recap.hosts)) expect(tally).toMatchObject({ changed: 0, failed: 0 })
})
