import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { K3sApi } from './k3s-api.ts'
import { ConfigMapWriter, HttpClient, webApp } from './k3s-clients.ts'
import { K3S_VERSIONS, k3sRelease, kubectl, ownImage, releaseDirectory, root, slimRelease, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, PATIENT, having } from './k3s-plays.ts'
import { NodeWatch } from './node-watch.ts'

/** `TUTTI_K3S_OLD`: another directory of a release before this one, called by its version. */
const ownOld = process.env['TUTTI_K3S_OLD']
const old = ownOld ? ownOld.slice(ownOld.lastIndexOf('/') + 1) : K3S_VERSIONS.old
const release = k3sRelease()
const isThere = existsSync(join(ownOld ?? releaseDirectory(old), 'k3s'))
const PORT = 30080
const NAMES = ['n1', 'n2', 'n3', 'n4'] as const

let lab: TestLab
let plays: K3sPlays
let hosts: readonly TestHost[]
let addresses: readonly string[]
let copies: string
let oldDirectory: string
const clients: { stop(): Promise<unknown> }[] = []

beforeAll(async () => {
  if (!isThere) return
  lab = await withK3sHosts('k3s-up', 4)
  hosts = lab.hosts
  addresses = hosts.map(({ address }) => address)
  plays = new K3sPlays(lab, ['n1', 'n2', 'n3'], ['n4'], { ...PATIENT, k3s_image_archives: [ownImage('probe')] })
  copies = join(plays.directory, 'copies')
  oldDirectory = ownOld ?? slimRelease(plays.directory, old)
  Object.assign(plays.vars, { k3s_offline_dir: slimRelease(plays.directory) })
})
afterAll(async () => {
  await Promise.all(clients.map((one) => one.stop()))
  plays?.done()
  await lab?.down()
})

const versions = async () => (await kubectl(hosts[1]!, `get nodes -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.status.nodeInfo.kubeletVersion}{" "}{.spec.unschedulable}{"\\n"}{end}'`)).trim().split('\n').sort().map((line) => line.trim())
const upgrade = (more: object = {}, ...flags: readonly string[]) => plays.play('k3s-upgrade', { k3s_snapshot_copy_dir: copies, k3s_drain_force: true, ...more }, ...flags)
const unitOf = (index: number) => (index === 3 ? 'k3s-agent' : 'k3s')
const now = (host: TestHost) => root(host, 'date +%s.%N').then(Number)
/** When systemd stopped the unit and had it up again since then, in seconds. */
const restarts = async (index: number, since: number) =>
  (await root(hosts[index]!, `journalctl UNIT=${unitOf(index)}.service --since=@${since.toFixed(3)} -o short-unix --no-pager`)).split('\n').flatMap((line) => {
    const [, at, what] = /^(\d+\.\d+) .*systemd\[1\]: (Stopping|Started) /.exec(line) ?? []
    return at && what ? [{ at: Number(at), what }] : []
  })
/** A pod of a single replica on n1 that a PodDisruptionBudget keeps there. */
const KEPT = {
  apiVersion: 'v1', kind: 'List', items: [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'kept' }, spec: { replicas: 1, selector: { matchLabels: { app: 'kept' } }, template: { metadata: { labels: { app: 'kept' } }, spec: { terminationGracePeriodSeconds: 1, affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] } }] } }, containers: [{ name: 'pause', image: 'docker.io/rancher/mirrored-pause:3.6', imagePullPolicy: 'Never' }] } } } },
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'keeper' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'kept' } } } },
  ],
}
const apply = (content: object) => root(hosts[0]!, `k3s kubectl apply -f - <<'END'\n${JSON.stringify(content)}\nEND`)

