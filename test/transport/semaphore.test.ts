import { expect, test } from 'vitest'
import { Semaphore } from '../../src/transport/semaphore.ts'

test('admits as many as its limit says, also where that changes while they are at work', async () => {
  const semaphore = new Semaphore(3)
  const begun: number[] = []
  const ends = Array.from({ length: 6 }, () => Promise.withResolvers<void>())
  const all = ends.map(({ promise }, i) => semaphore.with(() => (begun.push(i), promise)))
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  await settle()
  expect(begun).toEqual([0, 1, 2])
  semaphore.limit = 1
  ends[0]!.resolve()
  ends[1]!.resolve()
  await settle()
  expect(begun).toEqual([0, 1, 2])
  ends[2]!.resolve()
  await settle()
  expect(begun).toEqual([0, 1, 2, 3])
  semaphore.limit = 2.75
  await settle()
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  for (const { resolve } of ends) resolve()
  await Promise.all(all)
})

test('goes on after a failure', async () => {
  const semaphore = new Semaphore(1)
  await expect(semaphore.with(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await semaphore.with(async () => 'yes')).toBe('yes')
})
