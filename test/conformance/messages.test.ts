import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('what is registered of an error is its message; the place and the hint are told beside it', async () => {
  const ran = await runYaml(`
- hosts: all
  tasks:
    - name: fails
      debug: msg={{ missing }}
      register: found
      ignore_errors: true
    - name: look
      debug: msg={{ found.msg }}
`)
  expect(ran.outputs('look').msg).toMatch(/^The task includes an option with an undefined variable\. The error was: 'missing' is undefined\n\nThe error appears to be in '.*playbook\.yml': line 5, column \d+$/)
  expect(ran.result('fails').reason).toMatch(/A variable is not defined: 'missing' is undefined \(.*playbook\.yml:5:\d+\) — give it a value/)
})

test('parameters that do not fit are registered in the words that playbooks compare', async () => {
  const ran = await runYaml(`
- hosts: all
  ignore_errors: true
  vars: { strange: { foo: 1, bar: 2 }, none: {}, wrong: maybe }
  tasks:
    - { name: strange, ping: '{{ strange }}' }
    - { name: action, wait_for_connection: '{{ strange }}' }
    - { name: missing, stat: '{{ none }}' }
    - { name: choice, file: { path: /x, state: '{{ wrong }}' } }
    - { name: type, file: { path: /x, recurse: '{{ wrong }}' } }
    - { name: rule, pip: '{{ none }}' }
`)
  expect(ran.outputs('strange').msg).toBe('Unsupported parameters for (ping) module: bar, foo. Supported parameters include: data.')
  expect(ran.outputs('action').msg).toBe('Invalid options for wait_for_connection: foo,bar')
  expect(ran.outputs('missing').msg).toBe('missing required arguments: path')
  expect(ran.outputs('choice').msg).toBe('value of state must be one of: absent, directory, file, hard, link, touch, got: maybe')
  expect(ran.outputs('type').msg).toMatch(/^argument 'recurse' is of type str and we were unable to convert to bool: /)
  expect(ran.outputs('rule').msg).toBe('one of the following is required: name, requirements')
})

test('a condition tells its failure without calling itself an option', async () => {
  const ran = await runYaml(`
- hosts: all
  tasks:
    - name: fails
      debug: msg=no
      when: missing
      register: found
      ignore_errors: true
    - name: look
      debug: msg={{ found.msg }}
`)
  expect(ran.outputs('look').msg).toBe("'missing' is undefined")
})
