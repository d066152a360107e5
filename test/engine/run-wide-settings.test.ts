import { expect, test } from 'vitest'
import { runYaml } from './run-yaml.ts'

const play = (tasks: string): string => `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks}`

test('no_log for the whole run hides results, unless a task says otherwise', async () => {
  const { outputs } = await runYaml(play("    - {name: hidden, debug: {msg: a}}\n    - {name: shown, debug: {msg: a}, no_log: no}\n    - {name: items, debug: {msg: a}, loop: [1]}\n"), { settings: { noLog: true } })
  expect(outputs('hidden').censored).toBeDefined()
  expect(outputs('shown').msg).toBe('a')
  expect(outputs('items').censored).toBeDefined()
})
test('a timeout for tasks without their own', async () => {
  const { outputs, exitCode } = await runYaml(play('    - {name: long, command: sleep 20}\n'), { settings: { taskTimeout: 1 } })
  expect(exitCode).toBe(2)
  expect(outputs('long').msg).toContain('expected time frame (1)')
})
test('ansible_managed says what the setting says', async () => {
  const { outputs } = await runYaml(play("    - {template: {src: a.j2, dest: DIR/out}}\n    - {name: read, command: cat DIR/out}\n"), { files: { 'a.j2': '{{ ansible_managed }}' }, settings: { managed: 'Mine: {file} %Y {other}' } })
  expect(outputs('read').stdout).toMatch(/^Mine: a\.j2 20\d\d \{other\}$/)
})
