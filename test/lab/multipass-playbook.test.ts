import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listInstances } from '../../src/lab/multipass/multipass-cli.ts'
import { REDIS_HOSTS, REDIS_PLAYBOOK } from './redis-hosts.ts'
import { clientAddress, isHealthy, redisHealth } from './redis-health.ts'
import { runTutti } from './run-tutti.ts'
import { type TestLab, withLab } from './with-lab.ts'

// As in multipass-driver.test.ts: the stand-in goes before a real multipass.
const home = mkdtempSync(join(tmpdir(), 'tutti-stand-in-'))
process.env['TUTTI_STAND_IN_HOME'] = home
process.env['PATH'] = `${resolve(import.meta.dirname, '../multipass')}:${process.env['PATH']}`

let lab: TestLab
beforeAll(async () => {
  lab = await withLab('mp', REDIS_HOSTS, { driver: 'multipass' })
})
afterAll(async () => {
  await lab.down()
  rmSync(home, { recursive: true, force: true })
})

const run = () => runTutti('run', REDIS_PLAYBOOK, '-i', lab.file, '-e', JSON.stringify({ redis_clients: [clientAddress(lab)], redis_maxmemory: '64mb', redis_repl_diskless_sync_delay: 0 }))

test('the hosts are instances of multipass', async () => {
  expect(lab.lab.driver.name).toBe('multipass')
  expect([...(await listInstances()).keys()].sort()).toEqual(lab.hosts.map(({ name }) => lab.lab.host(name).instance).sort())
})

test('the playbook puts every replica on another host than its master', async () => {
  const first = await run()
  expect(first.exitCode, first.output).toBe(0)
  const health = await redisHealth(lab)
  expect(isHealthy(health), JSON.stringify(health, null, 1)).toBe(true)
})

test('its second run changes nothing', async () => {
  const again = await run()
  expect({ code: again.exitCode, changed: again.results.filter((line) => line.split(' ')[1] === 'changed') }, again.output).toEqual({ code: 0, changed: [] })
})
