import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const run = (...tasks: string[]) => runYaml(`- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.map((task) => `    - ${task}\n`).join('')}`)

test('an argument that is omit is not there, nor is the default below it', async () => {
  const ran = await run('{ name: facts, set_fact: { a: 1, b: "{{ omit }}", c: { d: "{{ omit }}" } } }', '{ name: said, debug: { msg: "{{ nothing | default(omit) }}" }, module_defaults: { debug: { msg: default } } }')
  expect(ran.outputs('facts').ansible_facts).toEqual({ a: 1, c: {} })
  expect(ran.outputs('said').msg).toBe('Hello world!')
})

test('in the middle of a text it is nothing', async () => {
  const ran = await run('{ name: text, debug: { msg: "a{{ omit }}b" } }')
  expect(ran.outputs('text').msg).toBe('ab')
})

test('a keyword that is omitted is that of what is around; so is `serial` of a play', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  serial: "{{ nothing | default(omit) }}"\n  ignore_errors: true\n  tasks: [{ name: breaks, fail: {}, ignore_errors: "{{ omit }}" }]', { hosts: ['h1', 'h2'] })
  expect([ran.exitCode, ran.events.filter(({ type }) => type === 'play-start').length]).toEqual([0, 1])
})

test('an empty delegate_to is a mistake, an omitted one is none', async () => {
  const ran = await run('{ name: empty, ping: {}, delegate_to: "{{ nobody }}", when: nobody != "", vars: { nobody: "" }, ignore_errors: true }', '{ name: omitted, ping: {}, delegate_to: "{{ omit }}" }')
  expect(ran.results).toEqual(['h1 failed empty', 'h1 ok omitted'])
})
