import type { Span } from '../problem/problem.ts'
import { type Dict, type Value, dict, isDict } from '../value/value.ts'
import type { Role, Task } from './tree.ts'

/** The task that checks a role's arguments before its first one, where `argument_specs` describes the entry point. */
export function argumentsTask(role: Role, tasksFrom: string | undefined, span: Span): Task | undefined {
  const entry = (tasksFrom ?? 'main').replace(/\.(ya?ml|json)$/, '')
  const spec = role.argumentSpecs.get(entry)
  if (!isDict(spec)) return undefined
  const summary = spec.get('short_description')
  const name = `Validating arguments against arg spec '${entry}'${typeof summary === 'string' && summary ? ` - ${summary}` : ''}`
  return {
    kind: 'task', span, name, action: 'validate_argument_spec', actionAsWritten: 'ansible.builtin.validate_argument_spec', args: checkArguments(role, entry, spec),
    argSpans: new Map(), tags: ['always'], when: [], vars: new Map(), until: [], notify: [], listen: [], home: { directory: `${role.path}/tasks`, role },
  }
}

function checkArguments(role: Role, entry: string, spec: Dict): Dict {
  const context = dict({ type: 'role', name: role.name, argument_spec_name: entry, path: role.path })
  const options: Value = spec.get('options') ?? new Map()
  return dict({ argument_spec: options, provided_arguments: new Map(), validate_args_context: context })
}
