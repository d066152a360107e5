import { afterAll, describe, expect, test } from 'vitest'
import { Reach } from '../../src/cluster/redis/reach.ts'
import { LocalServers, whyNoRedis } from '../cluster/redis/local-servers.ts'
import { runYaml } from '../engine/run-yaml.ts'

const servers = new LocalServers(63)
const instance = servers.instance(1, 7000)
const reach = new Reach({ dial: servers.dial, passwords: [] })
afterAll(async () => {
  reach.close()
  await servers.close()
})

const play = (settings: string, task = '') => `
- hosts: all
  gather_facts: false
  tasks:
    - {name: file, copy: {content: "${settings}", dest: DIR/redis-7000.conf}}
    - name: settings
      redis_settings: {name: test${process.pid}, config_directory: DIR, instances: [{host: redis1, address: ${instance.address}, port: 7000}], data_directory: DIR}
${task.replace(/^/gm, '    ')}
`

const missing = whyNoRedis()
describe.skipIf(missing)(`redis_settings${missing ? ` (${missing})` : ''}`, () => {
  const hosts = ['redis1']

  test('nothing runs yet: it will start with its file', async () => {
    expect((await runYaml(play('maxmemory 1gb\\n'), { hosts })).result('settings').status).toBe('ok')
  })

  test('the dry run sees the file that an earlier task plans; the run sets it, and the second run nothing', async () => {
    await servers.start(instance)
    const wanted = play('maxmemory 64mb\\nappendfsync always\\nport 7000\\n')
    const dry = await runYaml(wanted, { hosts, check: true })
    expect(dry.result('settings')).toMatchObject({ status: 'changed', diff: [{ before: 'redis1:7000: maxmemory 0\nredis1:7000: appendfsync everysec\n', after: 'redis1:7000: maxmemory 64mb\nredis1:7000: appendfsync always\n' }] })
    expect(await reach.ask(instance, 'CONFIG', 'GET', 'maxmemory')).toBe('maxmemory,0')
    const real = await runYaml(wanted, { hosts })
    expect(real.result('settings')).toMatchObject({ status: 'changed', diff: dry.result('settings').diff! })
    expect(await reach.ask(instance, 'CONFIG', 'GET', 'maxmemory')).toBe(`maxmemory,${64 * 1024 ** 2}`)
    expect((await runYaml(wanted, { hosts })).result('settings').status).toBe('ok')
  })

  test('the password of a running instance changes', async () => {
    const change = (password: string, previous: string) => play('port 7000\\n', `- name: password
  redis_password: {password: ${password}, previous_password: ${previous}, instances: [{host: redis1, address: ${instance.address}, port: 7000}]}`).replace(/ {4}- name: settings[^]*?data_directory: DIR}\n/, '')
    expect((await runYaml(change('first-password', '""'), { hosts })).result('password').status).toBe('changed')
    expect((await runYaml(change('first-password', '""'), { hosts })).result('password').status).toBe('ok')
    expect((await runYaml(change('second-password', 'first-password'), { hosts, check: true })).result('password').status).toBe('changed')
    expect((await runYaml(change('second-password', 'first-password'), { hosts })).result('password').status).toBe('changed')
    expect((await runYaml(change('second-password', 'first-password'), { hosts })).result('password').status).toBe('ok')
    const lost = await runYaml(change('third-password', 'nobody-knows'), { hosts })
    expect(lost.result('password')).toMatchObject({ status: 'failed', reason: expect.stringContaining('give the one it has as previous_password') })
    expect(JSON.stringify(lost.events)).not.toContain('second-password')
  })
})
