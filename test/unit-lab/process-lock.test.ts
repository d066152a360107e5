import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { withLock, withLockSync } from '../../src/lab/process-lock.ts'

const file = join(mkdtempSync(join(tmpdir(), 'tutti-lock-')), 'lock')

it('lets one in at a time, and gives the lock back after an error, too', async () => {
  const order: string[] = []
  const first = withLock(file, async () => (order.push('first in'), await sleep(50), order.push('first out')))
  const second = withLock(file, async () => order.push('second in'))
  await Promise.all([first, second])
  expect(order).toEqual(['first in', 'first out', 'second in'])
  expect(() => withLockSync(file, () => { throw new Error('no') })).toThrow('no')
  expect(existsSync(file)).toBe(false)
})

it('takes over from a process that died', () => {
  writeFileSync(file, `${process.pid} another-start`)
  expect(withLockSync(file, () => 'in')).toBe('in')
})
