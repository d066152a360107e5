import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const HEAD = '- hosts: all\n  gather_facts: false\n'

test.each([
  ['a keyword that is none', `${HEAD}  task: []\n`, "'task' is not a valid attribute for a Play"],
  ['no play', '[]', 'A playbook must contain at least one play'],
  ['no hosts', '- hosts: []\n', 'Hosts list cannot be empty. Please check your playbook'],
  ['two users', `${HEAD}  user: a\n  remote_user: b\n`, "both 'user' and 'remote_user' are set for this play."],
  ['tasks that are no list', `${HEAD}  tasks: 123\n`, 'A malformed block was encountered while loading tasks: 123 should be a list or None'],
  ['roles that are no list', `${HEAD}  roles: 123\n`, 'A malformed role declaration was encountered.'],
  ['a role in the oldest style', `${HEAD}  roles: ["foo,bar"]\n`, 'Invalid old style role requirement: foo,bar'],
  ['a prompt without a name', `${HEAD}  vars_prompt: [{ prompt: x }]\n`, "Invalid vars_prompt data structure, missing 'name' key"],
  ['a block as a handler', `${HEAD}  handlers: [{ block: [{ block: [{ debug: }] }] }]\n`, 'Using a block as a handler is not supported.'],
  ['a role as a handler', `${HEAD}  handlers: [{ name: x, include_role: { name: r } }]\n`, "Using 'include_role' as a handler is not supported."],
  ['a handler that flushes handlers', `${HEAD}  handlers: [{ meta: flush_handlers }]\n`, 'flush_handlers cannot be used as a handler'],
  ['the end of no role', `${HEAD}  tasks: [{ meta: end_role }]\n`, "Cannot execute 'end_role' from outside of a role"],
  ['a variable beside the file of an include', `${HEAD}  tasks: [{ include_tasks: { file: x.yml, y: 1 } }]\n`, 'Invalid options for include_tasks: y'],
  ['a parameter that only the engine may give', `${HEAD}  tasks: [{ debug: { _ansible_x: 1 } }]\n`, "The prefix '_ansible_' is reserved for internal use only."],
  ['a result under a name that is none', `${HEAD}  tasks: [{ debug: , register: 200 }]\n`, "Invalid variable name in 'register' specified: '200'"],
  ['apply on an import', `${HEAD}  tasks: [{ import_tasks: { file: x.yml, apply: {} } }]\n`, 'Invalid options for import_tasks: apply'],
])('%s is refused in the words that scripts know', async (_, source, message) => {
  await expect(runYaml(source, { files: { 'x.yml': '- debug:' } })).rejects.toThrow(message)
})

test('a block at the top of the handlers only groups them', async () => {
  const { results } = await runYaml(`${HEAD}  tasks: [{ command: "true", notify: one }]\n  handlers: [{ name: both, block: [{ name: one, debug: }, { name: two, debug: }] }]\n`)
  expect(results).toEqual(['h1 changed command', 'h1 ok one'])
})
test('the name of an action may be a template of what is known before the run', async () => {
  const ran = await runYaml(`${HEAD}  vars: { mine: debug }\n  tasks: [{ name: said, action: "{{ mine }} msg=hello" }]\n`)
  expect(ran.outputs('said').msg).toBe('hello')
})
