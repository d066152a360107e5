import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { k3sRelease, kubectl, root, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, having } from './k3s-plays.ts'

const release = k3sRelease()
let lab: TestLab
let plays: K3sPlays
let [n1, n2, n3, n4]: TestHost[] = []
beforeAll(async () => {
  lab = await withK3sHosts('k3s-two', 4)
  ;[n1, n2, n3, n4] = lab.hosts as [TestHost, TestHost, TestHost, TestHost]
  plays = new K3sPlays(lab, ['n1', 'n2', 'n3'], ['n4'], { k3s_drain_force: true })
  const run = await plays.play('k3s')
  if (run.exitCode !== 0) throw new Error(run.output)
})
afterAll(async () => {
  plays?.done()
  await lab?.down()
})

const nodes = async (host: TestHost) => (await kubectl(host, `get nodes -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'`)).trim().split('\n').sort().join()
const left = (host: TestHost) => root(host, `ls -d /usr/local/bin/* /etc/systemd/system/k3s* /etc/rancher/* /var/lib/rancher/k3s /var/lib/kubelet/* /run/k3s* /run/flannel 2>/dev/null; systemctl is-active k3s k3s-agent | grep -v inactive; grep -lz containerd-shim /proc/[0-9]*/cmdline 2>/dev/null; iptables-save | grep KUBE-; ip -o link | grep -E 'cni0|flannel'; mount | grep -E 'kubelet/pods|run/k3s'; true`)

describe(`${release.name}, day two`, () => {
  test('nothing is removed that was not named, and no majority is taken away', async () => {
    for (const [vars, said] of [[{}, /say what is to be removed/], [{ k3s_reset: 'n9' }, /no host of this cluster: n9/], [{ k3s_reset: ['n1', 'n2', 'n3'] }, /of the servers that stay \(none\) 0 live, which is no majority/]] as const) {
      const run = await plays.play('k3s-reset', vars)
      expect(run.exitCode).not.toBe(0)
      expect(run.output).toMatch(said)
      expect(having(run, 'changed')).toEqual([])
    }
  })

  test('an agent leaves: its pods elsewhere, its node gone, nothing of k3s on its host, all else as it was', async () => {
    await kubectl(n1!, 'create deployment app --image=docker.io/rancher/mirrored-pause:3.6 --replicas=4')
    await root(n4!, 'echo mine >/usr/local/bin/mine; echo mine >/etc/rancher-mine')
    const run = await plays.play('k3s-reset', { k3s_reset: 'n4' })
    expect(run.exitCode, run.output).toBe(0)
    expect(await nodes(n1!)).toBe('n1 True,n2 True,n3 True')
    expect(await left(n4!)).toBe('/usr/local/bin/mine\n')
    expect(await root(n4!, 'cat /etc/rancher-mine')).toBe('mine\n')
  })

  test('a dead server is forgotten, and the host of the agent takes its place', async () => {
    await n3!.powerOff()
    const run = await plays.play('k3s-reset', { k3s_reset: 'n3' })
    expect(run.output).toMatch(/n3/)
    await until('two nodes', () => nodes(n1!), /^n1 True,n2 True$/)
    plays.groups(['n1', 'n2', 'n4'], [])
    const join = await plays.play('k3s')
    expect(join.exitCode, join.output).toBe(0)
    expect(await nodes(n2!)).toBe('n1 True,n2 True,n4 True')
  })

  test('a restore brings the state of the snapshot back over all servers, says how old it is, and nothing else is left', async () => {
    const copies = join(plays.directory, 'copies')
    await kubectl(n1!, 'create configmap before')
    const saved = await plays.play('k3s-snapshot', { k3s_snapshot_copy_dir: copies })
    expect(saved.exitCode, saved.output).toBe(0)
    const before = await kubectl(n1!, 'get configmaps,secrets,deployments -A -o name')
    await kubectl(n2!, 'create configmap after')
    await kubectl(n2!, 'delete configmap before')
    const run = await plays.play('k3s-restore', { k3s_snapshot_copy: join(copies, readdirSync(copies)[0]!) })
    expect(run.exitCode, run.output).toBe(0)
    expect(run.result('Say how old it is').outputs.msg).toMatch(/ was taken \d+ (second|minute)/)
    expect(await nodes(n4!)).toBe('n1 True,n2 True,n4 True')
    for (const host of [n1, n2, n4]) {
      const after = await kubectl(host!, 'get configmaps,secrets,deployments -A -o name')
      expect(after.split('\n').filter((name) => !/node-password|k3s-serving/.test(name))).toEqual(before.split('\n').filter((name) => !/node-password|k3s-serving/.test(name)))
    }
    const again = await plays.play('k3s')
    expect({ exit: again.exitCode, changed: having(again, 'changed') }, again.output).toEqual({ exit: 0, changed: [] })
  })

  test('the whole cluster is removed where that is said', async () => {
    const run = await plays.play('k3s-reset', { k3s_reset: 'all' })
    expect(run.exitCode, run.output).toBe(0)
    expect(await Promise.all([n1, n2, n4].map((host) => left(host!)))).toEqual(['', '', '/usr/local/bin/mine\n'])
  })
})
