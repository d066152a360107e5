import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('what is asked may name the hosts, and is shown where a play shows it', async () => {
  const ran = await runYaml(`
- hosts: "{{ where }}"
  vars_prompt: [{ name: where, prompt: Where }, { name: sure, confirm: true }]
  tasks: [{ name: look, debug: { msg: "{{ where }} {{ sure }}" } }]
`, { hosts: ['one', 'two'], answers: ['two', 'yes', 'no', 'yes', 'yes'] })
  expect(ran.results).toEqual(['two ok look'])
  expect(ran.outputs('look').msg).toBe('two yes')
})

test('a pause waits a second at least, and says what is wrong with its parameters as Ansible does', async () => {
  const ran = await runYaml(`
- hosts: all
  tasks:
    - { name: short, pause: { seconds: 0.1 } }
    - { name: word, pause: { seconds: hello }, ignore_errors: true }
    - { name: flag, pause: { echo: hello }, ignore_errors: true }
    - { name: both, pause: { seconds: 1, minutes: 1 }, ignore_errors: true }
    - { name: other, pause: { foo: bar }, ignore_errors: true }
    - { name: nobody, pause: }
`)
  expect(ran.outputs('short').stdout).toMatch(/^Paused for 1\.\d+ seconds$/)
  expect(ran.outputs('word').msg).toBe("argument 'seconds' is of type str and we were unable to convert to int: invalid literal for int() with base 10: 'hello'")
  expect(ran.outputs('flag').msg).toContain("argument 'echo' is of type str and we were unable to convert to bool: The value 'hello' is not a valid boolean.")
  expect(ran.outputs('both').msg).toBe('parameters are mutually exclusive: minutes|seconds')
  expect(ran.outputs('other').msg).toBe('Unsupported parameters for (pause) module: foo. Supported parameters include: echo, minutes, prompt, seconds.')
  expect(ran.events).toContainEqual(expect.objectContaining({ type: 'warning', text: 'Not waiting for response to prompt as stdin is not interactive' }))
})
