import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Said, tutti } from './tutti.ts'
import { type TestLab, withLab } from './with-lab.ts'

/** Counts, so that it can stand in CI: no machine is too busy for them. Times are measured by `npm run bench`. */
const folderOfPlays = join(import.meta.dirname, '../bench/plays')
/** Of the host with most, in the first and in the second run, bytes with a little room for names and times; whoever makes them smaller writes the new numbers down. */
interface Counted { readonly changed: number; readonly roundTrips: number; readonly bytes: number }
const counted = JSON.parse(readFileSync(join(import.meta.dirname, '../bench/counted.json'), 'utf8')) as Readonly<Record<string, readonly [Counted, Counted]>>

let lab: TestLab
beforeAll(async () => void (lab = await withLab('trips', 3)))
afterAll(() => lab?.down())

async function count(play: string): Promise<Counted> {
  const said = await tutti(['run', join(folderOfPlays, `${play}.yml`), '-i', lab.file, '-b', '--output', 'json'])
  expect(said.code, said.stderr + said.stdout.slice(-2000)).toBe(0)
  const of = <T>(kind: string): T[] => Object.values(said.events.find(({ type }) => type === kind).hosts as Record<string, T>)
  const traffic = of<{ roundTrips: number; bytesSent: number; bytesReceived: number }>('traffic')
  expect(traffic).toHaveLength(3)
  return { changed: Math.max(...of<{ changed: number }>('recap').map(({ changed }) => changed)), roundTrips: Math.max(...traffic.map(({ roundTrips }) => roundTrips)), bytes: Math.max(...traffic.map(({ bytesSent, bytesReceived }) => bytesSent + bytesReceived)) }
}

test.each(Object.entries(counted))('the play %s changes as much as before, and costs no more round trips and bytes', async (play, known) => {
  const now = [await count(play), await count(play)]
  expect(now.map(({ changed }) => changed), JSON.stringify(now)).toEqual(known.map(({ changed }) => changed))
  for (const [i, { roundTrips, bytes }] of known.entries()) expect(now[i]!.roundTrips <= roundTrips && now[i]!.bytes <= bytes, `${JSON.stringify(now)} is more than ${JSON.stringify(known)}`).toBe(true)
})

test('all plays of the benchmark are counted', () => expect(Object.keys(counted).sort()).toEqual(readdirSync(folderOfPlays).filter((name) => name.endsWith('.yml')).map((name) => name.replace('.yml', '')).sort()))

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
