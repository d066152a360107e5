import { choice, text } from '../../schema/field.ts'
import { removeJob } from '../../host/job.ts'
import type { TaskCall } from '../call.ts'
import { type JobPlace, fileOf, jobPlaceOf, keyOf } from '../job-place.ts'
import { askHost, ended } from '../job-status.ts'
import { type TaskResult, plain, unknownResult } from '../task-result.ts'
import { defineControl } from './control.ts'

export const asyncStatus = defineControl({
  name: 'async_status',
  summary: 'Ask how a task in the background stands, or forget it.',
  notes: ['The task in the background says its id: `ansible_job_id`. It goes on where the connection ends; its result stays in ~/.ansible_async of the host until `mode: cleanup`.'],
  examples: `
- name: Something that takes long begins
  command: sleep 1
  async: 60
  poll: 0
  register: job
  changed_when: false
- name: It has ended
  async_status: { jid: "{{ job.ansible_job_id }}" }
  register: result
  until: result.finished
  retries: 30
  delay: 1
- name: Nothing is kept of it
  async_status: { jid: "{{ job.ansible_job_id }}", mode: cleanup }
`,
  params: {
    jid: text('The id of the job: `ansible_job_id` of the task.', { required: true }),
    mode: choice(['status', 'cleanup'], 'Ask, or remove what the host keeps of the job.', { default: 'status' }),
  },
  act: async (call, { jid, mode }) => {
    const place = await jobPlaceOf(call)
    return { ...(mode === 'cleanup' ? await forget(call, place, jid) : await ask(call, place, jid)), ...(place.delegatedTo === undefined ? {} : { delegatedTo: place.delegatedTo }) }
  },
})

async function ask({ playRun: { run } }: TaskCall, place: JobPlace, id: string): Promise<TaskResult> {
  const key = keyOf(place, id)
  const result = run.background.has(key) ? await run.background.look(key) : await askHost(place, id)
  if (result === undefined || result === 'running') return plain('ok', { ansible_job_id: id, started: true, finished: false, results_file: fileOf(place, id), stdout: '', stderr: '', changed: false })
  place.machine.jobEnded(id)
  // What a dry run could not plan it cannot tell afterwards.
  return result.status === 'unknown' && result.outputs.size === 0 ? unknownResult(result.reason ?? 'the job is unknown') : ended(result, id, place)
}

async function forget({ playRun: { run }, check }: TaskCall, place: JobPlace, id: string): Promise<TaskResult> {
  run.background.remove(keyOf(place, id))
  if (!check) await place.machine.connection.shell(place.become).run(removeJob(place.directory, id))
  return plain('ok', { ansible_job_id: id, started: false, finished: false, erased: fileOf(place, id), stdout: '', stderr: '', changed: false })
}
