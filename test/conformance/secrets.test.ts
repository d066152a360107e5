import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('what a task gives as a secret stands in none of its results, also where they are registered', async () => {
  const ran = await runYaml(`
- hosts: all
  tasks:
    - { name: load pa55word.txt, get_url: { url: "file://DIR/pa55word.txt", dest: DIR/got, url_username: me, url_password: pa55word }, register: loaded }
    - { name: look, debug: { msg: "{{ loaded.url }}" } }
`, { files: { 'pa55word.txt': 'x' } })
  expect(ran.outputs('look').msg).toMatch(/\/\*{8}\.txt$/)
  expect(ran.events.find((event) => event.type === 'task-start')).toMatchObject({ name: 'load pa55word.txt', literal: true })
})

test('a module that failed without a change is ok where failed_when says that it did not fail', async () => {
  const ran = await runYaml('- hosts: all\n  tasks: [{ name: t, slurp: { src: /does/not/exist }, failed_when: false }, { name: c, command: "false", failed_when: false }]')
  expect(ran.results).toEqual(['h1 ok t', 'h1 changed c'])
})
