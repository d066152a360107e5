import { setTimeout as sleep } from 'node:timers/promises'
import type { Waiting } from '../contract/await-objects.ts'
import { fail } from '../contract/failure.ts'
import { type Answer, askWhileActing, objectsIn, typeName } from '../contract/kubectl.ts'
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
    const { chart, job, pods } = await look(host, object, waiting)
    const uid = String(inside(job, 'metadata', 'uid') ?? '')
    first ??= uid
    // A job that was there when we came may be that of the chart before it changed.
    const isOld = waiting.changed && uid !== '' && uid === first && Date.now() - began < NOTICED
    const state: Readiness = job && !isOld ? brokenChart(chart) ?? readinessOf(job) : { state: 'waiting', why: isOld ? 'the controller has not noticed the change yet' : `there is no job ${waiting.job} yet` }
    if (state.state === 'ready') return
    host.progress(state.why)
    if (state.state === 'waiting' && Date.now() < end) continue
    const lines = [`  ${object.kind} ${object.name}: ${state.why}`, ...(job ? hinderingPods(job, pods).map((line) => `    ${line}`) : [])]
    fail(`${state.state === 'failed' ? 'the chart was not installed' : `waited ${waiting.timeout} s; it is not installed`}:\n${lines.join('\n')}`)
  }
}

async function look(host: Acting, { apiVersion, name, namespace = '' }: KubeObject, { access, environment, job }: ChartWaiting): Promise<{ readonly chart: JsonObject | undefined; readonly job: JsonObject | undefined; readonly pods: readonly JsonObject[] }> {
  const get = (...args: readonly string[]) => ({ args: ['get', ...args, '-o', 'json', '--ignore-not-found', `--namespace=${namespace}`] })
  const [charts, jobs, pods] = await askWhileActing(host, access, [get(typeName(apiVersion, 'HelmChart'), name), get('job', job), get('pods', `--selector=job-name=${job}`)], { environment }) as readonly [Answer, Answer, Answer]
  return { chart: objectsIn(charts)[0], job: objectsIn(jobs)[0], pods: objectsIn(pods) }
}

function brokenChart(chart: JsonObject | undefined): Readiness | undefined {
  const broken = conditionsOf(chart).find(({ type, status }) => type === 'Failed' && status === 'True')
  return broken && { state: 'failed', why: [broken.reason, broken.message].filter(Boolean).join(': ') }
}
