import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { removeJob, startJob } from '../host/job.ts'
import { runScript, takeSteps } from '../host/take.ts'
import { Problem } from '../problem/problem.ts'
import { toJson } from '../value/json.ts'
import type { Unknown } from '../value/value.ts'
import { callModule } from './call-module.ts'
import type { TaskCall } from './call.ts'
import type { Take } from './converge.ts'
import { askHost, begun, ended } from './job-status.ts'
import { type JobPlace, jobPlaceOf, keyOf } from './job-place.ts'
import { type TaskResult, failedResult } from './task-result.ts'

/** Actions that Ansible performs on the controller in part: it leaves none of them to the host. */
export const ATTENDED: ReadonlySet<string> = new Set(['assemble', 'copy', 'fetch', 'raw', 'reboot', 'script', 'template', 'unarchive', 'wait_for_connection'])

/**
 * A task with `async`. A program (`command`, `shell`) is started as a job on the host, which goes on without us; any other module goes on
 * in a conversation of its own, as long as the run lasts. With `poll` we wait for its end, without it `async_status` asks.
 */
export async function runAsync(call: TaskCall, doubt: Unknown | undefined): Promise<TaskResult> {
  const id = `j${randomInt(1e11, 1e12)}.${process.pid}`
  const place = await jobPlaceOf(call)
  if (doubt || call.check) return planned(call, doubt, id, place)
  return call.poll > 0 ? attended(call, id, place) : inBackground(call, id, place)
}

/** A dry run plans the task like any other; whoever asks for the job gets what was planned. */
async function planned(call: TaskCall, doubt: Unknown | undefined, id: string, place: JobPlace): Promise<TaskResult> {
  const result = await callModule(call, doubt)
  if (result.status === 'unreachable' || result.status === 'skipped') return result
  if (call.poll > 0) return result.status === 'unknown' && result.outputs.size === 0 ? result : ended(result, id, place)
  call.playRun.run.background.add(keyOf(place, id), Promise.resolve(result))
  return result.status === 'unknown' ? { ...begun(id, place), status: 'unknown', ...(result.reason === undefined ? {} : { reason: result.reason }), steps: result.steps } : { ...begun(id, place), diff: result.diff, steps: result.steps }
}

async function attended(call: TaskCall, id: string, place: JobPlace): Promise<TaskResult> {
  const { started, take } = starter(call, id, place)
  const work = limited(call, take)
  const [status] = await Promise.race([started.then((how) => [how] as const), work.then(() => ['over'] as const)])
  const result = ended(status === 'alone' ? await whenEnded(call, id, place) : await polled(call, id, work), id, place)
  tell(call, id, result.status === 'failed' ? 'failed' : 'ok')
  return result
}

/** Asks until the job has ended, at first more often than told: what is soon done is soon known. Cleans up after it. */
async function whenEnded(call: TaskCall, id: string, place: JobPlace): Promise<TaskResult> {
  const started = performance.now()
  for (let pause = 0.1, told = 0; ; pause = Math.min(call.poll, pause * 2)) {
    await delay(pause * 1000, undefined, { signal: call.playRun.run.signal })
    const result = await askHost(place, id)
    const passed = (performance.now() - started) / 1000
    if (result !== 'running') {
      await place.machine.connection.shell(place.become).run(removeJob(place.directory, id))
      place.machine.jobEnded(id)
      return result
    }
    if (passed > call.async + 10) return failedResult('Timeout exceeded')
    if (passed < (told + 1) * call.poll) continue
    told++
    tell(call, id, 'poll')
  }
}

/** Waits for a task of our own, and tells at each interval that it is at work. */
async function polled(call: TaskCall, id: string, work: Promise<TaskResult>): Promise<TaskResult> {
  const timer = setInterval(() => tell(call, id, 'poll'), call.poll * 1000)
  return work.finally(() => clearInterval(timer))
}

async function inBackground(call: TaskCall, id: string, place: JobPlace): Promise<TaskResult> {
  const { started, take } = starter(call, id, place)
  const work = limited(call, take)
  // Only of a program it must be known whether the host has it; any other module has all its time.
  const how = PROGRAMS.has(call.task.action) ? await Promise.race([started, work.then(() => 'over' as const)]) : 'here'
  if (how !== 'alone') {
    place.machine.jobBegan(id)
    call.playRun.run.background.add(keyOf(place, id), work.finally(() => place.machine.jobEnded(id)))
  }
  return begun(id, place)
}

const PROGRAMS: ReadonlySet<string> = new Set(['command', 'shell'])

/** Takes the steps of a module: a program that may go on by itself is started and left alone, anything else is carried out here. */
function starter(call: TaskCall, id: string, place: JobPlace): { readonly started: Promise<'alone' | 'here'>; readonly take: Take } {
  const begun = Promise.withResolvers<'alone' | 'here'>()
  const take: Take = async (steps, taking, judge) => {
    const [step] = steps
    if (steps.length !== 1 || step?.step !== 'run' || !step.options.job) return begun.resolve('here'), takeSteps(steps, taking, judge)
    const at = new Date()
    const { stdin } = step.options
    const reply = await taking.connection.shell(taking.become).run(startJob({
      directory: place.directory, id, script: runScript(step.command, step.options, taking.environment), seconds: call.async, about: JSON.stringify({ cmd: toJson(step.options.job.cmd), strip: step.options.job.strip }), ...(stdin ? { stdin } : {}),
    }))
    if (reply.code !== 0) throw new Problem({ code: 'job-not-started', summary: 'the task could not be started in the background', detail: reply.stderr.toString().trim() || `exit code ${reply.code}` })
    place.machine.jobBegan(id)
    begun.resolve('alone')
    return [{ code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), started: at, ended: new Date() }]
  }
  return { started: begun.promise, take }
}

/** The module with the time that `async` gives it: what takes longer is ended. */
async function limited(call: TaskCall, take: Take): Promise<TaskResult> {
  const time = new AbortController()
  const timer = setTimeout(() => time.abort(), call.async * 1000)
  const over = new Promise<TaskResult>((resolve) => time.signal.addEventListener('abort', () => resolve(failedResult('Timeout exceeded'))))
  // A moment later what runs on the host is ended, too.
  const work = callModule({ ...call, timeout: call.timeout > 0 ? Math.min(call.timeout, call.async + 1) : call.async + 1 }, undefined, { take })
  return Promise.race([work, over]).finally(() => clearTimeout(timer))
}

const tell = ({ playRun: { run }, host, round }: TaskCall, job: string, state: 'poll' | 'ok' | 'failed'): void =>
  run.emit({ type: 'async', host: host.name, task: round.task, job, state })
