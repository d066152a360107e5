import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REDIS_HOSTS, REDIS_PLAYBOOK } from './redis-hosts.ts'
import { clientAddress, isHealthy, redisHealth } from './redis-health.ts'
import { type Said, tutti } from './tutti.ts'
import { type TestLab, withLab } from './with-lab.ts'

const KILLS = 10
const SEED = Number(process.env['TUTTI_TEST_SEED'] ?? Date.now() % 1_000_000)

let lab: TestLab
/** The whole first run on this machine today: when each of its lines came, in milliseconds, and its end. */
let times: readonly number[] = []
beforeAll(async () => {
  lab = await withLab('killed', REDIS_HOSTS)
})
afterAll(() => lab.down())

const run = (options: Parameters<typeof tutti>[1] = {}): Promise<Said> =>
  tutti(['run', REDIS_PLAYBOOK, '-i', lab.file, '--output', 'json', '-e', JSON.stringify({ redis_clients: [clientAddress(lab)], redis_maxmemory: '64mb', redis_repl_diskless_sync_delay: 0 })], options)
const failures = ({ events, stderr }: Said): string => [...events.filter(({ type, result }) => type === 'result' && ['failed', 'unreachable'].includes(result.status)).map(({ host, result }) => `${host}: ${result.reason}`), stderr].join('\n')
const changes = ({ events }: Said): readonly string[] => {
  const names = new Map(events.filter(({ type }) => type === 'task-start').map(({ task, name }) => [task, name]))
  return events.filter(({ type, result }) => type === 'result' && result.status === 'changed').map(({ host, task }) => `${host} ${names.get(task)}`)
}
/** Where a killed run stood: the last task that it began. */
const standing = ({ events }: Said): string => events.findLast(({ type }) => type === 'task-start')?.name ?? 'nothing yet'

/** As if nothing had ever been run: fresh disks, and no password beside the inventory. */
async function startAfresh(): Promise<void> {
  await Promise.all(lab.hosts.map((host) => host.renew()))
  rmSync(join(dirname(lab.file), '.secrets'), { recursive: true, force: true })
}

/** Running again: to the end, to the right cluster, and then nothing is left to do. */
async function endsWell(): Promise<Said> {
  const finish = await run()
  expect({ code: finish.code, why: finish.code === 0 ? '' : failures(finish) }).toEqual({ code: 0, why: '' })
  const health = await redisHealth(lab)
  expect(isHealthy(health), JSON.stringify(health, null, 1)).toBe(true)
  const again = await run()
  expect({ code: again.code, changed: changes(again) }, failures(again)).toEqual({ code: 0, changed: [] })
  return finish
}

test('a run that nobody interrupts ends well', async () => {
  console.log(`the moments come from TUTTI_TEST_SEED=${SEED}`)
  times = (await endsWell()).lineTimes
})

/** A moment of the run as so many lines and a time after them: on a machine whose load changes, that is the same moment. */
function momentAt(milliseconds: number): { lines: number; then: number } {
  const lines = times.filter((time) => time <= milliseconds).length
  return { lines, then: Math.round(milliseconds - (times[lines - 1] ?? 0)) }
}

// One moment in every tenth of the run, so that ten of them go through all of it.
test.each(Array.from({ length: KILLS }, (_, i) => i))('killed in part %i of ten, running again ends well', async (part) => {
  await startAfresh()
  const whole = times.at(-1)!
  const moment = ((part + random(SEED + part)) / KILLS) * whole
  const killAt = momentAt(moment)
  const killed = await run({ killAt })
  expect(killed.signal ?? killed.code).toSatisfy((end) => end === 'SIGKILL' || end === 0)
  const seconds = (await endsWell()).lineTimes.at(-1)! / 1000
  console.log(`${killed.signal ? 'killed' : 'done'} ${killAt.then} ms after line ${killAt.lines} of ${times.length} (${(moment / 1000).toFixed(1)} of ${(whole / 1000).toFixed(1)} s) at "${standing(killed)}"; ended well in ${seconds.toFixed(1)} s`)
})

/** A number in [0, 1) of a seed (mulberry32). */
function random(seed: number): number {
  let a = (seed + 0x6d2b79f5) | 0
  a = Math.imul(a ^ (a >>> 15), a | 1)
  a ^= a + Math.imul(a ^ (a >>> 7), a | 61)
  return ((a ^ (a >>> 14)) >>> 0) / 4294967296
}
