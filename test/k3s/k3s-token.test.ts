import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import type { TuttiRun } from '../lab/run-tutti.ts'
import { formsIn, formsOf } from './find-bytes.ts'
import { k3sRelease, kubectl, root, slimRelease, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, having, startOf } from './k3s-plays.ts'
import { watchArguments } from './watch-arguments.ts'

const release = k3sRelease()
const FILE = '/var/lib/rancher/k3s/server/token'
let lab: TestLab
let plays: K3sPlays
let [n1, n2]: TestHost[] = []
const runs: TuttiRun[] = []
const tokens = new Set<string>()
let watch: ReturnType<typeof watchArguments> | undefined

beforeAll(async () => {
  lab = await withK3sHosts('k3s-token', 2)
  ;[n1, n2] = lab.hosts as [TestHost, TestHost]
  plays = new K3sPlays(lab, ['n1'], ['n2'])
  Object.assign(plays.vars, { k3s_offline_dir: slimRelease(plays.directory) })
  const run = await plays.play('k3s')
  if (run.exitCode !== 0) throw new Error(run.output)
  watch = watchArguments()
})
afterAll(async () => {
  await watch?.stop()
  plays?.done()
  await lab?.down()
})

async function rotate(more: object = {}, ...flags: readonly string[]): Promise<TuttiRun> {
  tokens.add(plays.token())
  const run = await plays.play('k3s-rotate-token', more, ...flags)
  runs.push(run)
  tokens.add(plays.token())
  return run
}
/** Everybody has the token that is kept, runs with it, and is Ready; nothing is left to do. */
async function allHave(token: string): Promise<void> {
  expect(plays.tokens()).toEqual({ secret: token })
  expect((await root(n1!, `cat ${FILE}`)).trim().endsWith(`::server:${token}`)).toBe(true)
  for (const host of [n1!, n2!]) expect((await root(host, 'cat /etc/rancher/k3s/config.yaml.d/90-join.yaml')).includes(token)).toBe(true)
  await until('the nodes', () => kubectl(n1!, 'get nodes --no-headers'), /n1 +Ready.*\nn2 +Ready/)
  const starts = await startsNow()
  const again = await plays.play('k3s')
  expect({ exit: again.exitCode, changed: having(again, 'changed') }, again.output).toEqual({ exit: 0, changed: [] })
  expect(await startsNow()).toEqual(starts)
}
const startsNow = () => Promise.all([startOf(n1!), startOf(n2!, 'k3s-agent')])

describe(`${release.name}: another token`, () => {
  test('a dry run makes none', async () => {
    const [before, starts] = [plays.token(), await startsNow()]
    const run = await rotate({}, '--check')
    expect(run.exitCode, run.output).toBe(0)
    expect(plays.tokens()).toEqual({ secret: before })
    expect(await startsNow()).toEqual(starts)
  })

  test('one of yours, and a run that leaves hosts out, are refused', async () => {
    expect((await rotate({ k3s_token: 'one-of-mine' })).output).toMatch(/k3s_token is yours/)
    expect((await rotate({}, '--limit', 'n1')).output).toMatch(/leaves out could not start again with the old token: n2/)
  })

  test('server and agent take a new one', async () => {
    const [before, starts] = [plays.token(), await startsNow()]
    const run = await rotate()
    expect(run.exitCode, run.output).toBe(0)
    expect(plays.token()).not.toBe(before)
    expect((await startsNow()).map((start, i) => start === starts[i])).toEqual([false, false])
    await allHave(plays.token())
  })

  test('a run that was killed before it could keep the new one takes that, and makes no third', async () => {
    // As far as a run gets that is killed between the two: k3s has it, and nobody else.
    await root(n1!, `K3S_TOKEN=$(cat ${FILE}) k3s token rotate`)
    const made = (await root(n1!, `cat ${FILE}`)).trim().replace(/.*::server:/, '')
    expect(made).not.toBe(plays.token())
    const run = await rotate()
    expect(run.exitCode, run.output).toBe(0)
    expect(having(run, 'changed')).not.toContain('n1 Make a new token')
    await allHave(made)
  })

  test('a run that was killed between the nodes goes on with the same', async () => {
    let begun = 0
    const killed = await plays.killed('k3s-rotate-token', { killOn: (line) => (line.includes('"type":"task-start"') && line.includes('Start it with the new token') && ++begun === 2 ? 0 : undefined) })
    expect(killed.signal).toBe('SIGKILL')
    const { secret, previous } = plays.tokens()
    expect(previous).toMatch(/./)
    tokens.add(secret)
    const run = await rotate()
    expect(run.exitCode, run.output).toBe(0)
    expect(having(run, 'changed')).not.toContain('n1 Make a new token')
    await allHave(secret)
  })

  test('no token is in any event or argument list', async () => {
    const seen = await watch!.stop()
    expect(seen).toContain('k3s token rotate')
    const forms = [...tokens].flatMap(formsOf)
    expect(formsIn(JSON.stringify(runs), forms)).toEqual([])
    expect(formsIn(seen, [...tokens])).toEqual([])
  })
})
