import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { K3sApi } from './k3s-api.ts'
import { ConfigMapWriter, HttpClient, webApp } from './k3s-clients.ts'
import { differences } from './object-state.ts'
import { k3sRelease, kubectl, ownImage, prepareK3sHost, root, slimRelease, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, PATIENT, having } from './k3s-plays.ts'
import { NodeWatch } from './node-watch.ts'

const release = k3sRelease()
const PORT = 30080
let lab: TestLab
let plays: K3sPlays
let [n1, n2, n3, n4]: TestHost[] = []
beforeAll(async () => {
  lab = await withK3sHosts('k3s-two', 4)
  ;[n1, n2, n3, n4] = lab.hosts as [TestHost, TestHost, TestHost, TestHost]
  plays = new K3sPlays(lab, ['n1', 'n2', 'n3'], ['n4'], { ...PATIENT, k3s_drain_force: true, k3s_image_archives: [ownImage('probe')] })
  Object.assign(plays.vars, { k3s_offline_dir: slimRelease(plays.directory) })
  const run = await plays.play('k3s')
  if (run.exitCode !== 0) throw new Error(run.output)
  await root(n1, `k3s kubectl apply -f - <<'END'\n${JSON.stringify(webApp(PORT))}\nEND`)
  await until('the pages', () => kubectl(n1!, `get deployment web -o jsonpath='{.status.readyReplicas}'`), /^3$/)
})
afterAll(async () => {
  await Promise.all(clients.map((one) => one.stop()))
  plays?.done()
  await lab?.down()
})

const clients: { stop(): Promise<unknown> }[] = []
/** What clients see of the cluster, and what it tells of its nodes, while that is done. */
async function watched(servers: readonly TestHost[], nodes: readonly TestHost[], work: () => Promise<void>): Promise<{ readonly told: readonly string[]; readonly said: string }> {
  const api = K3sApi.of(join(plays.directory, 'kubeconfig'))
  const at = servers.map(({ address }) => address)
  const watch = await new NodeWatch(api, at).start()
  const [writer, pages] = [new ConfigMapWriter(api, at).start(), new HttpClient(nodes.map(({ address }) => address), PORT).start()]
  clients.push(writer, pages, watch)
  await work()
  await Promise.all([writer.stop(), pages.stop()])
  const told = (await watch.stop()).map(({ node, what }) => `${node} ${what}`)
  expect(await writer.lost(at.at(-1)!)).toEqual([])
  expect(Math.max(writer.longest, pages.longest)).toBeLessThan(60_000)
  return { told, said: `\n  ConfigMaps: ${writer.say()}\n  pages, any node: ${pages.say()}` }
}

const nodes = async (host: TestHost) => (await kubectl(host, `get nodes -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'`)).trim().split('\n').sort().join()
const left = (host: TestHost) => root(host, `ls -d /usr/local/bin/* /etc/systemd/system/k3s* /etc/rancher/* /var/lib/rancher/k3s /var/lib/kubelet/* /run/k3s* /run/flannel 2>/dev/null; systemctl is-active k3s k3s-agent | grep -v inactive; grep -lz '[c]ontainerd-shim' /proc/[0-9]*/cmdline 2>/dev/null; iptables-save | grep KUBE-; ip -o link | grep -E 'cni0|flannel'; ip route | grep 10.42; mount | grep -E 'kubelet/pods|run/k3s'; true`)

