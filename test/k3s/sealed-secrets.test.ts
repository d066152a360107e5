import { readFileSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SCOPES, type Scope } from '../../src/seal/scope.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { k3sRelease, kubectl, withK3sHosts } from './k3s-hosts.ts'
import { type K3sPlays, having, startOf } from './k3s-plays.ts'
import { EACH, SealingRuns } from './sealing-runs.ts'

let lab: TestLab
let runs: SealingRuns
let plays: K3sPlays
let n1: TestHost

beforeAll(async () => {
  lab = await withK3sHosts('sealed', 1)
  n1 = lab.hosts[0]!
  runs = new SealingRuns(lab)
  plays = runs.cluster('n1')
})
afterAll(async () => {
  await runs?.done()
  await lab?.down()
})

/** Rotation, and a cluster after this one: sealed-secrets-keys.test.ts. */
describe(`${k3sRelease().name}: sealed secrets`, () => {
  test('a dry run where no cluster is yet is refused as the run would be; with k3s.yml before it, it says what is unknown', async () => {
    const refused = await plays.play('sealed-secrets', {}, '--check')
    expect(refused.exitCode).toBe(2)
    expect(refused.output).toContain('there is no cluster yet: run playbooks/k3s.yml first')
    const dry = await runs.play(plays, 'k3s sealed-secrets', '--check')
    expect(having(dry, 'failed')).toEqual([])
    expect(having(dry, 'unknown').length).toBeGreaterThan(0)
    expect(readdirSync(runs.folder).sort()).toEqual(['password', 'repository', 'values.vault'])
  })

  test('the controller is installed, and a second run changes nothing and restarts nothing', async () => {
    await runs.play(plays, 'k3s sealed-secrets')
    expect(readFileSync(runs.at('keys.vault'), 'utf8')).toMatch(/^\$ANSIBLE_VAULT/)
    const [start, pods] = [await startOf(n1), await kubectl(n1, 'get pods -n kube-system -o name')]
    for (const flags of [['--check'], []]) expect(having(await runs.play(plays, 'k3s sealed-secrets', ...flags), 'changed')).toEqual([])
    expect([await startOf(n1), await kubectl(n1, 'get pods -n kube-system -o name')]).toEqual([start, pods])
  })

  test('it is proved, and nothing of the proof stays', async () => {
    const run = await runs.play(plays, 'sealed-secrets-prove')
    expect(run.result('Say so').outputs.msg).toMatch(/Synced=True for generation (\d+) of \1\), and a pod has read it$/)
    expect(await kubectl(n1, 'get namespaces -o name')).not.toContain('proof')
  })

  test(`${EACH} values of each scope become Secrets; sealing them again changes nothing`, async () => {
    expect(having(await runs.tasks(n1, [runs.seal()]), 'failed')).toEqual([])
    await runs.opens(n1)
    const before = runs.repository()
    for (const flags of [['--check'], []]) expect(having(await runs.tasks(n1, [runs.seal()], ...flags), 'changed')).toEqual([])
    expect(runs.repository()).toBe(before)
    // Right into the cluster: what is there already stays as it is.
    const direct = { ...runs.seal({ path: '{{ omit }}', certificate: '{{ omit }}', wait: true }), loop: `{{ items[::${EACH}] }}` }
    for (const flags of [['--check'], []]) expect(having(await runs.tasks(n1, [direct], ...flags), 'changed')).toEqual([])
  })

  test('strict opens under no other name or namespace, namespace-wide in no other namespace, cluster-wide anywhere', async () => {
    const moved = (scope: Scope, what: 'name' | 'namespace') => ({
      apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: what === 'name' ? `renamed-${scope}` : `${scope}-0`, namespace: what === 'namespace' ? 'other' : 'shop', ...(scope === 'strict' ? {} : { annotations: { [`sealedsecrets.bitnami.com/${scope}`]: 'true' } }) },
      spec: { encryptedData: { password: /password: (\S+)/.exec(runs.sealed(`${scope}-0`))![1] }, template: {} },
    })
    const apply = (...definition: readonly object[]) => runs.tasks(n1, [{ name: 'move', k8s: { definition, wait: true, wait_timeout: 40, wait_sleep: 2 } }])
    for (const one of [moved('strict', 'name'), moved('strict', 'namespace'), moved('namespace-wide', 'namespace')]) expect((await apply(one)).result('move')).toMatchObject({ status: 'failed', reason: expect.stringContaining('no key could decrypt secret') })
    expect((await apply(moved('namespace-wide', 'name'), moved('cluster-wide', 'name'), moved('cluster-wide', 'namespace'))).result('move').status).toBe('changed')
    await kubectl(n1, 'delete sealedsecrets --all -n other')
    await kubectl(n1, `delete sealedsecrets -n shop ${SCOPES.map((scope) => `renamed-${scope}`).join(' ')}`)
  })

  test('no value is in any event, argument list or file: of ours, of the host, its journal, or etcd', () => runs.leakNothing([n1]))
})
