import { setTimeout as sleep } from 'node:timers/promises'
import type { Acting } from '../host/act.ts'
import { type JsonObject, inside } from '../kubernetes/field-set.ts'
import { type KubeObject, bare, isSame, parsePrinted, titleOf, written } from '../kubernetes/object.ts'
import { type Readiness, type WaitCondition, readinessOf } from '../kubernetes/readiness.ts'
import { flag, integer, record, choice, text } from '../schema/field.ts'
import { fail } from './failure.ts'
import { type Access, type Answer, askWhileActing, complaintIn } from './kubectl.ts'

/** How tasks wait: parameters that several modules have. */
export const waitParams = {
  wait: flag('Wait until the objects are ready, or gone.', { default: false }),
  wait_timeout: integer('Seconds to wait at most.', { default: 120 }),
  wait_sleep: integer('Seconds between two looks.', { default: 5 }),
  wait_condition: record({
    type: text('The condition, as in status.conditions.'),
    status: choice(['True', 'False', 'Unknown'], 'What it must be.', { default: 'True' }),
    reason: text('The reason that it must give.'),
  }, 'A condition to wait for, in place of what the kind has for ready.'),
} as const

export interface Waiting {
  readonly access: Access
  readonly environment: Readonly<Record<string, string>>
  readonly timeout: number
  readonly sleep: number
  readonly condition?: WaitCondition | undefined
}

export const conditionIn = (given: { readonly type: string | undefined; readonly status: string; readonly reason: string | undefined } | undefined): WaitCondition | undefined => (given?.type ? { type: given.type, status: given.status, reason: given.reason } : undefined)

/** Waits until all of the objects are ready; fails with what hinders each of those that are not. */
export async function awaitReady(host: Acting, objects: readonly KubeObject[], waiting: Waiting): Promise<readonly JsonObject[]> {
  return until(host, objects, waiting, (found): Readiness => (found ? readinessOf(found, waiting.condition) : { state: 'waiting', why: 'it is not there yet' }), 'are not ready')
}

/** Waits until none of the objects is there any more. */
export async function awaitGone(host: Acting, objects: readonly KubeObject[], waiting: Waiting): Promise<void> {
  await until(host, objects, waiting, (found): Readiness => (found ? { state: 'waiting', why: whyNotGone(found) } : { state: 'ready' }), 'are still there')
}

function whyNotGone(found: JsonObject): string {
  const finalizers = inside(found, 'metadata', 'finalizers')
  if (inside(found, 'metadata', 'deletionTimestamp') === undefined) return 'it is there, and nobody removes it'
  return Array.isArray(finalizers) && finalizers.length > 0 ? `its finalizers have not let it go: ${finalizers.join(', ')}` : 'what is below it is being removed'
}

async function until(host: Acting, objects: readonly KubeObject[], { access, environment, timeout, sleep: pause }: Waiting, judge: (found: JsonObject | undefined) => Readiness, words: string): Promise<readonly JsonObject[]> {
  for (const end = Date.now() + timeout * 1000; ; await sleep(Math.max(0, Math.min(pause * 1000, end - Date.now())), undefined, { signal: host.signal })) {
    const found = await currentOf(host, objects, access, environment)
    const open = objects.flatMap((object, i) => {
      const state = judge(found[i])
      return state.state === 'ready' ? [] : [{ object, ...state }]
    })
    if (open.length === 0) return found.filter((one) => one !== undefined)
    const lines = open.map(({ object, why }) => `  ${titleOf(object)}: ${why}`).join('\n')
    host.progress(`${open.length} of ${objects.length} ${words}`)
    if (open.some(({ state }) => state === 'failed')) fail(`waiting is of no use:\n${lines}`)
    if (Date.now() >= end) fail(`waited ${timeout} s; these ${words}:\n${lines}`)
  }
}

async function currentOf(host: Acting, objects: readonly KubeObject[], access: Access, environment: Readonly<Record<string, string>>): Promise<readonly (JsonObject | undefined)[]> {
  const [answer] = await askWhileActing(host, access, [{ args: ['get', '-f', '-', '-o', 'json', '--ignore-not-found'], input: written(objects.map(bare)) }], { environment }) as readonly [Answer]
  if (answer.code !== 0 && !/no matches for kind/.test(answer.stderr)) fail(complaintIn(answer.stderr))
  const found = parsePrinted(answer.code === 0 ? answer.stdout : '')
  return objects.map((object) => found.find((one) => isSame(object, one)))
}
