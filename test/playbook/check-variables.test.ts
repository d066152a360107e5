import { expect, test } from 'vitest'
import type { KnownVariables } from '../../src/playbook/load-playbook.ts'
import { Problem } from '../../src/problem/problem.ts'
import { problemsOfLoading } from './project.ts'

const known: KnownVariables = { names: new Set(['inventory_hostname', 'ansible_os_family', 'item']), facts: new Set(['os_family']), whole: true }

/** `error` or `warning`, the code, the file and the line, and what the hint says. */
function told(files: Readonly<Record<string, string>>, more: Partial<KnownVariables> = {}): readonly string[] {
  const warned: Problem[] = []
  const refused = problemsOfLoading(files, { variables: () => ({ ...known, ...more }), warn: (problem) => void warned.push(problem) })
  const show = (severity: string) => ({ code, detail, span }: Problem): string => `${severity} ${code} ${detail} ${span?.file.split('/').at(-1)}:${span?.line}`
  return [...refused.map(show('error')), ...warned.map(show('warning'))].filter((line) => /variable|fact|file/.test(line)).sort()
}
const play = (tasks: string): string => `- hosts: all\n  vars: {user_name: a}\n  tasks:\n${tasks}    - debug: {msg: "{{ user_name }}"}\n`

test('a slip that is certain to be reached is refused', () => {
  expect(told({ 'site.yml': play('    - debug: {msg: "{{ user_nmae }}"}\n') })).toEqual(["error undefined-variable 'user_nmae' site.yml:4"])
})
test('behind a condition it is a warning', () => {
  expect(told({ 'site.yml': play('    - debug: {msg: "{{ user_nmae }}"}\n      when: inventory_hostname == "x"\n') })).toEqual(["warning undefined-variable 'user_nmae' site.yml:4"])
})
test('a name that is near to nothing is warned of where the inventory was asked, and passed over where none was named', () => {
  const files = { 'site.yml': play('    - debug: {msg: "{{ wholly_else }}"}\n') }
  expect(told(files)).toEqual(["warning undefined-variable 'wholly_else' site.yml:4"])
  expect(told(files, { whole: false })).toEqual([])
})
test.each([
  ['a default', '    - debug: {msg: "{{ anything | default(1) }}"}\n'],
  ['a test before it', '    - debug: {msg: "{{ anything if anything is defined else 1 }}"}\n'],
  ['a condition of the task', '    - debug: {msg: "{{ anything }}"}\n      when: anything is defined\n'],
  ['an earlier condition of a list', '    - debug: {msg: a}\n      when: [anything is defined, anything > 1]\n'],
  ['a condition of a block around it', '    - block: [{debug: {msg: "{{ anything }}"}}]\n      when: anything is defined\n'],
  ['the other way round', '    - debug: {msg: a}\n      when: anything is not defined or anything > 1\n'],
  ['a guard elsewhere: users may set it', '    - debug: {msg: "{{ anything }}"}\n    - debug: {msg: a}\n      when: anything is defined\n'],
  ['a result', '    - {command: x, register: done}\n    - debug: {msg: "{{ done.rc }}"}\n'],
  ['set_fact', '    - set_fact: {made: 1}\n    - debug: {msg: "{{ made }}"}\n'],
  ['a loop', '    - debug: {msg: "{{ thing }}{{ at }}"}\n      loop: [1]\n      loop_control: {loop_var: thing, index_var: at}\n'],
  ['its own vars', '    - debug: {msg: "{{ own }}"}\n      vars: {own: 1}\n'],
  ['names that a template sets itself', '    - debug: {msg: "{% set x = 1 %}{{ x }}{% for y in [x] %}{{ y }}{{ loop.index }}{% endfor %}"}\n'],
  ['an included file of variables', '    - include_vars: more.yml\n    - debug: {msg: "{{ from_file }}"}\n'],
  ['an included file whose name depends on the host', '    - include_vars: "vars/{{ ansible_os_family }}.yml"\n    - debug: {msg: "{{ from_debian }}"}\n'],
  ['an included file of tasks', '    - include_tasks: more-tasks.yml\n    - debug: {msg: "{{ set_there }}"}\n'],
])('nothing is said where it is defined by %s', (_, tasks) => {
  const files = { 'site.yml': play(tasks), 'vars/more.yml': 'from_file: 1\n', 'vars/Debian.yml': 'from_debian: 1\n', 'more-tasks.yml': '- set_fact: {set_there: 1}\n' }
  expect(told(files)).toEqual([])
})
test('the name that was misspelt where it is set is told there, too', () => {
  expect(told({ 'site.yml': play('    - {command: x, register: resutl_of_it}\n    - debug: {msg: "{{ result_of_it.rc }}"}\n') }))
    .toEqual(["error undefined-variable 'result_of_it' site.yml:5", "warning unread-variable 'resutl_of_it' site.yml:4"])
})
test('a fact by a misspelt name', () => {
  expect(told({ 'site.yml': play('    - debug: {msg: "{{ ansible_facts.os_famly }}{{ ansible_facts[\'os_family\'] }}"}\n') })).toEqual(["warning unknown-fact 'os_famly' site.yml:4"])
})
test('what depends on the host is read ahead: its mistakes are warnings there, with their own places', () => {
  const files = {
    'site.yml': '- hosts: all\n  roles: [r]\n', 'roles/r/defaults/main.yml': 'r_user: a\n', 'roles/r/tasks/main.yml': '- include_tasks: "setup-{{ ansible_os_family }}.yml"\n',
    'roles/r/tasks/setup-Debian.yml': '- debug: {msg: "{{ r_usre }} {{ r_user }}"}\n- include_tasks: setpu-Debian.yml\n  when: inventory_hostname == "x"\n',
  }
  expect(told(files).map((line) => line.replace(/, looked.* /, ' '))).toEqual(["warning file-not-found 'setpu-Debian.yml' setup-Debian.yml:2", "warning undefined-variable 'r_usre' setup-Debian.yml:1"])
})
