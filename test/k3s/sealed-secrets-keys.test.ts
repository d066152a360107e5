import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { k3sRelease, kubectl, withK3sHosts } from './k3s-hosts.ts'
import { type K3sPlays, having } from './k3s-plays.ts'
import { EACH, SealingRuns } from './sealing-runs.ts'

let lab: TestLab
let runs: SealingRuns
/** Two clusters of one inventory: the second is the new one to which everything moves. */
let [first, second]: K3sPlays[] = []
let [n1, n2]: TestHost[] = []

beforeAll(async () => {
  lab = await withK3sHosts('sealed-keys', 2)
  ;[n1, n2] = lab.hosts as [TestHost, TestHost]
  runs = new SealingRuns(lab)
  ;[first, second] = [runs.cluster('n1'), runs.cluster('n2')]
})
afterAll(async () => {
  await runs?.done()
  await lab?.down()
})

const clear = (host: TestHost) => kubectl(host, 'delete sealedsecrets,secrets --all -n shop')
const keys = async (host: TestHost) => (await kubectl(host, `get secrets -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o jsonpath='{.items[*].metadata.name}'`)).trim().split(' ').sort()
const certificate = () => readFileSync(runs.at('sealing.pem'), 'utf8')

describe(`${k3sRelease().name}: the keys of sealed secrets`, () => {
  test(`${EACH} values of each scope become Secrets`, async () => {
    await runs.play(first!, 'k3s sealed-secrets')
    expect(having(await runs.tasks(n1!, [runs.seal()]), 'failed')).toEqual([])
    await runs.opens(n1!)
  })

  test('after a rotation all open as they are, and sealed again', async () => {
    const [old, had] = [certificate(), await keys(n1!)]
    const run = await runs.play(first!, 'sealed-secrets-rotate')
    expect(certificate()).not.toBe(old)
    expect(await keys(n1!)).toEqual(expect.arrayContaining([...had]))
    expect(await keys(n1!)).toHaveLength(had.length + 1)
    expect(having(await runs.play(first!, 'sealed-secrets'), 'changed')).toEqual([])
    await clear(n1!)
    await runs.opens(n1!)
    const [before, words] = [runs.repository(), /tutti (seal .*) DIRECTORY$/.exec(run.result('Say what is left to do').outputs.msg)![1]!.split(' ')]
    execFileSync('bin/tutti', [...words, runs.at('repository')])
    expect(runs.repository()).not.toBe(before)
    await runs.opens(n1!)
    // The notes of what was sealed do not know of it: once more, for the new certificate.
    expect(having(await runs.tasks(n1!, [runs.seal()]), 'failed')).toEqual([])
    expect(having(await runs.tasks(n1!, [runs.seal()]), 'changed')).toEqual([])
  })

  test('a new cluster gets the keys before its controller, and opens everything', async () => {
    const before = certificate()
    await runs.play(second!, 'k3s sealed-secrets')
    expect(certificate()).toBe(before)
    expect(await keys(n2!)).toEqual(await keys(n1!))
    await runs.opens(n2!)
    expect(having(await runs.play(second!, 'sealed-secrets'), 'changed')).toEqual([])
    await runs.play(second!, 'sealed-secrets-prove')
  })

  test('no value is in any event, argument list or file: of ours, of both hosts, their journals, or etcd', () => runs.leakNothing([n1!, n2!]))
})
