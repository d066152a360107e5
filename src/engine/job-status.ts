import { outcomeOf } from '../contract/command-task.ts'
import { type JobStatus, askJob, parseJob } from '../host/job.ts'
import { fromJson } from '../value/json.ts'
import { type Value, dict, isDict } from '../value/value.ts'
import { type JobPlace, fileOf } from './job-place.ts'
import { type TaskResult, failedResult, plain } from './task-result.ts'

/** Asks a host how a job of its own stands. */
export async function askHost(place: JobPlace, id: string): Promise<TaskResult | 'running'> {
  const { stdout } = await place.machine.connection.shell(place.become).run(askJob(place.directory, id))
  return resultOf(parseJob(stdout), place, id)
}

function resultOf(job: JobStatus, place: JobPlace, id: string): TaskResult | 'running' {
  switch (job.state) {
    case 'running': return 'running'
    case 'missing': return failedResult('could not find job', { ansible_job_id: id, started: true, finished: true })
    case 'gone': return failedResult(`the job was ended from outside before it was done: ${fileOf(place, id)} has no exit code and its process is gone`)
    case 'foreign': return ofAnsible(job.text)
    case 'ended': return ofProgram(job)
  }
}

function ofProgram(job: JobStatus & { state: 'ended' }): TaskResult {
  if (job.expired) return failedResult('Timeout exceeded', { stdout: job.stdout.toString(), stderr: job.stderr.toString() })
  const about = fromJson(JSON.parse(job.about))
  const [cmd, strip] = isDict(about) ? [about.get('cmd') ?? null, about.get('strip') === true] : [null, true]
  const { outputs, failed } = outcomeOf(job, cmd, strip)
  return failed === undefined ? { ...plain('changed', { ...outputs, changed: true }) } : failedResult(failed, outputs)
}

/** The file that Ansible's own jobs keep: a result as JSON. */
function ofAnsible(text: string): TaskResult | 'running' {
  let found: Value
  try {
    found = fromJson(JSON.parse(text))
  } catch {
    return 'running' // It is just being written.
  }
  if (!isDict(found)) return failedResult('the file of the job is not understood')
  if (!found.get('finished') && !found.has('rc') && found.get('started')) return 'running'
  const outputs = Object.fromEntries([...found].map(([key, value]) => [String(key), value]))
  return found.get('failed') === true || (found.get('rc') ?? 0) !== 0 ? failedResult(String(found.get('msg') ?? 'non-zero return code'), outputs) : { ...plain(found.get('changed') === true ? 'changed' : 'ok'), outputs: dict(outputs) }
}

/** What a task says that only began its job. */
export const begun = (id: string, place: JobPlace): TaskResult =>
  ({ ...plain('changed', { ansible_job_id: id, changed: true, started: true, finished: false, results_file: fileOf(place, id) }), ...delegated(place) })

/** A result with what every finished job says of itself. */
export function ended(result: TaskResult, id: string, place: JobPlace): TaskResult {
  const about: readonly (readonly [Value, Value])[] = [['ansible_job_id', id], ['started', true], ['finished', true], ['results_file', fileOf(place, id)]]
  const defaults: readonly (readonly [Value, Value])[] = [['stdout', ''], ['stderr', '']]
  return { ...result, outputs: new Map([...defaults, ...result.outputs, ...about]), ...delegated(place) }
}

const delegated = ({ delegatedTo }: JobPlace): { readonly delegatedTo?: string } => (delegatedTo === undefined ? {} : { delegatedTo })
