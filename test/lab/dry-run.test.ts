import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareRuns } from '../../src/engine/audit.ts'
import { diskChanges, readDisk } from './disk-state.ts'
import { REDIS_HOSTS, REDIS_PLAYBOOK } from './redis-hosts.ts'
import { type Said, tutti } from './tutti.ts'
import { type TestLab, withLab } from './with-lab.ts'
import { isWrittenByAnyLogin } from './written-by-any-login.ts'

let lab: TestLab
beforeAll(async () => {
  lab = await withLab('dry', REDIS_HOSTS)
})
afterAll(() => lab.down())

const play = (...args: readonly string[]): Promise<Said> => tutti([...args, REDIS_PLAYBOOK, '-i', lab.file, '--output', 'json'])

interface Result { readonly host: string; readonly name: string; readonly status: string; readonly reason: string | undefined }
function resultsOf({ events }: Said): readonly Result[] {
  const names = new Map(events.filter(({ type }) => type === 'task-start').map(({ task, name }) => [task, name]))
  return events.filter(({ type }) => type === 'result').map(({ host, task, result }) => ({ host, name: names.get(task), status: result.status, reason: result.reason }))
}
const inStatus = (said: Said, ...statuses: readonly string[]): readonly Result[] => resultsOf(said).filter(({ status }) => statuses.includes(status))
/** What lies where no disk remembers it. */
const temporary = () => Promise.all(lab.hosts.map(async (host) => (await host.run('sudo find /tmp /dev/shm /run/user -mindepth 1 -not -path "*/systemd*" -not -path "*/bus" -not -path "/run/user/*" -print')).stdout))

let dry: Said

test('a dry run on untouched hosts exits 2, reports no failure, and leaves nothing behind', async () => {
  const disks = lab.hosts.map((host) => readDisk(host.upperLayer()))
  const loose = await temporary()
  dry = await play('diff')
  expect({ code: dry.code, failed: inStatus(dry, 'failed', 'unreachable') }, dry.stderr).toEqual({ code: 2, failed: [] })
  expect(inStatus(dry, 'changed').length).toBeGreaterThan(20)
  const changes = lab.hosts.flatMap((host, i) => diskChanges(disks[i]!, readDisk(host.upperLayer()), isWrittenByAnyLogin).map((line) => `${host.name} ${line}`))
  expect(changes).toEqual([])
  expect(await temporary()).toEqual(loose)
  // The controller is no less untouched: the password would lie beside the inventory.
  expect(existsSync(join(dirname(lab.file), '.secrets'))).toBe(false)
})

test('at most 15 % of its results are unknown, each with a reason', () => {
  const unknown = inStatus(dry, 'unknown')
  const all = resultsOf(dry)
  console.log(`unknown: ${unknown.length} of ${all.length} results (${((unknown.length / all.length) * 100).toFixed(1)} %)\n${[...new Set(unknown.map(({ name, reason }) => `  ${name}: ${reason}`))].join('\n')}`)
  expect(unknown.filter(({ reason }) => !reason)).toEqual([])
  expect(unknown.length / all.length).toBeLessThanOrEqual(0.15)
})

test('the run changes exactly what was announced', async () => {
  const run = await play('run', '--audit', '--diff')
  expect({ code: run.code, failed: inStatus(run, 'failed', 'unreachable') }, run.stderr).toEqual({ code: 0, failed: [] })
  expect(compareRuns(dry.events, run.events)).toEqual([])
  // The program's own comparison, with a dry run of its own.
  expect(run.events.filter(({ type }) => type === 'audit').map(({ differences }) => differences)).toEqual([[]])
  expect(resultsOf(run).length).toBeGreaterThanOrEqual(resultsOf(dry).length)
})

test('the second run changes nothing, and then nothing is pending', async () => {
  const again = await play('run')
  expect({ code: again.code, changed: inStatus(again, 'changed', 'failed') }, again.stderr).toEqual({ code: 0, changed: [] })
  const after = await play('diff')
  expect({ code: after.code, pending: inStatus(after, 'changed', 'unknown', 'failed') }, after.stderr).toEqual({ code: 0, pending: [] })
})
