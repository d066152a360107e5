import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('names of facts may be templates, as text and as keys', async () => {
  const ran = await runYaml(`
- hosts: all
  tasks:
    - set_fact: "{{ 'x' + item }}={{ item }}"
      with_sequence: start=0 end=2
    - set_fact:
        "{{ 'y' }}z": 5
    - name: look
      debug: msg="{{ x0 }} {{ x2 }} {{ yz }}"
`)
  expect(ran.outputs('look').msg).toBe('0 2 5')
})

test('a variable that is null is defined', async () => {
  const ran = await runYaml(`
- hosts: all
  vars: {empty: null}
  tasks:
    - name: look
      debug: msg="{{ empty is defined }} {{ empty or 'none' }}"
`)
  expect(ran.outputs('look').msg).toBe('True none')
})

test('jinja2_native: false makes booleans of words, as up to 2.18', async () => {
  const source = '- hosts: all\n  tasks: [{ name: set, set_fact: { a: "yes", b: "{{ \'FALSE\' }}", c: maybe } }]'
  expect((await runYaml(source, { settings: { factsFromWords: true } })).outputs('set').ansible_facts).toEqual({ a: true, b: false, c: 'maybe' })
  expect((await runYaml(source)).outputs('set').ansible_facts).toEqual({ a: 'yes', b: 'FALSE', c: 'maybe' })
})
