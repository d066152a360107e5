import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const files = { 'roles/a/tasks/main.yml': '- { name: ran, debug: {} }', 'roles/b/tasks/main.yml': '- set_fact: { ready: true }' }

test('a role that was skipped is not done: its second use runs, its third does not', async () => {
  const use = '    - { role: a, when: ready is defined }\n'
  const ran = await runYaml(`- hosts: all\n  gather_facts: false\n  roles:\n${use}    - b\n${use}${use}`, { files })
  expect(ran.results.filter((line) => line.endsWith('a : ran'))).toEqual(['h1 skipped a : ran', 'h1 ok a : ran'])
})

test('include_role runs again, unless allow_duplicates is false', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  tasks:\n    - include_role: { name: a }\n    - include_role: { name: a }\n    - include_role: { name: a, allow_duplicates: false }', { files })
  expect(ran.results.filter((line) => line.endsWith('a : ran'))).toHaveLength(2)
})

test('a role of the play is done for include_role, too', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  roles: [a]\n  tasks:\n    - include_role: { name: a, allow_duplicates: false }', { files })
  expect(ran.results.filter((line) => line.endsWith('a : ran'))).toHaveLength(1)
})

test('gather_facts is a task like setup', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  tasks: [{ name: facts, gather_facts: { gather_subset: ["!all"] } }, { name: seen, debug: { msg: "{{ ansible_facts.system }}" } }]')
  expect(ran.outputs('seen').msg).toBe('Linux')
})

test('text that a template leaves beside named arguments fails the task', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  tasks: [{ name: odd, debug: "garbage {{ 1 + 1 }}" }]')
  expect([ran.results, ran.result('odd').reason]).toEqual([['h1 failed odd'], expect.stringContaining("invalid or malformed argument: 'garbage 2'")])
})

test('a role may import itself by another file of its tasks', async () => {
  const own = { 'roles/c/tasks/main.yml': '- import_role: { name: c, tasks_from: more }', 'roles/c/tasks/more.yml': '- { name: more, debug: {} }' }
  expect((await runYaml('- hosts: all\n  gather_facts: false\n  roles: [c]', { files: own })).results).toEqual(['h1 ok c : more'])
  const circle = { ...own, 'roles/c/tasks/more.yml': '- import_role: { name: c }' }
  await expect(runYaml('- hosts: all\n  gather_facts: false\n  roles: [c]', { files: circle })).rejects.toThrow('in a circle')
})

test('the arguments of an included role are checked by a task of its own', async () => {
  const own = { 'roles/d/tasks/main.yml': '- { name: inside, debug: {} }', 'roles/d/meta/argument_specs.yml': 'argument_specs: { main: { short_description: The main one, options: { x: { type: int, required: true } } } }' }
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  tasks:\n    - block: [{ include_role: { name: d } }]\n      rescue: [{ name: said, debug: { msg: "{{ ansible_failed_task.name }}" } }]\n    - include_role: { name: d, rolespec_validate: false }', { files: own })
  expect(ran.outputs('said').msg).toContain("Validating arguments against arg spec 'main' - The main one")
  expect(ran.results.at(-1)).toBe('h1 ok d : inside')
})

test('files of a role are those inside of it', async () => {
  await expect(runYaml('- hosts: all\n  gather_facts: false\n  tasks: [{ import_role: { name: a, tasks_from: ../../b/tasks/main.yml } }]', { files })).rejects.toThrow('as it is not inside the expected role path')
})
