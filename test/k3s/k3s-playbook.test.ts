import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diskChanges, readDisk } from '../lab/disk-state.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { k3sRelease, kubectl, prepareK3sHost, root, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, having, startOf } from './k3s-plays.ts'

const release = k3sRelease()
let lab: TestLab
let plays: K3sPlays
let [n1, n2, n3, n4]: TestHost[] = []
beforeAll(async () => {
  lab = await withK3sHosts('k3s-play', 4)
  ;[n1, n2, n3, n4] = lab.hosts as [TestHost, TestHost, TestHost, TestHost]
  plays = new K3sPlays(lab, ['n1', 'n2', 'n3'], ['n4'])
})
afterAll(async () => {
  plays?.done()
  await lab?.down()
})

const starts = async () => Promise.all([startOf(n1!), startOf(n2!), startOf(n3!), startOf(n4!, 'k3s-agent')])
const members = async (host: TestHost) => (await kubectl(host, `get nodes -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'`)).trim().split('\n').sort()
const ALL = ['n1 True', 'n2 True', 'n3 True', 'n4 True']

describe(`${release.name}, before anything is touched`, () => {
  test('a dry run on clean hosts fails nowhere, and leaves no trace', async () => {
    const before = lab.hosts.map((host) => readDisk(host.upperLayer()))
    const dry = await plays.play('k3s', {}, '--check')
    expect(dry.exitCode, dry.output).toBe(0)
    expect(having(dry, 'failed')).toEqual([])
    expect(having(dry, 'changed')).toContain('n1 Start k3s now and at boot')
    // Logs and the record of logins are those of the connection.
    lab.hosts.forEach((host, index) => expect(diskChanges(before[index]!, readDisk(host.upperLayer()), (path) => /^\/(var\/log|var\/lib\/systemd|run|tmp)(\/|$)/.test(path)), host.name).toEqual([]))
  })

  test.each<[string, object, RegExp]>([
    ['an even number of servers', { k3s_remove: ['n3'] }, /number of servers has to be odd.*make one an agent/s],
    ['a version that is not pinned', { k3s_version: 'stable' }, /has to be pinned.*set k3s_version/s],
    ['too little memory', { k3s_minimum_memory_mb: { server: 9_000_000, agent: 1 } }, /too little memory: n1 has .*n2 has /s],
    ['one name for two', { k3s_node_name: 'same' }, /Two hosts have one host name/],
    ['a setting of the wrong type', { k3s_disable: ['nothing'] }, /k3s_disable/],
  ])('refused: %s', async (_, vars, said) => {
    const run = await plays.play('k3s', vars)
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(said)
    expect(having(run, 'changed').filter((line) => !line.endsWith('Keep a token for the cluster'))).toEqual([])
  })

  test('refused: a clock that is three seconds ahead', async () => {
    // Hosts of one kernel have one clock: this is what `date` tells on a host that is ahead.
    await root(lab.host('n2'), `printf '#!/bin/sh\nexec /usr/bin/date -d "+3 seconds" "$@"\n' >/usr/local/bin/date && chmod 755 /usr/local/bin/date`)
    const run = await plays.play('k3s')
    await root(lab.host('n2'), 'rm /usr/local/bin/date')
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/The clocks of the hosts disagree: n2 is [23]\.\d s ahead of n\d, 2 s are borne.*timesyncd/s)
    expect(having(run, 'changed').filter((line) => !line.endsWith('Keep a token for the cluster'))).toEqual([])
  })

  test('refused: an archive that has not the pinned sum', async () => {
    const run = await plays.play('k3s', { k3s_sha256: { [release.version]: { 'k3s-airgap-images-amd64.tar.gz': '1'.repeat(64) } } })
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/k3s-airgap-images-amd64\.tar\.gz does not have the sum that is pinned in k3s_sha256/)
    expect(having(run, 'changed')).toEqual([])
  })

  test('refused: to join a server that --limit leaves out', async () => {
    const run = await plays.play('k3s', {}, '--limit', 'n2,n4')
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/n1 has to be the first server, and this run leaves it out: run without --limit, or with that host/)
    expect(having(run, 'changed')).toEqual([])
  })

  test('refused: an archive that is not what was published', async () => {
    const run = await plays.play('k3s', { k3s_offline_dir: '/nowhere' })
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/\/nowhere\/k3s is not there; \/nowhere\/k3s-airgap-images-amd64\.tar\.gz is not there\. Bring the files/)
    expect(having(run, 'changed')).toEqual([])
  })
})

