import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Entry } from '../../src/contract/put-tree.ts'
import { planTree, readTree, treeSteps } from '../../src/contract/put-tree.ts'
import { settledEntries } from '../../src/contract/settled-entries.ts'
import { Machine } from '../../src/host/machine.ts'
import { Overlay } from '../../src/host/overlay.ts'
import { write } from '../../src/host/step.ts'
import { connectLocal } from '../../src/transport/local-connection.ts'
import { bytesContent } from '../../src/value/content.ts'

let root = ''
const connection = connectLocal({})
const machine = new Machine(connection)
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'settled-')))
  mkdirSync(join(root, 'tree/in side'), { recursive: true })
  for (let i = 0; i < 80; i++) writeFileSync(join(root, 'tree/in side', `f${i}`), `content ${i}`, { mode: 0o640 })
  machine.forget()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const nothing = { owner: undefined, group: undefined, mode: undefined }
const entries = (wanted: Partial<Entry['wanted']> = {}): readonly Entry[] => [
  { path: join(root, 'tree'), kind: 'directory', wanted: nothing }, { path: join(root, 'tree/in side'), kind: 'directory', wanted: nothing },
  ...Array.from({ length: 80 }, (_, i): Entry => ({ path: join(root, 'tree/in side', `f${i}`), kind: 'file', wanted: { ...nothing, ...wanted }, content: bytesContent(`content ${i}`) })),
]
const open = async (some: readonly Entry[], overlay?: Overlay): Promise<readonly string[]> => {
  const settled = await settledEntries(machine.reader(undefined, overlay), some)
  return some.slice(1).filter(({ path }) => !settled.has(path)).map(({ path }) => path.slice(root.length + 1))
}

test('a tree that is as it should be is settled by one look, and what differs in anything is not', async () => {
  const { roundTrips } = connection.traffic
  expect(await open(entries())).toEqual([])
  // One for who we are, one for the listing, one for names of users and groups.
  expect(connection.traffic.roundTrips - roundTrips).toBeLessThanOrEqual(3)
  writeFileSync(join(root, 'tree/in side/f3'), 'content 4')
  chmodSync(join(root, 'tree/in side/f5'), 0o600)
  unlinkSync(join(root, 'tree/in side/f7'))
  unlinkSync(join(root, 'tree/in side/f9'))
  symlinkSync('f10', join(root, 'tree/in side/f9'))
  machine.forget()
  expect(await open(entries())).toEqual(['tree/in side/f3', 'tree/in side/f7', 'tree/in side/f9'])
  expect(await open(entries({ mode: 'u=rw,g=r,o=' }))).toEqual(['tree/in side/f3', 'tree/in side/f5', 'tree/in side/f7', 'tree/in side/f9'])
  expect(await open(entries({ owner: 'nobody' }))).toHaveLength(80)
})

test('what it leaves is planned as ever: only that is written', async () => {
  writeFileSync(join(root, 'tree/in side/f3'), 'other')
  const before = await readTree(machine.reader(undefined), entries(), false, false)
  const after = planTree(before, entries(), true)
  expect(treeSteps(before, after, entries()).map((step) => 'path' in step && step.path)).toEqual([join(root, 'tree/in side/f3')])
})

test('below a link to a directory, and where a dry run has planned something, nothing is settled', async () => {
  const overlay = new Overlay()
  expect(await open(entries(), overlay)).toEqual([])
  await machine.plan(write(join(root, 'tree/in side/f1'), bytesContent('planned')), undefined, overlay, 'task')
  expect(await open(entries(), overlay)).toHaveLength(81)
  const linked = entries().map((entry) => ({ ...entry, path: entry.path.replace('/tree', '/link') }))
  symlinkSync('tree', join(root, 'link'))
  machine.forget()
  expect(await open(linked)).toHaveLength(81)
})
