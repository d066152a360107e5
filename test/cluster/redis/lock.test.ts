import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { type LockHost, withLock } from '../../../src/cluster/redis/lock.ts'

const cluster = `test-${process.pid}`
const lock = `/run/lock/tutti-redis-${cluster}`
const host: LockHost = { name: 'here', run: async (script) => { const { status, stdout, stderr } = spawnSync('sh', ['-c', script]); return { code: status ?? 1, stdout, stderr } } }
const options = (holder: string) => ({ cluster, holder, token: `token-of-${holder}` })
const missing = spawnSync('sh', ['-c', 'command -v flock && [ -w /run/lock ]']).status === 0 ? undefined : 'no flock, or /run/lock is closed'

afterEach(() => {
  for (const file of [lock, `${lock}.guard`]) rmSync(file, { force: true })
})

describe.skipIf(missing)(`the lock on a host${missing ? ` (${missing})` : ''}`, () => {
  test('keeps a second controller away and says who holds it', async () => {
    await withLock([host], options('anna@laptop'), async () => {
      expect(readFileSync(lock, 'utf8')).toContain('anna@laptop')
      await expect(withLock([host], options('ben'), async () => 'worked')).rejects.toThrow('Somebody else is working on this cluster: here: anna@laptop')
    })
    expect(existsSync(lock)).toBe(false)
    expect(await withLock([host], options('ben'), async () => 'worked')).toBe('worked')
  })

  test('is given back after a failure', async () => {
    await expect(withLock([host], options('anna'), async () => { throw new Error('broken') })).rejects.toThrow('broken')
    expect(existsSync(lock)).toBe(false)
  })

  test('is taken over from a holder that is gone', async () => {
    writeFileSync(lock, `${Math.floor(Date.now() / 1000) - 61}\ntoken\nanna\n`)
    expect(await withLock([host], options('ben'), async () => readFileSync(lock, 'utf8').split('\n')[2])).toBe('ben')
    writeFileSync(lock, `${Math.floor(Date.now() / 1000) - 30}\ntoken\nanna\n`)
    await expect(withLock([host], options('ben'), async () => 'worked')).rejects.toThrow('anna')
  })

  test('taken on some hosts only, it is given back', async () => {
    const broken: LockHost = { name: 'there', run: async () => ({ code: 1, stdout: Buffer.alloc(0), stderr: Buffer.from('read-only file system') }) }
    await expect(withLock([broken, host], options('anna'), async () => 'worked')).rejects.toThrow('there: read-only file system')
    expect(existsSync(lock)).toBe(false)
  })
})
