import { join } from 'node:path'
import { expect, test } from 'vitest'
import { measureRole } from './measure.ts'

/** `node test/typos/measure.ts ROLE…` does the same for any role, with as many typos as one likes. */
test('typos in our own role are told before the first connection, with file and line', { timeout: 120_000 }, async () => {
  const { alarms, typos } = await measureRole(join(import.meta.dirname, '../../roles/redis'), 60, 1)
  expect(alarms).toEqual([])
  const missed = typos.filter(({ found }) => !found).map(({ typo: { kind, file, line, after } }) => `${kind} ${file}:${line} ${after.trim()}`)
  expect(typos.length).toBe(60)
  expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(6)
})
