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
