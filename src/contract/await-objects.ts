import { setTimeout as sleep } from 'node:timers/promises'
import type { Acting } from '../host/act.ts'
import { type JsonObject, inside } from '../kubernetes/field-set.ts'
import { hinderingPods, nameOf, namespaceOf } from '../kubernetes/hindrance.ts'
import { type KubeObject, parsePrinted, titleOf } from '../kubernetes/object.ts'
import { type Readiness, type WaitCondition, readinessOf } from '../kubernetes/readiness.ts'
import { flag, integer, record, choice, text } from '../schema/field.ts'
import { fail } from './failure.ts'
import { GET, findObjects } from './find-objects.ts'
import { type Access, type Answer, type Question, askWhileActing, complaintIn, whileAnswered } from './kubectl.ts'

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

/** Waits until all of the objects are ready; fails with what hinders each of those that are not, and which of their pods. */
export async function awaitReady(host: Acting, objects: readonly KubeObject[], waiting: Waiting): Promise<readonly JsonObject[]> {
  const titles = objects.map(titleOf)
  const found = await until(host, waiting, 'are not ready', async () => (await currentOf(host, objects, waiting)).map((object, i) => ({ title: titles[i]!, object, ...readinessIn(object, waiting) })))
  return found.filter((one) => one !== undefined)
}

/** Waits until a question finds something, and all that it finds is ready. */
export async function awaitFound(host: Acting, title: string, question: Question, waiting: Waiting): Promise<readonly JsonObject[]> {
  const found = await until(host, waiting, 'are not ready', async () => {
    const [answer] = await askWhileActing(host, waiting.access, [question], waiting) as readonly [Answer]
    const objects = answer.code === 0 ? parsePrinted(answer.stdout) : /doesn't have a resource type|not found/.test(answer.stderr) ? [] : fail(complaintIn(answer.stderr))
    return objects.length === 0 ? [{ title, object: undefined, ...readinessIn(undefined, waiting) }] : objects.map((object) => ({ title: `${String(object.kind)} ${nameOf(object)}`, object, ...readinessIn(object, waiting) }))
  })
  return found.filter((one) => one !== undefined)
}

const readinessIn = (object: JsonObject | undefined, { condition }: Waiting): Readiness => (object ? readinessOf(object, condition) : { state: 'waiting', why: 'it is not there yet' })

/** Waits until none of the objects is there any more. */
export async function awaitGone(host: Acting, objects: readonly KubeObject[], waiting: Waiting): Promise<void> {
  await until(host, waiting, 'are still there', async () => (await currentOf(host, objects, waiting)).map((object, i): Judged => ({ title: titleOf(objects[i]!), object: undefined, ...(object ? { state: 'waiting', why: whyNotGone(object) } : { state: 'ready' }) })))
}

function whyNotGone(found: JsonObject): string {
  const finalizers = inside(found, 'metadata', 'finalizers')
  if (inside(found, 'metadata', 'deletionTimestamp') === undefined) return 'it is there, and nobody removes it'
  return Array.isArray(finalizers) && finalizers.length > 0 ? `its finalizers have not let it go: ${finalizers.join(', ')}` : 'what is below it is being removed'
}

type Judged = { readonly title: string; readonly object: JsonObject | undefined } & Readiness

async function until(host: Acting, waiting: Waiting, words: string, look: () => Promise<readonly Judged[]>): Promise<readonly (JsonObject | undefined)[]> {
  for (const end = Date.now() + waiting.timeout * 1000; ; await sleep(Math.max(0, Math.min(waiting.sleep * 1000, end - Date.now())), undefined, { signal: host.signal })) {
    const judged = await whileAnswered(host, end, look)
    if (!judged) continue
    const open = judged.filter((one) => one.state !== 'ready')
    if (open.length === 0) return judged.map(({ object }) => object)
    host.progress(open.map(({ title, why }) => `${title}: ${why}`).join(', '))
    const isVain = open.some(({ state }) => state === 'failed')
    if (!isVain && Date.now() < end) continue
    fail(`${isVain ? 'waiting is of no use' : `waited ${waiting.timeout} s; these ${words}`}:\n${(await linesOf(host, open, waiting)).join('\n')}`)
  }
}

/** What is not ready and why; below it the pods that hinder it. */
async function linesOf(host: Acting, open: readonly (Judged & { readonly why: string })[], { access, environment }: Waiting): Promise<readonly string[]> {
  const spaces = [...new Set(open.flatMap(({ object }) => (object && inside(object, 'spec', 'selector') !== undefined ? [namespaceOf(object)] : [])))]
  const answers = spaces.length === 0 ? [] : await askWhileActing(host, access, spaces.map((namespace) => ({ args: ['get', 'pods', '-o', 'json', `--namespace=${namespace}`] })), { environment })
  const pods = answers.flatMap(({ code, stdout }) => (code === 0 ? parsePrinted(stdout) : []))
  return open.flatMap(({ title, why, object }) => [`  ${title}: ${why}`, ...(object ? hinderingPods(object, pods).map((line) => `    ${line}`) : [])])
}

const currentOf = (host: Acting, objects: readonly KubeObject[], { access, environment }: Waiting): Promise<readonly (JsonObject | undefined)[]> => findObjects(objects, async (input) => {
  const [answer] = await askWhileActing(host, access, [{ args: GET, input }], { environment }) as readonly [Answer]
  return answer
})
