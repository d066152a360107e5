import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('an environment that speaks of the facts of the host waits until they are gathered', async () => {
  const ran = await runYaml(`
- hosts: all
  gather_facts: true
  gather_subset: [env]
  environment: { WIDER: "{{ ansible_env.HOME }}/wider", PLAIN: plain }
  tasks:
    - { name: look, shell: 'echo $WIDER $PLAIN', vars: { gathered: "{{ ansible_env.PLAIN }} {{ ansible_env.WIDER | default('none') }}" }, register: seen }
    - { name: tell, debug: { msg: "{{ ansible_env.PLAIN }} {{ ansible_env.WIDER | default('none') }}" } }
`)
  expect(ran.outputs('look').stdout).toBe(`${process.env.HOME}/wider plain`)
  expect(ran.outputs('tell').msg).toBe('plain none')
})

test('a name that nobody defines is still a mistake, while gathering too', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: true\n  environment: { A: "{{ nobody }}" }\n  tasks: []')
  expect(ran.results[0]).toContain('failed Gathering Facts')
})
