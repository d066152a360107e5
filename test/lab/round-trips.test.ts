import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tutti } from './tutti.ts'
import { type TestLab, withLab } from './with-lab.ts'

/** Exact, so that it can stand in CI: what the second run of the yardstick costs. Times are measured by `npm run bench`. */
const playbook = join(import.meta.dirname, '../bench/converged.yml')

let lab: TestLab
beforeAll(async () => void (lab = await withLab('trips', 3)))
afterAll(() => lab?.down())

test('the second run of 49 operations changes nothing and takes at most 10 round trips a host', async () => {
  const first = await tutti(['run', playbook, '-i', lab.file, '-b', '--output', 'json'])
  expect(first.stderr + first.stdout.slice(-2000), 'the first run').toMatch(/"exitCode":0/)
  const second = await tutti(['run', playbook, '-i', lab.file, '-b', '--output', 'json'])
  expect(second.code).toBe(0)
  const recap = second.events.find(({ type }) => type === 'recap')
  for (const tally of Object.values(recap.hosts as Record<string, { changed: number; failed: number }>)) expect(tally).toMatchObject({ changed: 0, failed: 0 })
  const traffic = Object.values(second.events.find(({ type }) => type === 'traffic').hosts as Record<string, { roundTrips: number }>)
  expect(traffic).toHaveLength(3)
  for (const { roundTrips } of traffic) expect(roundTrips).toBeLessThanOrEqual(10)
})
