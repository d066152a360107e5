import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { K3S_VERSIONS } from './k3s-hosts.ts'
import { type K3sPlays, having } from './k3s-plays.ts'
import { failures, inStep, killedOrDone, random, stepsOf } from './kill-in-steps.ts'
import { PlayedCluster, whyNotPlayed } from './played/played-cluster.ts'

const { old, current } = K3S_VERSIONS
const SEED = Number(process.env['TUTTI_TEST_SEED'] ?? Date.now() % 1_000_000)
let cluster: PlayedCluster
let plays: K3sPlays

/** What our playbooks do over three servers and an agent, in which order: quick, because k3s is played. What k3s makes of it is tested on lab k3s. */
describe.skipIf(whyNotPlayed() !== undefined)('a k3s that is played', () => {
  beforeAll(async () => {
    cluster = await PlayedCluster.begin(4)
    plays = cluster.plays(['n1', 'n2', 'n3'], ['n4'], { k3s_version: old, k3s_offline_dir: cluster.release(old) })
    Object.assign(plays.vars, { k3s_snapshot_copy_dir: join(plays.directory, 'copies') })
  }, 120_000)
  afterAll(async () => {
    plays?.done()
    await cluster?.end()
  })

  const nodes = (): Readonly<Record<string, string>> => Object.fromEntries(cluster.kubectl('get', 'nodes', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.metadata.uid} {end}').trim().split(' ').map((pair) => pair.split('=') as [string, string]))
  const changesNothing = async (playbook = 'k3s', ...flags: readonly string[]): Promise<void> => {
    const run = await plays.play(playbook, {}, ...flags)
    expect({ exit: run.exitCode, changed: having(run, 'changed'), said: cluster.said() }, run.output).toEqual({ exit: 0, changed: [], said: [] })
  }
  const done = async (playbook: string, vars: object = {}, ...flags: readonly string[]): Promise<readonly string[]> => {
    const run = await plays.play(playbook, vars, ...flags)
    expect(run.exitCode, run.output).toBe(0)
    return cluster.said()
  }
  const refused = async (playbook: string, vars: object, flags: readonly string[], why: RegExp): Promise<void> => {
    const run = await plays.play(playbook, vars, ...flags)
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(why)
    expect({ changed: having(run, 'changed').filter((line) => !line.endsWith('Keep a token for the cluster')), said: cluster.said() }).toEqual({ changed: [], said: [] })
  }
  const copy = (): string => join(plays.directory, 'copies', readdirSync(join(plays.directory, 'copies')).find((name) => name.startsWith('by-hand'))!)

  test('a host whose clock is more than two seconds from that of another is refused, ahead or behind', async () => {
    for (const [seconds, why] of [['+4', /n3 is [34]\.\d s ahead of n\d, 2 s are borne/], ['-4', /n\d is [34]\.\d s ahead of n3, 2 s are borne/]] as const) {
      cluster.setClock('n3', seconds)
      await refused('k3s', {}, [], why)
      await refused('k3s', {}, ['--check'], why)
    }
    // By a second they differ on hosts that keep the time, too.
    cluster.setClock('n3', '+1')
    const run = await plays.play('k3s', {}, '--check')
    expect(run.exitCode, run.output).toBe(0)
    cluster.setClock('n3')
  })

  test('nobody joins a server that is left out; then the first makes the cluster, and all others join', async () => {
    await refused('k3s', {}, ['--limit', 'n2,n4'], /n1 has to be the first server, and this run leaves it out/)
    expect(await done('k3s')).toEqual(['n1 makes a cluster', `n1 runs ${old}`, 'n2 joins 192.0.2.1', `n2 runs ${old}`, 'n3 joins 192.0.2.1', `n3 runs ${old}`, `n4 runs ${old}`])
    await changesNothing()
    await changesNothing('k3s', '--check')
  })

  test('a unit that was written by a run that was killed is read before the restart that it owes', async () => {
    cluster.run('n2', 'touch /etc/systemd/system/k3s.service; rm /run/k3s-started-with')
    expect(await done('k3s')).toEqual([`n2 runs ${old}`])
    await changesNothing()
  })

  test('with --limit nothing changes, in the kubeconfig neither', () => changesNothing('k3s', '--limit', 'n2'))

  test('an upgrade takes one node after the other, and images of before go', async () => {
    Object.assign(plays.vars, { k3s_version: current, k3s_offline_dir: cluster.release(current) })
    await refused('k3s-upgrade', {}, ['--limit', 'n4'], /agents must not be newer than servers, and this run leaves out n1, n2, n3/)
    expect(await done('k3s-upgrade')).toEqual(['n1', 'n2', 'n3', 'n4'].map((name) => `${name} runs ${current}`))
    expect(cluster.run('n1', 'ls /var/lib/rancher/k3s/agent/images; ls /var/lib/rancher/k3s')).toBe(`k3s-airgap-images-${current}.tar.gz\nagent\nserver\n`)
    await changesNothing('k3s-upgrade')
    await changesNothing()
  })

  test('a first server on a new disk is another node, and joins the others', async () => {
    const before = nodes()
    await cluster.renew('n1')
    expect(await done('k3s')).toEqual(['n1 joins 192.0.2.2', `n1 runs ${current}`])
    expect(nodes()).toEqual({ ...before, n1: expect.not.stringMatching(before['n1']!) })
    await changesNothing()
  })

  test('a restore leaves the nodes of the snapshot as they are', async () => {
    await done('k3s-snapshot')
    const before = nodes()
    await refused('k3s-restore', { k3s_snapshot_copy: copy() }, ['--limit', 'n1'], /would go on with the old state: n2, n3. Run without --limit/)
    expect(await done('k3s-restore', { k3s_snapshot_copy: copy() })).toEqual(['n1 was restored', `n1 runs ${current}`, 'n2 joins 192.0.2.1', `n2 runs ${current}`, 'n3 joins 192.0.2.1', `n3 runs ${current}`])
    expect(nodes()).toEqual(before)
    await changesNothing()
  })

  test('a restore that fails stops there: what the other servers have stays', async () => {
    writeFileSync(join(cluster.directory, 'breaks'), '')
    const failed = await plays.play('k3s-restore', { k3s_snapshot_copy: copy() })
    expect(failed.exitCode).not.toBe(0)
    expect(failed.output).toMatch(/^n1 k3s_node : Restore the snapshot|^n1 .*Restore the snapshot/m)
    for (const name of ['n2', 'n3']) expect(cluster.run(name, 'ls /var/lib/rancher/k3s/server/db/etcd')).toBe('member\n')
    rmSync(join(cluster.directory, 'breaks'))
    expect(cluster.said()).toEqual([])
  })

  test('a restore on new disks makes them the nodes that they were', async () => {
    const before = nodes()
    for (const name of ['n1', 'n2', 'n3']) await cluster.renew(name)
    await refused('k3s', {}, [], /The agents belong to a cluster that no server has: n4 joined one/)
    const said = await done('k3s-restore', { k3s_snapshot_copy: copy() })
    expect(said.filter((line) => /restored|joins|refused/.test(line)).filter((line, index, all) => line !== all[index - 1])).toEqual(['n1 was restored', 'n1 is refused: node password', 'n2 joins 192.0.2.1', 'n3 joins 192.0.2.1'].filter((line) => line !== 'n1 is refused: node password' || said.includes(line)))
    expect(nodes()).toEqual(before)
    await changesNothing()
  })

  test('a node leaves, a dead server too, all of them', async () => {
    await refused('k3s-reset', { k3s_reset: 'n4' }, ['--limit', 'n4'], /this run leaves out n1, n2, n3/)
    await done('k3s-reset', { k3s_reset: 'n4' })
    expect(Object.keys(nodes())).toEqual(['n1', 'n2', 'n3'])
    cluster.cut('n3')
    expect((await plays.play('k3s-reset', { k3s_reset: 'n3' })).output).toMatch(/n3/)
    expect(Object.keys(nodes())).toEqual(['n1', 'n2'])
    cluster.heal('n3')
    await done('k3s-reset', { k3s_reset: 'all' })
    for (const name of cluster.hosts) expect(cluster.run(name, 'ls -A /usr/local/bin /etc/systemd/system /var/lib/rancher/k3s /etc/rancher/k3s 2>/dev/null || true').replace(/^\/.*:$|\n/gm, ''), name).toBe('')
  })

  // Each run goes on from what all runs before it left.
  test('killed in each step while the cluster is made, it goes on: in the end it is one cluster, and nothing is left to do', async () => {
    const whole = await plays.killed('k3s', {})
    expect(whole.code, failures(whole)).toBe(0)
    const steps = stepsOf(whole)
    expect(steps.length).toBeGreaterThan(35)
    await done('k3s-reset', { k3s_reset: 'all' })
    plays.forget()
    let kills = 0
    for (const [index, step] of steps.entries()) {
      const run = await plays.killed('k3s', inStep(step, index % 2 === 0 ? 0 : Math.floor(random(SEED + index) * 400)))
      killedOrDone(run)
      if (run.signal) kills++
    }
    console.log(`killed ${kills} times, in ${steps.length} steps (TUTTI_TEST_SEED=${SEED})`)
    expect((await done('k3s')).filter((line) => line.endsWith('makes a cluster'))).toEqual(['n1 makes a cluster'])
    expect(Object.keys(nodes())).toEqual(['n1', 'n2', 'n3', 'n4'])
    await changesNothing()
  })
})
