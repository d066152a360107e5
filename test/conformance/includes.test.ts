import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const including = (file: string, more = ''): string => `- hosts: all\n  gather_facts: false\n  tasks:\n    - block:\n        - include_tasks: "{{ 'x'[:0] }}${file}"\n      rescue: [{ name: saved, debug: {} }]\n${more}`

test('an included file that is not there fails the task, which a rescue catches', async () => {
  const ran = await runYaml(including('nowhere.yml'))
  expect([ran.results.at(-1), ran.exitCode]).toEqual(['h1 ok saved', 0])
})

test('one that is no playbook language ends the run, whatever is around it', async () => {
  await expect(runYaml(including('odd.yml'), { files: { 'odd.yml': '- { debug: {}, command: ls }' } })).rejects.toThrow('conflicting action statements')
})

test('what stands behind an unconditional failure is not refused ahead', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  tasks:\n    - { name: breaks, fail: {} }\n    - include_tasks: odd.yml', { files: { 'odd.yml': 'just words' } })
  expect(ran.results).toEqual(['h1 failed breaks'])
})

test('an unreachable host that is ignored counts as ok and ignored', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  tasks: [{ name: lost, ping: {}, vars: { ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1 }, ignore_unreachable: true }]')
  const recap = ran.events.find((event) => event.type === 'recap')
  expect(recap?.type === 'recap' && recap.hosts.get('h1')).toMatchObject({ ok: 1, ignored: 1, unreachable: 0 })
})

test('variables of an include stand above facts, those under `apply` and of imports below', async () => {
  const seen = { 'seen.yml': '- { name: seen, debug: { msg: "{{ x }}" }, vars: { x: task } }' }
  const with_ = async (task: string) => (await runYaml(`- hosts: all\n  gather_facts: false\n  tasks:\n    - set_fact: { x: fact }\n    - ${task}`, { files: seen })).outputs('seen').msg
  expect(await with_('{ include_tasks: seen.yml, vars: { x: include } }')).toBe('include')
  expect(await with_('{ include_tasks: seen.yml, loop: [item], loop_control: { loop_var: x } }')).toBe('item')
  expect(await with_('{ include_tasks: { file: seen.yml, apply: { vars: { x: applied } } } }')).toBe('fact')
  expect(await with_('{ import_tasks: seen.yml, vars: { x: import } }')).toBe('fact')
})
