import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Said, tutti } from './tutti.ts'
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

describe('copies', () => {
  const folder = (): string => dirname(lab.file)
  /** With facts for the large file: then the project is read too, which must not take it for text. */
  function copy(src: string, more: object = {}): string {
    const file = join(folder(), 'copy.yml')
    writeFileSync(file, JSON.stringify([{ hosts: 'n1', become: true, gather_facts: src === 'large', tasks: [{ copy: { src: join(folder(), src), dest: '/opt/copied', ...more } }] }]))
    return file
  }
  const trafficOf = (said: Said): { readonly roundTrips: number; readonly bytesSent: number } => Object.values(said.events.find(({ type }) => type === 'traffic').hosts)[0] as { roundTrips: number; bytesSent: number }
  const changed = (said: Said): number => said.events.find(({ type }) => type === 'recap').hosts.n1.changed

  test('a tree of 1,000 files goes in one stream of a few requests, and is looked at in five', async () => {
    for (let i = 0; i < 1000; i++) {
      if (i % 100 === 0) mkdirSync(join(folder(), `tree/${i / 100}`), { recursive: true })
      writeFileSync(join(folder(), `tree/${Math.floor(i / 100)}/f${i}`), `file ${i}\n`.repeat(20))
    }
    const first = await tutti(['run', copy('tree/'), '-i', lab.file, '--output', 'json'])
    expect({ code: first.code, changed: changed(first) }, first.stderr).toEqual({ code: 0, changed: 1 })
    expect(trafficOf(first).roundTrips).toBeLessThanOrEqual(8)
    const second = await tutti(['run', copy('tree/'), '-i', lab.file, '--output', 'json'])
    expect(changed(second), second.stderr).toBe(0)
    expect(trafficOf(second).roundTrips).toBeLessThanOrEqual(5)
    // The names, once.
    expect(trafficOf(second).bytesSent).toBeLessThan(40_000)
  })

  test('a large file streams: less than 200 MB of memory here, and nothing of it travels a second time', async () => {
    writeFileSync(join(folder(), 'large'), '')
    truncateSync(join(folder(), 'large'), 400 * 2 ** 20)
    const first = await peakOf(['run', copy('large', { dest: '/opt/large' }), '-i', lab.file])
    expect(first.code).toBe(0)
    expect(first.megabytes).toBeGreaterThan(40)
    expect(first.megabytes).toBeLessThan(200)
    const second = await tutti(['run', copy('large', { dest: '/opt/large' }), '-i', lab.file, '--output', 'json'])
    expect({ changed: changed(second), little: trafficOf(second).bytesSent < 10_000 }, second.stderr).toEqual({ changed: 0, little: true })
  })

  /** The most resident memory that the process had. */
  function peakOf(args: readonly string[]): Promise<{ code: number | null; megabytes: number }> {
    const child = spawn(join(import.meta.dirname, '../../bin/tutti'), args, { stdio: 'ignore' })
    let megabytes = 0
    const watch = setInterval(() => (megabytes = Math.max(megabytes, Number(/VmHWM:\s+(\d+)/.exec(statusOf(child.pid!))?.[1] ?? 0) / 1024)), 50)
    return new Promise((resolve, reject) => child.on('error', reject).on('close', (code) => (clearInterval(watch), resolve({ code, megabytes }))))
  }
  function statusOf(pid: number): string {
    try {
      return readFileSync(`/proc/${pid}/status`, 'utf8')
    } catch {
      return '' // It ended.
    }
  }
})
