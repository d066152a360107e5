import { expect, test } from 'vitest'
import { showPlaybook } from '../../src/playbook/task-list.ts'
import { load } from './project.ts'

const files = {
  'site.yml': '- hosts: [h1, h2]\n  name: third\n  tags: [pt, aa]\n  roles: [{role: r, tags: [b, a]}]\n  tasks:\n    - ping:\n    - name: n\n      ping:\n      tags: never\n',
  'roles/r/tasks/main.yml': '- name: one\n  ping:\n- name: inc\n  include_role: {name: r}\n- block: [{name: in, ping: }]\n  rescue: [{name: out, ping: }]\n',
}
const all = { tags: [], skipTags: [] }

// As ansible-playbook prints it.
test('tasks and tags', () => {
  expect(showPlaybook({ ...load(files), file: 'site.yml' }, { ...all, tasks: true })).toBe(`
playbook: site.yml

  play #1 (h1,h2): third\tTAGS: [aa,pt]
    tasks:
      r : one\tTAGS: [a, aa, b, pt]
      inc\tTAGS: [a, aa, b, pt]
      r : in\tTAGS: [a, aa, b, pt]
      ping\tTAGS: [aa, pt]`)
})
test('all tags, those of never too', () => expect(showPlaybook(load(files), { ...all, listTags: true })).toMatch(/\n {6}TASK TAGS: \[a, aa, b, never, pt\]$/))
test('hosts', () => expect(showPlaybook(load(files), { ...all, hosts: () => ['h1'] })).toMatch(/\n {4}pattern: \['h1', 'h2'\]\n {4}hosts \(1\):\n {6}h1$/))
test('a role that the keyword collections found bears the name of its collection', () => {
  const listed = showPlaybook(load({ 'site.yml': '- hosts: h1\n  collections: [my.own]\n  roles: [web]\n', 'collections/ansible_collections/my/own/roles/web/tasks/main.yml': '- name: one\n  ping:\n' }), { ...all, tasks: true })
  expect(listed).toContain('      my.own.web : one')
})
