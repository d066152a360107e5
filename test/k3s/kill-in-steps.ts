import { expect } from 'vitest'
import type { Said } from '../lab/tutti.ts'

/** A step that changes something: the so-manieth task of that name in a run. */
export interface Step {
  readonly name: string
  readonly nth: number
}
/** What a run changes, in order. */
export function stepsOf({ events }: Said): readonly Step[] {
  const tasks = new Map<string, Step>()
  const seen = new Map<string, number>()
  for (const { type, task, name } of events) {
    if (type !== 'task-start') continue
    seen.set(name, (seen.get(name) ?? 0) + 1)
    tasks.set(task, { name, nth: seen.get(name)! })
  }
  return [...new Set(events.filter(({ type, result }) => type === 'result' && result.status === 'changed').map(({ task }) => tasks.get(task)!))]
}
/** Kills in that step: so many milliseconds after its beginning. */
export function inStep({ name, nth }: Step, then: number): { killOn: (line: string) => number | undefined } {
  let count = 0
  return { killOn: (line) => (line.includes('"type":"task-start"') && JSON.parse(line).name === name && ++count === nth ? then : undefined) }
}
/** A moment of a run as so many lines and a time after them: on a machine whose load changes, that is the same moment. */
export function momentAt(times: readonly number[], milliseconds: number): { lines: number; then: number } {
  const lines = times.filter((time) => time <= milliseconds).length
  return { lines, then: Math.round(milliseconds - (times[lines - 1] ?? 0)) }
}
export const begun = ({ events }: Said): readonly string[] => events.filter(({ type }) => type === 'task-start').map(({ name }) => name)
export const failures = ({ events, stderr }: Said): string => [...events.filter(({ type, result }) => type === 'result' && ['failed', 'unreachable'].includes(result.status)).map(({ host, result }) => `${host}: ${result.reason}`), stderr].join('\n')
export const killedOrDone = (run: Said): void => expect(run.signal ?? run.code, failures(run)).toSatisfy((end) => end === 'SIGKILL' || end === 0)

/** A number in [0, 1) of a seed (mulberry32). */
export function random(seed: number): number {
  let a = (seed + 0x6d2b79f5) | 0
  a = Math.imul(a ^ (a >>> 15), a | 1)
  a ^= a + Math.imul(a ^ (a >>> 7), a | 61)
  return ((a ^ (a >>> 14)) >>> 0) / 4294967296
}
