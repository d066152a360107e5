import { setTimeout as sleep } from 'node:timers/promises'
import type { Waiting } from '../contract/await-objects.ts'
import { fail } from '../contract/failure.ts'
import { type Answer, askWhileActing, objectsIn, typeName, whileAnswered } from '../contract/kubectl.ts'
import type { Acting } from '../host/act.ts'
import { type JsonObject, inside } from '../kubernetes/field-set.ts'
import { hinderingPods } from '../kubernetes/hindrance.ts'
import type { KubeObject } from '../kubernetes/object.ts'
import { type Readiness, conditionsOf, readinessOf } from '../kubernetes/readiness.ts'

interface ChartWaiting extends Waiting {
  /** The job that installs it. */
  readonly job: string
  /** The object has just changed: a job of before says nothing of it. */
  readonly changed: boolean
}

/** How long the controller may take to make another job of a chart that changed. */
const NOTICED = 20_000

/** Waits until the job of a chart has ended well; fails with what hinders it. */
export async function awaitChart(host: Acting, object: KubeObject, waiting: ChartWaiting): Promise<void> {
  const began = Date.now()
  let first: string | undefined
  for (const end = began + waiting.timeout * 1000; ; await sleep(Math.max(0, Math.min(waiting.sleep * 1000, end - Date.now())), undefined, { signal: host.signal })) {
    const found = await whileAnswered(host, end, () => look(host, object, waiting))
    if (!found) continue
    const trace = traceOf(found)
    first ??= trace
    // What was there when we came may be that of the chart before it changed.
    const isOld = waiting.changed && trace !== '' && trace === first && Date.now() - began < NOTICED
    const state: Readiness = isOld ? { state: 'waiting', why: 'the controller has not noticed the change yet' } : stateOf(found, waiting.job)
    if (state.state === 'ready') return
    host.progress(state.why)
    if (state.state === 'waiting' && Date.now() < end) continue
    const lines = [`  ${object.kind} ${object.name}: ${state.why}`, ...(found.job ? hinderingPods(found.job, found.pods).map((line) => `    ${line}`) : [])]
    fail(`${state.state === 'failed' ? 'the chart was not installed' : `waited ${waiting.timeout} s; it is not installed`}:\n${lines.join('\n')}`)
  }
}

interface Found {
  readonly chart: JsonObject | undefined
  readonly job: JsonObject | undefined
  readonly pods: readonly JsonObject[]
}

const condition = ({ chart }: Found, type: string): JsonObject | undefined => conditionsOf(chart).find((one) => one.type === type)

/** What tells one installation from the next. */
const traceOf = (found: Found): string => (found.job ? String(inside(found.job, 'metadata', 'uid')) : conditionsOf(found.chart).length > 0 ? JSON.stringify(conditionsOf(found.chart)) : '')

function stateOf(found: Found, job: string): Readiness {
  const failed = condition(found, 'Failed')
  if (failed?.status === 'True') return { state: 'failed', why: [failed.reason, failed.message].filter(Boolean).join(': ') }
  if (found.job) return readinessOf(found.job)
  // A controller that says so installs without a job.
  return condition(found, 'JobCreated')?.reason === 'NoJob' && failed?.status === 'False' ? { state: 'ready' } : { state: 'waiting', why: `there is no job ${job} yet` }
}

async function look(host: Acting, { apiVersion, name, namespace = '' }: KubeObject, { access, environment, job }: ChartWaiting): Promise<Found> {
  const get = (...args: readonly string[]) => ({ args: ['get', ...args, '-o', 'json', '--ignore-not-found', `--namespace=${namespace}`] })
  const [charts, jobs, pods] = await askWhileActing(host, access, [get(typeName(apiVersion, 'HelmChart'), name), get('job', job), get('pods', `--selector=job-name=${job}`)], { environment }) as readonly [Answer, Answer, Answer]
  return { chart: objectsIn(charts)[0], job: objectsIn(jobs)[0], pods: objectsIn(pods) }
}
