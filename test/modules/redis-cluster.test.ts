import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { LocalServers, whyNoRedis } from '../cluster/redis/local-servers.ts'
import { runIn, runYaml } from '../engine/run-yaml.ts'

const hosts = ['redis1', 'redis2', 'redis3']
const directory = mkdtempSync(join(tmpdir(), 'redis-cluster-'))
const servers = new LocalServers(62, ['--requirepass', 'a-long-password', '--masterauth', 'a-long-password'])
const instances = [1, 2, 3].flatMap((host) => [7000, 7003].map((port) => servers.instance(host, port)))
afterAll(async () => {
  await servers.close()
  rmSync(directory, { recursive: true, force: true })
})

const playbook = (more = '') => `
- hosts: all
  gather_facts: false
  tasks:
    - name: cluster
      redis_cluster:
        name: test${process.pid}
        password: a-long-password
        data_directory: ${directory}
        settle_timeout: 5
        instances:
${instances.map(({ host, address, port }) => `          - {host: ${host}, address: ${address}, port: ${port}, domains: {zone: z${host.slice(5)}}}`).join('\n')}
${more.replace(/^/gm, '        ')}
      run_once: true
      register: cluster
    - {name: table, debug: {msg: "{{ cluster.table_lines }}"}, run_once: true}
`

let announced: unknown
const missing = whyNoRedis()
describe.skipIf(missing)(`redis_cluster${missing ? ` (${missing})` : ''}`, () => {
  test('a dry run on hosts without Redis lists every operation', async () => {
    const ran = await runYaml(playbook(), { hosts, check: true })
    announced = ran.result('cluster').diff
    const { status, diff, reason } = ran.result('cluster')
    expect({ status, reason }).toEqual({ status: 'changed', reason: undefined })
    expect(diff!.map(({ after }) => after).join('')).toMatch(/1\. give redis1:7000 the slots 0-5460 of shard 1\n[^]*16\. wait until every node agrees/)
    expect(diff![0]!.before).toContain('redis1:7000  idle')
    expect(ran.outputs('table').msg[1]).toMatch(/^redis1\s+z1\s+redis1:7000\s+master\s+1\s+0-5460$/)
  })

  test('an impossible wish is refused with the reason', async () => {
    const ran = await runYaml(playbook('replicas: 2'), { hosts, check: true })
    expect(ran.result('cluster')).toMatchObject({ status: 'failed', reason: expect.stringMatching(/too few Redis instances.*3 instances short/) })
  })

  test('the run does what the dry run said, and the second run nothing', async () => {
    await servers.start(...instances)
    // Started by tasks before it in the same run, instances make no difference to what was announced.
    expect((await runYaml(playbook(), { hosts, check: true })).result('cluster').diff).toEqual(announced)
    const dry = await runYaml(playbook('failure_domain: [zone]'), { hosts, check: true })
    const real = await runYaml(playbook('failure_domain: [zone]'), { hosts })
    expect(real.result('cluster').status).toBe('changed')
    expect(real.result('cluster').diff).toEqual(dry.result('cluster').diff)
    expect(real.outputs('cluster').shards).toEqual([1, 2, 3].map((shard) => expect.objectContaining({ shard, master: `redis${shard}:7000`, replicas: [expect.stringMatching(/^redis\d:7003$/)] })))
    const again = await runYaml(playbook('failure_domain: [zone]'), { hosts })
    expect(again.result('cluster').status).toBe('ok')
    expect(again.outputs('table').msg).toEqual(real.outputs('table').msg)
    expect(again.outputs('table').msg[1]).toMatch(/^redis1\s+z1\s/)
  }, 30_000)

  test('an instance that does not answer is unknown before the run, and a failure in it', async () => {
    await servers.kill(instances[0]!)
    const kept = playbook().replace(directory, '/')
    const dry = await runYaml(kept.replace('data_directory: /', 'data_directory: DIR'), { hosts, check: true, files: { '7000/nodes.conf': 'x' } })
    expect(dry.result('cluster')).toMatchObject({ status: 'unknown', reason: expect.stringContaining('redis1:7000') })
    const real = await runYaml(kept.replace('data_directory: /', 'data_directory: DIR'), { hosts, files: { '7000/nodes.conf': 'x' } })
    expect(real.result('cluster')).toMatchObject({ status: 'failed', reason: expect.stringMatching(/does not answer.*redis1:7000/) })
    await servers.start(instances[0]!)
  }, 40_000)
})

describe('generated_secret', () => {
  const play = (state: string) => `
- hosts: all
  gather_facts: false
  tasks:
    - {name: secret, generated_secret: {path: secrets/redis.vault, key_path: secrets/redis.key, state: ${state}}, register: s, no_log: true}
    - {name: use, copy: {content: "{{ s.secret }} {{ s.previous }}", dest: DIR/used}}
`
  const used = () => readFileSync(join(directory, 'used'), 'utf8').split(' ')

  test('is made once, can be rotated and settled, and is never plain on disk', async () => {
    const dry = await runIn(directory, play('present'), { check: true })
    expect(dry.results).toEqual(['h1 changed secret', 'h1 changed use'])
    await runIn(directory, play('present'))
    const [first] = used()
    expect(first).toMatch(/^[A-Za-z0-9]{40}$/)
    expect(readFileSync(join(directory, 'secrets/redis.vault'), 'utf8')).toMatch(/^\$ANSIBLE_VAULT;1\.1;AES256\n[0-9a-f\n]+$/)
    expect(statSync(join(directory, 'secrets/redis.key')).mode & 0o777).toBe(0o600)
    expect((await runIn(directory, play('present'))).results).toEqual(['h1 ok secret', 'h1 ok use'])
    await runIn(directory, play('rotated'))
    expect(used()[0]).not.toBe(first)
    expect(used()[1]).toBe(first)
    expect((await runIn(directory, play('rotated'))).results).toEqual(['h1 ok secret', 'h1 ok use'])
    const [second] = used()
    await runIn(directory, play('settled'))
    expect(used()).toEqual([second, ''])
  })

  test('a lost key is an error, not a new secret', async () => {
    rmSync(join(directory, 'secrets/redis.key'))
    const ran = await runIn(directory, play('present'))
    expect(ran.exitCode).toBe(2)
  })
})