describe(`${release.name}, day two`, () => {
  test.each<[object, readonly string[], RegExp]>([
    [{}, [], /say what is to be removed/],
    [{ k3s_reset: 'n9' }, [], /no host of this cluster: n9/],
    [{ k3s_reset: ['n1', 'n2', 'n3'] }, [], /of the servers that stay \(none\) 0 live, which is no majority/],
    [{ k3s_reset: 'n4' }, ['--limit', 'n4'], /this run leaves out n1, n2, n3: run without --limit/],
  ])('nothing is removed that was not named, and no majority is taken away: %o %o', async (vars, flags, said) => {
    const run = await plays.play('k3s-reset', vars, ...flags)
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(said)
    expect(having(run, 'changed')).toEqual([])
  })

  test('an agent leaves: its pods elsewhere, its node gone, nothing of k3s on its host, all else as it was', async () => {
    await root(n4!, 'echo mine >/usr/local/bin/mine; echo mine >/etc/rancher-mine')
    const { told, said } = await watched([n1!, n2!, n3!], [n1!, n2!, n3!, n4!], async () => {
      const run = await plays.play('k3s-reset', { k3s_reset: 'n4' })
      expect(run.exitCode, run.output).toBe(0)
    })
    expect(told.filter((line) => /deleted|added|cordoned|v1/.test(line))).toEqual(['n4 cordoned', 'n4 deleted'])
    expect(await nodes(n1!)).toBe('n1 True,n2 True,n3 True')
    expect(await left(n4!)).toBe('/usr/local/bin/mine\n')
    expect(await root(n4!, 'cat /etc/rancher-mine')).toBe('mine\n')
    console.log(`while an agent was removed${said}`)
  })

  test('the first server gets a new disk: it joins the others in its old place', async () => {
    const { told, said } = await watched([n2!, n3!], [n2!, n3!], async () => {
      await n1!.renew()
      await prepareK3sHost(n1!)
      plays.groups(['n1', 'n2', 'n3'], [])
      const run = await plays.play('k3s')
      expect(run.exitCode, run.output).toBe(0)
      expect(run.result('Say who does what').outputs.msg[0]).toMatch(/^n1: server, clean, joins by https/)
    })
    // Its old seat is given up before it takes the new one; nobody else is touched.
    expect(told.filter((line) => /deleted|added|cordoned|v1/.test(line))).toEqual(['n1 deleted', 'n1 added'])
    expect(told.indexOf('n1 Ready')).toBeGreaterThan(told.indexOf('n1 added'))
    expect(await nodes(n1!)).toBe('n1 True,n2 True,n3 True')
    expect(new Set(await Promise.all([n1, n2, n3].map((host) => root(host!, 'sha256sum </var/lib/rancher/k3s/server/tls/server-ca.crt')))).size, 'one cluster').toBe(1)
    console.log(`while the first server was replaced${said}`)
    const again = await plays.play('k3s')
    expect({ exit: again.exitCode, changed: having(again, 'changed') }, again.output).toEqual({ exit: 0, changed: [] })
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

  test('a restore brings the state of the snapshot back over all servers, every object of it, and says how old it is', async () => {
    const [copies, api] = [join(plays.directory, 'copies'), K3sApi.of(join(plays.directory, 'kubeconfig'))]
    await kubectl(n1!, 'create configmap before --from-literal=a=b')
    // Also those that were on the dead server.
    await until('the pods', () => kubectl(n1!, `get pods -l app=web -o jsonpath='{range .items[*]}{.spec.nodeName} {.status.conditions[?(@.type=="Ready")].status},{end}'`), /^(n[124] True,){3}$/)
    const saved = await plays.play('k3s-snapshot', { k3s_snapshot_copy_dir: copies })
    expect(saved.exitCode, saved.output).toBe(0)
    const before = await api.all(n1!.address)
    await kubectl(n2!, 'create configmap after')
    await kubectl(n2!, 'delete configmap before')
    await kubectl(n2!, 'scale deployment web --replicas=1')
    await kubectl(n2!, 'label node n2 after=yes')
    const only = await plays.play('k3s-restore', { k3s_snapshot_copy: join(copies, readdirSync(copies)[0]!) }, '--limit', 'n1')
    expect(only.output).toMatch(/would go on with the old state: n2, n4. Run without --limit/)
    const run = await plays.play('k3s-restore', { k3s_snapshot_copy: join(copies, readdirSync(copies)[0]!) })
    expect(run.exitCode, run.output).toBe(0)
    expect(run.result('Say how old it is').outputs.msg).toMatch(/ was taken \d+ (second|minute)/)
    expect(await nodes(n4!)).toBe('n1 True,n2 True,n4 True')
    for (const host of [n1, n2, n4]) await until(`the objects as ${host!.name} has them`, async () => differences(before, await api.all(host!.address)).join('\n') || 'none', /^none$/, 90)
    console.log(`${before.size} objects are as they were`)
    const again = await plays.play('k3s')
    expect({ exit: again.exitCode, changed: having(again, 'changed') }, again.output).toEqual({ exit: 0, changed: [] })
  })

  test('the whole cluster is removed where that is said', async () => {
    const run = await plays.play('k3s-reset', { k3s_reset: 'all' })
    expect(run.exitCode, run.output).toBe(0)
    expect(await Promise.all([n1, n2, n4].map((host) => left(host!)))).toEqual(['', '', '/usr/local/bin/mine\n'])
  })
})
