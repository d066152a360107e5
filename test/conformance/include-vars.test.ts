import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const files = { 'vars/top/b.yml': 'who: top b', 'vars/top/a.yml': 'who: top a', 'vars/top/deep/c.yml': 'who: deep', 'vars/top/noending': 'who: none', 'vars/h.yml': 'dict: { b: 2 }' }
const run = (...tasks: string[]) => runYaml(`- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.map((task) => `    - ${task}\n`).join('')}`, { files })

test('a directory: its files by name before those of its directories', async () => {
  const ran = await run('{ name: read, include_vars: { dir: top, extensions: [yml, ""] } }', '{ name: who, debug: { msg: "{{ who }}" } }')
  expect(ran.outputs('read').ansible_included_var_files.map((file: string) => file.split('top/')[1])).toEqual(['a.yml', 'b.yml', 'noending', 'deep/c.yml'])
  expect(ran.outputs('who').msg).toBe('deep')
})

test('depth 1 stays in the directory; a file with another ending fails, with its reason as `message`', async () => {
  const ran = await run('{ name: flat, include_vars: { dir: top, depth: 1, ignore_unknown_extensions: true } }', '{ name: odd, include_vars: { dir: top }, ignore_errors: true }', '{ name: empty, include_vars: { file: "" }, ignore_errors: true }')
  expect(ran.outputs('flat').ansible_included_var_files).toHaveLength(2)
  expect(ran.outputs('odd').message).toContain('does not have a valid extension: yaml, yml, json')
  expect(ran.outputs('empty').message).toBe('Could not find file on the Ansible Controller.')
})

test('hash_behaviour: merge joins dicts with what is there', async () => {
  const ran = await run('set_fact: { dict: { a: 1 } }', '{ name: read, include_vars: { file: h.yml, hash_behaviour: merge } }')
  expect(ran.outputs('read').ansible_facts).toEqual({ dict: { a: 1, b: 2 } })
})
