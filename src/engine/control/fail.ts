import { raw } from '../../schema/field.ts'
import { str as showValue } from '../../template/python/text.ts'
import { type Value } from '../../value/value.ts'
import { type TaskResult, failedResult } from '../task-result.ts'
import { defineControl } from './control.ts'

/** What is no text stays what it is in the result. */
function failedWith(msg: Value): TaskResult {
  if (typeof msg === 'string') return failedResult(msg)
  const failed = failedResult(showValue(msg))
  return { ...failed, outputs: new Map([...failed.outputs, ['msg', msg]]) }
}

export const failControl = defineControl({
  name: 'fail',
  summary: 'Fail with a message.',
  notes: ['Runs on the controller, in a dry run too; give it a condition.'],
  examples: `
- name: This system is not one of ours
  fail: { msg: "there is nothing here for {{ ansible_facts.os_family }}" }
  when: ansible_facts.os_family not in ['Debian', 'RedHat', 'Alpine']
- name: A setting is missing
  fail: { msg: app_port must be given }
  when: app_port is not defined
`,
  params: { msg: raw('Why.', { default: 'Failed as requested from task' }) },
  lenient: true,
  act: (_call, { msg }) => failedWith(msg as Value),
})