describe(`${release.name}, three servers and an agent`, () => {
  test('made from bare hosts, one server after the other', async () => {
    const run = await plays.play('k3s')
    expect(run.exitCode, run.output).toBe(0)
    expect(await members(n2!)).toEqual(ALL)
    const at = await Promise.all([n1, n2, n3].map(async (host) => Number(await root(host!, 'date -d "$(systemctl show -p ActiveEnterTimestamp --value k3s)" +%s'))))
    expect(at).toEqual([...at].sort())
    expect(await root(n1!, 'k3s secrets-encrypt status')).toContain('Encryption Status: Enabled')
    expect(run.result('Say who does what').outputs.msg).toContain('3 servers: 2 are a majority, so 1 may be away at a time')
  })

  test('the second run changes nothing and restarts nothing; no event holds the token', async () => {
    const before = await starts()
    const again = await plays.play('k3s')
    expect(again.exitCode, again.output).toBe(0)
    expect(having(again, 'changed')).toEqual([])
    expect(await starts()).toEqual(before)
    const token = plays.token()
    expect(token).toMatch(/^\w{40}$/)
    for (const text of [token, Buffer.from(token).toString('base64').slice(0, 50)]) expect(JSON.stringify(again.events)).not.toContain(text)
    const open = await root(n1!, `su nobody -s /bin/sh -c 'grep -rls ${token} /etc /var /run /tmp /usr/local' || true; ps -eo args | grep -v grep | grep -c ${token} || true`)
    expect(open.trim()).toBe('0')
  })

  test('with --limit that host alone is gone through, and nothing changes, in the kubeconfig neither', async () => {
    const run = await plays.play('k3s', {}, '--limit', 'n2')
    expect({ exit: run.exitCode, changed: having(run, 'changed') }, run.output).toEqual({ exit: 0, changed: [] })
    expect(run.results.filter((line) => /Write config.yaml$/.test(line)).map((line) => line.split(' ')[0])).toEqual(['n2'])
  })

  test('a dry run of what is there knows all of it', async () => {
    const dry = await plays.play('k3s', {}, '--check')
    expect({ exit: dry.exitCode, changed: having(dry, 'changed'), unknown: having(dry, 'unknown') }, dry.output).toEqual({ exit: 0, changed: [], unknown: [] })
  })

  test('the kubeconfig here is for its owner alone, and reaches the API', async () => {
    const file = join(plays.directory, 'kubeconfig')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain(`server: https://${n1!.address}:6443`)
    expect(await root(n1!, 'ls -l /etc/rancher/k3s/config.yaml /etc/rancher/k3s/config.yaml.d/90-join.yaml /etc/rancher/k3s/k3s.yaml | cut -c1-10 | sort -u')).toBe('-rw-------\n')
  })

  test('every server would join another one, none would make a cluster of its own', async () => {
    for (const host of [n1, n2, n3]) {
      const join = await root(host!, 'cat /etc/rancher/k3s/config.yaml.d/90-join.yaml')
      expect(join).toMatch(/^token: "K10[0-9a-f]{64}::server:/m)
      expect(join).toMatch(/^server: https:/m)
      expect(join).not.toContain(host!.address)
    }
  })

  test('a changed setting restarts one server at a time, and only those that have it', async () => {
    const before = await starts()
    const run = await plays.play('k3s', { k3s_server_config: { 'kube-apiserver-arg': ['max-requests-inflight=300'] } })
    expect(run.exitCode, run.output).toBe(0)
    expect(having(run, 'changed').filter((line) => line.endsWith('Restart it with what changed'))).toEqual(['n1', 'n2', 'n3'].map((name) => `${name} Restart it with what changed`))
    const after = await starts()
    expect(after.slice(0, 3).map((start, index) => start !== before[index])).toEqual([true, true, true])
    expect(after[3]).toBe(before[3])
  })

  test('a wiped first server joins a survivor, and what was there stays', async () => {
    await kubectl(n2!, 'create configmap kept --from-literal=a=b')
    await n1!.renew()
    await prepareK3sHost(n1!)
    const run = await plays.play('k3s', { k3s_server_config: { 'kube-apiserver-arg': ['max-requests-inflight=300'] } })
    expect(run.exitCode, run.output).toBe(0)
    expect(run.result('Say who does what').outputs.msg[0]).toMatch(/^n1: server, clean, joins by https/)
    expect(await until('all of them', async () => (await members(n2!)).join(), /^n1 True,n2 True,n3 True,n4 True$/)).toBeTruthy()
    expect(await kubectl(n1!, 'get configmap kept -o name')).toBe('configmap/kept\n')
    const authorities = await Promise.all([n1, n2, n3].map((host) => root(host!, 'sha256sum </var/lib/rancher/k3s/server/tls/server-ca.crt')))
    expect(new Set(authorities).size, 'one cluster').toBe(1)
  })

  test('where none lives though a cluster was, a second one is refused', async () => {
    await Promise.all([n1, n2, n3].map((host) => root(host!, 'systemctl stop k3s')))
    await root(n1!, 'rm -rf /var/lib/rancher/k3s/server')
    const run = await plays.play('k3s')
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/A cluster exists and none of its servers answers: its data lies on n2, n3.*k3s-restore\.yml/s)
    expect(having(run, 'changed')).toEqual([])
    expect(await root(n1!, 'systemctl is-active k3s || true')).toBe('inactive\n')
  })
})
