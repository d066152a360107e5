import { condition } from '../../template/template.ts'
import { flag, raw } from '../../schema/field.ts'
import { type Unknown, type Value, TemplateString, isUnknown } from '../../value/value.ts'
import { render } from '../../template/template.ts'
import { type TaskResult, failedResult, plain, unknownResult } from '../task-result.ts'
import { defineControl } from './control.ts'

export const assertControl = defineControl({
  name: 'assert',
  summary: 'Fail unless all conditions hold.',
  notes: ['Conditions are written without braces. Runs on the controller; where a condition cannot be known in a dry run, the task is unknown.'],
  examples: `
- name: What must be so before anything is done
  assert:
    that:
      - ansible_facts.os_family == 'Debian'
      - app_port | int > 1024
      - app_name is match('^[a-z]+$')
    fail_msg: "this role needs Debian, a free port and a plain name; the port is {{ app_port }}"
    success_msg: all is as it must be
- name: The same in one line, said only where it fails
  assert: { that: app_name is defined, quiet: true }
`,
  params: {
    that: raw('Conditions, without braces.', { required: true }),
    fail_msg: raw('What to say when one does not hold.', { aliases: ['msg'] }),
    success_msg: raw('What to say when all hold.'),
    quiet: flag('Say less.', { default: false }),
  },
  lenient: true,
  asWritten: ['that'],
  act: (call, { fail_msg, success_msg, quiet }) => {
    // The conditions as written: rendering them first would evaluate their text twice.
    const written = call.task.args.get('that') ?? (call.task.argsTemplate === undefined ? null : render(call.task.argsTemplate, call.scope))
    const list = written instanceof TemplateString && /^\s*\{\{.*\}\}\s*$/s.test(written.source) ? render(written, call.scope) : written
    let open: Unknown | undefined
    for (const that of Array.isArray(list) ? (list as readonly Value[]) : [list]) {
      const truth = isUnknown(that) ? that : condition(expressionOf(that), call.scope, call.task.argSpans.get('that'))
      if (isUnknown(truth)) open ??= truth
      else if (!truth) return assertionFailed(fail_msg, that, quiet)
    }
    if (open) return unknownResult(`the assertion: ${open.reason}`)
    return plain('ok', { changed: false, msg: (success_msg as Value | undefined) ?? 'All assertions passed', ...(quiet ? {} : { _ansible_verbose_always: true }) })
  },
})

function assertionFailed(message: unknown, that: Value, quiet: boolean): TaskResult {
  const said = { assertion: expressionOf(that) as Value, evaluated_to: false, changed: false, ...(quiet ? {} : { _ansible_verbose_always: true }) }
  const failed = failedResult(textOf(message) ?? 'Assertion failed', said)
  return Array.isArray(message) ? { ...failed, outputs: new Map([...failed.outputs, ['msg', message as readonly Value[]]]) } : failed
}

/** An item that is left empty says nothing, before 2.19 at least. */
const expressionOf = (that: Value): string | boolean => (that === null ? '' : typeof that === 'boolean' ? that : that instanceof TemplateString ? that.source : String(that))
const textOf = (value: unknown): string | undefined => (value === undefined || value === null ? undefined : Array.isArray(value) ? value.join('\n') : String(value))
