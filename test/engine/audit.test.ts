import { expect, test } from 'vitest'
import { compareRuns } from '../../src/engine/audit.ts'
import type { HostResult, RunEvent } from '../../src/engine/event.ts'

const span = { file: 'p.yml', line: 1, column: 1 }
const run = (...results: (Partial<HostResult> & Pick<HostResult, 'status'>)[]): RunEvent[] => results.flatMap((result, i): RunEvent[] => [
  { type: 'task-start', task: `t${i}`, name: `task ${i}`, action: 'copy', span: { ...span, line: i + 1 }, handler: false, tags: [], noLog: false },
  { type: 'result', host: 'h', task: `t${i}`, result: { outputs: new Map(), seconds: 0, ...result } },
])
const diff = (after: string) => [{ header: { before: 'f', after: 'f' }, before: '', after }]

test.each<[string, HostResult['status'], HostResult['status'], string | undefined]>([
  ['same twice', 'ok', 'ok', undefined], ['announced', 'changed', 'changed', undefined], ['unknown', 'unknown', 'changed', undefined], ['missed', 'ok', 'changed', 'missed-change'],
  ['skipped but changed', 'skipped', 'changed', 'missed-change'], ['never came', 'changed', 'ok', 'false-change'], ['false alarm', 'failed', 'ok', 'false-failure'], ['surprise', 'ok', 'failed', 'missed-failure'],
])('%s', (_name, said, did, kind) => {
  expect(compareRuns(run({ status: said }), run({ status: did })).map((one) => one.kind)).toEqual(kind ? [kind] : [])
})

test('another difference than the announced one is wrong', () => {
  expect(compareRuns(run({ status: 'changed', diff: diff('a') }), run({ status: 'changed', diff: diff('b') }))).toMatchObject([{ kind: 'wrong-diff', host: 'h', name: 'task 0' }])
  expect(compareRuns(run({ status: 'changed', diff: diff('a') }), run({ status: 'changed', diff: diff('a') }))).toEqual([])
})

test('what rested on an assumption is a class of its own', () => {
  expect(compareRuns(run({ status: 'ok', assuming: "task 'x'" }), run({ status: 'changed' }))).toMatchObject([{ kind: 'broken-assumption' }])
})

test('a difference that one of the two could not know is none', () => {
  const open = diff('version: (unknown: known when the lists are read)')
  expect(compareRuns(run({ status: 'changed', diff: diff('version: 1') }), run({ status: 'changed', diff: open }))).toEqual([])
  expect(compareRuns(run({ status: 'changed', diff: open }), run({ status: 'changed', diff: diff('version: 1') }))).toEqual([])
})
