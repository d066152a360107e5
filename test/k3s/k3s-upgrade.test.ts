import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { K3S_VERSIONS, k3sRelease, kubectl, releaseDirectory, root, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, having } from './k3s-plays.ts'

/** `TUTTI_K3S_OLD`: another directory of a release before this one, called by its version. */
const oldDirectory = process.env['TUTTI_K3S_OLD'] ?? releaseDirectory(K3S_VERSIONS.old)
const old = oldDirectory.slice(oldDirectory.lastIndexOf('/') + 1)
const release = k3sRelease()

let lab: TestLab
let plays: K3sPlays
let hosts: readonly TestHost[]
let writer: Writer
const isThere = existsSync(join(oldDirectory, 'k3s'))

beforeAll(async () => {
  if (!isThere) return
  lab = await withK3sHosts('k3s-up', 4)
  hosts = lab.hosts
  plays = new K3sPlays(lab, ['n1', 'n2', 'n3'], ['n4'])
})
afterAll(async () => {
  await writer?.stop()
  plays?.done()
  await lab?.down()
})

const versions = async () => (await kubectl(hosts[1]!, `get nodes -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.status.nodeInfo.kubeletVersion}{" "}{.spec.unschedulable}{"\\n"}{end}'`)).trim().split('\n').sort().map((line) => line.trim())
const upgrade = (more: object = {}, ...flags: readonly string[]) => plays.play('k3s-upgrade', { k3s_version: release.version, k3s_snapshot_copy_dir: join(plays.directory, 'copies'), k3s_drain_force: true, ...more }, ...flags)
/** A pod of a single replica on n1 that a PodDisruptionBudget keeps there. */
const KEPT = {
  apiVersion: 'v1', kind: 'List', items: [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'kept' }, spec: { replicas: 1, selector: { matchLabels: { app: 'kept' } }, template: { metadata: { labels: { app: 'kept' } }, spec: { terminationGracePeriodSeconds: 1, affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] } }] } }, containers: [{ name: 'pause', image: 'docker.io/rancher/mirrored-pause:3.6', imagePullPolicy: 'Never' }] } } } },
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'keeper' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'kept' } } } },
  ],
}

describe.skipIf(!isThere)(`${release.name}, from ${old} to ${release.version}`, () => {
  test('the cluster begins with the old version', async () => {
    const run = await plays.play('k3s', { k3s_version: old, k3s_offline_dir: oldDirectory })
    expect(run.exitCode, run.output).toBe(0)
    expect(await versions()).toEqual(['n1', 'n2', 'n3', 'n4'].map((name) => `${name} ${old}`))
  })

  test('a PodDisruptionBudget that keeps a pod stops it, and is named; no program has changed', async () => {
    await root(hosts[0]!, `k3s kubectl apply -f - <<'END'\n${JSON.stringify(KEPT)}\nEND`)
    await until('the pod on n1', () => kubectl(hosts[0]!, `get pods -l app=kept -o jsonpath='{.items[0].spec.nodeName} {.items[0].status.phase}'`), /^n1 Running$/)
    const run = await upgrade({ k3s_drain_timeout: 15 })
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/keeper/)
    expect(await versions()).toEqual([`n1 ${old} true`, ...['n2', 'n3', 'n4'].map((name) => `${name} ${old}`)])
    expect(readdirSync(join(plays.directory, 'copies'))).toEqual([expect.stringMatching(/^before-v1\.34\.2-k3s1-n1-\d+\.vault$/)])
    await kubectl(hosts[1]!, 'delete poddisruptionbudget keeper')
  })

  test('a dry run changes nothing', async () => {
    const dry = await upgrade({}, '--check')
    expect(dry.exitCode, dry.output).toBe(0)
    expect(having(dry, 'changed')).toContain('n1 Restart it with what changed')
    expect((await versions())[1]).toBe(`n2 ${old}`)
  })

  test('run again it goes on: one server after the other, then the agent; no acknowledged write is lost', async () => {
    writer = new Writer(hosts.slice(0, 3))
    const run = await upgrade()
    expect(run.exitCode, run.output).toBe(0)
    await writer.stop()
    expect(await versions()).toEqual(['n1', 'n2', 'n3', 'n4'].map((name) => `${name} ${release.version}`))
    const at = await Promise.all(hosts.map(async (host, index) => Number(await root(host, `date -d "$(systemctl show -p ActiveEnterTimestamp --value ${index === 3 ? 'k3s-agent' : 'k3s'})" +%s`))))
    expect(at).toEqual([...at].sort())
    const there = new Set((await kubectl(hosts[1]!, 'get configmaps -o name')).split('\n'))
    expect(writer.acknowledged.filter((name) => !there.has(`configmap/${name}`))).toEqual([])
    console.log(`${writer.acknowledged.length} writes acknowledged during the upgrade, none lost; the longest time without one was ${(writer.longest / 1000).toFixed(1)} s`)
  }, 900_000)

  test('upgraded again nothing changes, nor by the playbook of every day', async () => {
    for (const run of [await upgrade(), await plays.play('k3s')]) expect({ exit: run.exitCode, changed: having(run, 'changed') }, run.output).toEqual({ exit: 0, changed: [] })
  })
})

/** Writes ConfigMaps, one after the other, by the first server that takes them. */
class Writer {
  readonly acknowledged: string[] = []
  longest = 0
  #ends = false
  readonly #done: Promise<void>

  constructor(servers: readonly TestHost[]) {
    this.#done = this.#write(servers)
  }

  async #write(servers: readonly TestHost[]): Promise<void> {
    let last = Date.now()
    for (let number = 1; !this.#ends; number++, await sleep(1000)) {
      for (const server of servers) {
        const name = `w${number}-${server.name}`
        const took = await root(server, `timeout 10 k3s kubectl create configmap ${name} --request-timeout=8s`, 15).then(() => true, () => false)
        if (!took) continue
        this.acknowledged.push(name)
        this.longest = Math.max(this.longest, Date.now() - last)
        last = Date.now()
        break
      }
    }
  }

  stop(): Promise<void> {
    this.#ends = true
    return this.#done
  }
}
