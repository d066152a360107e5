import { integer, raw, text } from '../../schema/field.ts'
import { problemsOf } from '../../problem/problem.ts'
import { evaluate } from '../../template/template.ts'
import type { Value } from '../../value/value.ts'
import { failedResult, plain } from '../task-result.ts'
import type { TaskCall } from '../call.ts'
import { defineControl } from './control.ts'

export const debug = defineControl({
  name: 'debug',
  summary: 'Print a message or a variable.',
  notes: ['Runs on the controller.'],
  examples: `
- name: A message
  debug: { msg: "{{ inventory_hostname }} runs {{ ansible_facts.distribution }} {{ ansible_facts.distribution_version }}" }
- name: A variable, with all that is in it
  debug: { var: app_settings.ports }
- name: Only with -vv
  debug: { msg: for those who look closely, verbosity: 2 }
`,
  params: {
    msg: raw('What to print.', { default: 'Hello world!' }),
    var: text('An expression to print with its value.'),
    verbosity: integer('Printed only with at least so many -v.', { default: 0 }),
  },
  lenient: true,
  act: (call, { var: name, verbosity }, args) => {
    if (name !== undefined && args.has('msg')) return failedResult('parameters are mutually exclusive: msg|var')
    if (call.playRun.run.settings.verbosity < verbosity) return plain('skipped', { skipped_reason: 'Verbosity threshold not met.', failed: false })
    return plain('ok', name === undefined ? { msg: args.has('msg') ? args.get('msg')! : 'Hello world!' } : { [name]: shown(call, name) })
  },
})

/** An undefined variable is shown as such: people debug with this. */
function shown(call: TaskCall, name: string): Value {
  try {
    return evaluate(name, call.scope, call.task.argSpans.get('var'))
  } catch (thrown) {
    const [problem] = problemsOf(thrown) ?? []
    if (problem?.code !== 'undefined-variable') throw thrown
    return `<< error 1 - ${problem.detail} >>`
  }
}