describe.skipIf(!isThere)(`${release.name}, from ${old} to ${release.version}`, () => {
  test('the cluster begins with the old version', async () => {
    const run = await plays.play('k3s', { k3s_version: old, k3s_offline_dir: oldDirectory })
    expect(run.exitCode, run.output).toBe(0)
    expect(await versions()).toEqual(NAMES.map((name) => `${name} ${old}`))
  })

  test('an agent alone is not made newer than the servers', async () => {
    const run = await upgrade({}, '--limit', 'n4')
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/agents must not be newer than servers, and this run leaves out n1, n2, n3/)
    expect(having(run, 'changed')).toEqual([])
  })

  test('a PodDisruptionBudget that keeps a pod stops it, and is named; a snapshot was taken before, and no program has changed', async () => {
    await apply(KEPT)
    await apply(webApp(PORT))
    await until('the pod on n1', () => kubectl(hosts[0]!, `get pods -l app=kept -o jsonpath='{.items[0].spec.nodeName} {.items[0].status.phase}'`), /^n1 Running$/)
    const watch = await new NodeWatch(K3sApi.of(join(plays.directory, 'kubeconfig')), addresses.slice(0, 3)).start()
    const run = await upgrade({ k3s_drain_timeout: 15 })
    const changes = (await watch.stop()).filter(({ what }) => /cordoned|v1/.test(what))
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/keeper/)
    expect(await versions()).toEqual([`n1 ${old} true`, ...['n2', 'n3', 'n4'].map((name) => `${name} ${old}`)])
    const made = readdirSync(copies)
    expect(made).toEqual([expect.stringMatching(/^before-v1\.34\.2-k3s1-n1-\d+\.vault$/)])
    expect(changes.map(({ node, what }) => `${node} ${what}`)).toEqual(['n1 cordoned'])
    expect(Number(/-(\d+)\.vault$/.exec(made[0]!)![1]) * 1000, 'the snapshot comes before the cordon').toBeLessThanOrEqual(changes[0]!.at)
    await kubectl(hosts[1]!, 'delete poddisruptionbudget keeper')
  })

  test('a dry run changes nothing', async () => {
    const dry = await upgrade({}, '--check')
    expect(dry.exitCode, dry.output).toBe(0)
    expect(having(dry, 'changed')).toContain('n1 Restart it with what changed')
    expect((await versions())[1]).toBe(`n2 ${old}`)
  })

  test('run again it goes on: one server after the other, then the agent; no acknowledged write is lost', async () => {
    const api = K3sApi.of(join(plays.directory, 'kubeconfig'))
    await until('the pages', () => kubectl(hosts[1]!, `get deployment web -o jsonpath='{.status.readyReplicas}'`), /^3$/)
    const [writer, pages, watch] = [new ConfigMapWriter(api, addresses.slice(0, 3)).start(), new HttpClient(addresses, PORT).start(), await new NodeWatch(api, addresses.slice(0, 3)).start()]
    const single = addresses.map((address) => new HttpClient([address], PORT).start())
    clients.push(writer, pages, watch, ...single)
    const began = await now(hosts[0]!)
    const run = await upgrade()
    expect(run.exitCode, run.output).toBe(0)
    await Promise.all([writer, pages, ...single].map((one) => one.stop()))
    const told = (await watch.stop()).filter(({ what }) => /cordoned|v1/.test(what)).map(({ node, what }) => `${node} ${what}`)
    expect(await versions()).toEqual(NAMES.map((name) => `${name} ${release.version}`))
    // What the cluster tells, in the order of etcd's revisions; n1 was left cordoned by the run before.
    expect(told).toEqual(NAMES.flatMap((name) => [`${name} cordoned`, `${name} ${release.version}`, `${name} uncordoned`]).slice(1))
    // What the hosts tell: each was stopped once, and the next not before it was up.
    const journals = await Promise.all(hosts.map((_, index) => restarts(index, began)))
    expect(journals.map((events) => events.filter(({ what }) => what === 'Stopping').length)).toEqual([1, 1, 1, 1])
    const times = journals.flatMap((events) => [events.find(({ what }) => what === 'Stopping')!.at, events.find(({ what }) => what === 'Started')!.at])
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(await writer.lost(addresses[1]!)).toEqual([])
    console.log(`while the cluster was upgraded\n  ConfigMaps: ${writer.say()}\n  pages, any node: ${pages.say()}\n${single.map((one, index) => `  pages, ${NAMES[index]} alone: ${one.say()}`).join('\n')}`)
    expect(Math.max(writer.longest, pages.longest)).toBeLessThan(60_000)
    // Images of the version before would be loaded at every start.
    expect(await root(hosts[0]!, 'ls /var/lib/rancher/k3s/agent/images')).toBe(`k3s-airgap-images-${release.version}.tar.gz\nprobe-amd64.tar.gz\n`)
  }, 900_000)

  test('upgraded again nothing changes, nor by the playbook of every day', async () => {
    for (const run of [await upgrade(), await plays.play('k3s')]) expect({ exit: run.exitCode, changed: having(run, 'changed') }, run.output).toEqual({ exit: 0, changed: [] })
  })
})
