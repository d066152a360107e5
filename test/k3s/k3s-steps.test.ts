import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Said } from '../lab/tutti.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { k3sRelease, kubectl, root, slimRelease, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, PATIENT, having } from './k3s-plays.ts'
import { begun, failures, inStep, killedOrDone, momentAt, random, stepsOf } from './kill-in-steps.ts'

/**
 * `TUTTI_K3S_STEPS=all`: three servers instead of one, and a moment in every tenth of the run. `TUTTI_K3S_WALK=0`: no steps.
 * `TUTTI_K3S_MOMENTS=0,3`: these tenths; empty for none.
 */
const ALL = process.env['TUTTI_K3S_STEPS'] === 'all'
const SERVERS = (ALL ? ['n1', 'n2', 'n3'] : ['n1']) as readonly string[]
const AGENT = `n${SERVERS.length + 1}`
const MOMENTS = (process.env['TUTTI_K3S_MOMENTS'] ?? (ALL ? '0,1,2,3,4,5,6,7,8,9' : '3,5,8')).split(',').filter(Boolean).map(Number)
const SEED = Number(process.env['TUTTI_TEST_SEED'] ?? Date.now() % 1_000_000)

const release = k3sRelease()
let lab: TestLab
let plays: K3sPlays
beforeAll(async () => {
  lab = await withK3sHosts('k3s-steps', SERVERS.length + 1)
  plays = new K3sPlays(lab, SERVERS, [AGENT], PATIENT)
  Object.assign(plays.vars, { k3s_offline_dir: slimRelease(plays.directory) })
})
afterAll(async () => {
  plays?.done()
  await lab?.down()
})

/** As if nothing had ever been run: from whatever state a killed run left. */
async function startAfresh(): Promise<void> {
  const reset = await plays.play('k3s-reset', { k3s_reset: 'all' })
  expect(reset.exitCode, reset.output).toBe(0)
  plays.forget()
}

const nodesOf = (host: TestHost) => kubectl(host, `get nodes -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'`)
/** One cluster of all hosts, and nothing is left to do. */
async function isWhole(): Promise<void> {
  expect((await nodesOf(lab.hosts[0]!)).trim().split('\n').sort()).toEqual([...SERVERS, AGENT].map((name) => `${name} True`))
  const authorities = await Promise.all(lab.hosts.map((host) => root(host, `sha256sum </var/lib/rancher/k3s/${host.name === AGENT ? 'agent' : 'server/tls'}/server-ca.crt`)))
  expect(new Set(authorities).size, 'one cluster').toBe(1)
  const again = await plays.play('k3s')
  expect({ exit: again.exitCode, changed: having(again, 'changed') }, again.output).toEqual({ exit: 0, changed: [] })
  for (const host of lab.hosts) expect(await root(host, `find /usr/local/bin /etc/rancher /etc/systemd/system /var/lib/rancher/k3s/agent/images -name '*.tutti*'`), 'what a killed run left').toBe('')
}

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(0)} s`

describe(`${release.name}, ${SERVERS.length === 1 ? 'a server' : 'three servers'} and an agent, SIGKILL`, () => {
  let whole: Said
  beforeAll(async () => {
    whole = await plays.killed('k3s', {})
    if (whole.code !== 0) throw new Error(failures(whole))
    await isWhole()
  })

  // Each run goes on from what all runs before it left. The first kill for a step comes as it begins, after the step before it; the second one
  // in it, or after it.
  test.skipIf(process.env['TUTTI_K3S_WALK'] === '0')('before, in and after each step: in the end it is the cluster', async () => {
    await startAfresh()
    const began = Date.now()
    const where: string[] = []
    for (const [index, step] of stepsOf(whole).entries()) {
      for (const then of [0, 20 + Math.floor(random(SEED + index) * 400)]) {
        const run = await plays.killed('k3s', inStep(step, then))
        killedOrDone(run)
        if (run.signal) where.push(begun(run).at(-1) ?? 'nothing yet')
      }
    }
    console.log(`killed ${where.length} times in ${seconds(began)}, at ${stepsOf(whole).length} steps (TUTTI_TEST_SEED=${SEED}):\n  ${[...new Set(where)].join('\n  ')}`)
    const last = await plays.play('k3s')
    expect(last.exitCode, last.output).toBe(0)
    await isWhole()
  }, 3_000_000)

  // One moment in a tenth of the run, so that ten of them go through all of it.
  test.each(MOMENTS)('at a moment in part %i of ten of a run on hosts without anything: running again ends well', async (part) => {
    await startAfresh()
    const times = whole.lineTimes
    const killed = await plays.killed('k3s', { killAt: momentAt(times, ((part + random(SEED + part)) / 10) * times.at(-1)!) })
    killedOrDone(killed)
    const began = Date.now()
    const again = await plays.play('k3s')
    expect(again.exitCode, again.output).toBe(0)
    console.log(`${killed.signal ? 'killed' : 'done'} at "${begun(killed).at(-1) ?? 'nothing yet'}" (TUTTI_TEST_SEED=${SEED}); ended well in ${seconds(began)} of ${(times.at(-1)! / 1000).toFixed(0)} s`)
    await isWhole()
  }, 1_200_000)
})
