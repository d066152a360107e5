import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('templates in the quoted strings of conditions and of arguments of lookups are rendered; elsewhere they are text', async () => {
  const ran = await runYaml(`
- hosts: all
  vars: {x: hi}
  tasks:
    - {name: first, debug: {}, when: "'{{ x }}' == 'hi'"}
    - {name: second, debug: {}, when: "'{{ x }}' == 'ho'"}
    - {name: holds, assert: {that: "'{{ x }}' == 'hi'"}}
    - {name: reached, assert: {that: "nothing is not defined or nothing == '{{ nothing }}'"}}
    - name: elsewhere
      debug: msg="{{ lookup('pipe', 'echo {{ x }}') }} {{ '{' ~ '{ x }}' }}"
`)
  expect(ran.results.map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual(['ok first', 'skipped second', 'ok holds', 'ok reached', 'ok elsewhere'])
  expect(ran.outputs('elsewhere').msg).toBe('hi {{ x }}')
})

test('loops take the items of their lookup as they are', async () => {
  const ran = await runYaml(`
- hosts: all
  tasks:
    - {name: items, debug: {msg: "{{ item }}"}, with_items: [[1, [2]], 3]}
    - {name: list, debug: {msg: "{{ item }}"}, with_list: [a, [b, c]]}
    - {name: pairs, debug: {msg: "{{ item | type_debug }}"}, with_indexed_items: [a]}
    - name: candidates
      debug: {msg: "{{ item | basename }}"}
      with_first_found: [{files: ["{{ missing }}.yml", playbook.yml]}]
`)
  const messages = (name: string) => ran.outputs(name).results.map(({ msg }: { msg: unknown }) => msg)
  expect(messages('items')).toEqual([1, [2], 3])
  expect(messages('list')).toEqual(['a', ['b', 'c']])
  expect(messages('pairs')).toEqual(['list'])
  expect(messages('candidates')).toEqual(['playbook.yml'])
})
