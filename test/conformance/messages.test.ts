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
  expect(ran.outputs('look').msg).toBe("'missing' is undefined")
  expect(ran.result('fails').reason).toMatch(/A variable is not defined: 'missing' is undefined \(.*playbook\.yml:5:\d+\) — give it a value/)
})
