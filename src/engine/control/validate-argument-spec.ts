import { raw } from '../../schema/field.ts'
import { render } from '../../template/template.ts'
import { type Value, isDict } from '../../value/value.ts'
import { failedResult, plain } from '../task-result.ts'
import { checkOptions, strangeArguments } from '../validate-arguments.ts'
import { defineControl } from './control.ts'

export const validateArgumentSpec = defineControl({
  name: 'validate_argument_spec',
  summary: 'Check variables against a specification of arguments.',
  notes: ['Runs on the controller. Roles with meta/argument_specs.yml are checked without a task, before their first one.'],
  examples: `
- name: What this role was given is what it takes
  validate_argument_spec:
    argument_spec:
      app_port: { type: int, required: true }
      app_mode: { type: str, choices: [fast, safe], default: safe }
- name: By a specification in a file, with these values
  validate_argument_spec:
    argument_spec: "{{ (lookup('file', 'specs.yml') | from_yaml).argument_specs.main.options }}"
    provided_arguments: { app_name: shop }
`,
  params: { argument_spec: raw('The specification: option to type, required, choices, options.', { required: true }), provided_arguments: raw('Values that count before variables.'), validate_args_context: raw('Where the specification comes from, for messages.') },
  act: ({ scope }, { argument_spec, provided_arguments, validate_args_context }) => {
    if (!isDict(argument_spec)) return failedResult(`Incorrect type for argument_spec, expected dict and got ${Array.isArray(argument_spec) ? 'list' : typeof argument_spec}`)
    const given = isDict(provided_arguments) ? provided_arguments : new Map<Value, Value>()
    const wrong = [...checkOptions(argument_spec, (name) => given.get(name) ?? variable(name)), ...strangeArguments(argument_spec, given)]
    return wrong.length === 0 ? plain('ok', { msg: 'The arg spec validation passed', changed: false }) : failedResult(`Validation of arguments failed:\n${wrong.join('\n')}`, { argument_errors: wrong, argument_spec_data: argument_spec, validate_args_context: (validate_args_context ?? new Map()) as Value })

    function variable(name: string): Value | undefined {
      const value = scope.get(name)
      return value === undefined ? undefined : render(value, scope)
    }
  },
})
