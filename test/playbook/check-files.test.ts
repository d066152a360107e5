import { describe, expect, test } from 'vitest'
import type { ModuleCatalog } from '../../src/playbook/load-playbook.ts'
import { problemsIn } from './project.ts'

/** Every module takes a `src` from the controller. */
const catalog: ModuleCatalog = {
  names: () => [],
  find: (action) => ({ problems: () => [], files: (args) => (action === 'copy' && typeof args.get('src') === 'string' ? [{ param: 'src', name: String(args.get('src')), directory: 'files', render: false }] : []) }),
}
const play = (tasks: string, head = 'hosts: web'): string => `- ${head}\n  tasks:\n${tasks}`
const COPY = '    - copy: {src: a.txt, dest: /x}\n'
const missing = (files: Readonly<Record<string, string>>, options = {}): readonly string[] => problemsIn(files, { catalog, ...options })

test.each(['files/a.txt', 'a.txt'])('a file is found at %s', (file) => expect(missing({ 'site.yml': play(COPY), [file]: '' })).toEqual([]))
test('a file that is nowhere', () => expect(missing({ 'site.yml': play(COPY) })).toEqual(['missing-file@site.yml:3:19']))
test.each(['roles/r/files/a.txt', 'roles/r/a.txt', 'roles/r/tasks/files/a.txt', 'files/a.txt', 'a.txt'])('a file of a role is found at %s', (file) =>
  expect(missing({ 'site.yml': '- hosts: web\n  roles: [r]\n', 'roles/r/tasks/main.yml': '- copy: {src: a.txt}\n', [file]: '' })).toEqual([]))
test('a role that another depends on finds the files of that one', () =>
  expect(missing({ 'site.yml': '- hosts: web\n  roles: [r]\n', 'roles/r/meta/main.yml': 'dependencies: [s]\n', 'roles/s/tasks/main.yml': '- copy: {src: a.txt}\n', 'roles/r/files/a.txt': '' })).toEqual([]))
test('a file of an imported file of tasks is found beside it', () =>
  expect(missing({ 'site.yml': play('    - import_tasks: sub/t.yml\n'), 'sub/t.yml': '- copy: {src: a.txt}\n', 'sub/files/a.txt': '' })).toEqual([]))

describe('nothing is said where the file may come up', () => {
  test.each([
    ['a condition', '    - {copy: {src: a.txt}, when: x}\n'],
    ['a task that fetches', `    - {fetch: {src: a, dest: b}}\n${COPY}`],
    ['a task on another machine', `    - {command: make, delegate_to: localhost}\n${COPY}`],
    ['a local action', `    - local_action: command make\n${COPY}`],
    ['a lookup that writes', `    - debug: {msg: "{{ lookup('password', 'a.txt') }}"}\n${COPY}`],
    ['tasks that come on the way', `    - include_tasks: "{{ x }}.yml"\n${COPY}`],
  ])('%s', (_, tasks) => expect(missing({ 'site.yml': play(tasks) })).toEqual([]))
  test('a play on this machine, before', () => expect(missing({ 'site.yml': `${play('    - command: make\n', 'hosts: localhost')}${play(COPY)}` })).toEqual([]))
  test('a play with a connection of its own', () => expect(missing({ 'site.yml': play(COPY, 'hosts: web\n  connection: local') })).toEqual([]))
  test('hosts that the inventory puts on this machine', () => expect(missing({ 'site.yml': play(COPY) }, { playLocal: () => true })).toEqual([]))
  test('a block that is delegated', () => expect(missing({ 'site.yml': play(`    - {delegate_to: localhost, block: [{command: make}]}\n${COPY}`) })).toEqual([]))
})

describe('vars_files', () => {
  const site = (files: string): string => `- hosts: web\n  vars_files: ${files}\n`
  test('one that is nowhere', () => expect(missing({ 'site.yml': site('[a.yml]') })).toEqual(['missing-file@site.yml:1:3']))
  test('the first that is there is enough', () => expect(missing({ 'site.yml': site('[[a.yml, b.yml]]'), 'vars/b.yml': '' })).toEqual([]))
  test('what is wrong in it is told with the rest', () => expect(missing({ 'site.yml': site('[a.yml]'), 'a.yml': 'x: 1\nx: 2\n' })).toEqual(['yaml-duplicate-key@a.yml:2:1']))
  test('a name with a template waits', () => expect(missing({ 'site.yml': site('["{{ x }}.yml"]') })).toEqual([]))
})
