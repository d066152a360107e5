import { expect, test } from 'vitest'
import { load, problemsOfLoading } from './project.ts'

const play = (tasks: string, handlers: string, more = ''): string => `- hosts: all\n${more}  tasks:\n${tasks}  handlers:\n${handlers}`
const CALL = '    - {command: x, notify: restart web}\n'

test.each([
  ['no handler', CALL, '    - {name: other, ping: }\n', '', ["'restart web'"]],
  ['its name', CALL, '    - {name: restart web, ping: }\n', '', []],
  ['a topic', CALL, '    - {name: other, listen: [a, restart web], ping: }\n', '', []],
  ['one of a role', CALL, '    []\n', '  roles: [r]\n', []],
  ['one of an imported role', `${CALL}    - import_role: {name: r}\n`, '    []\n', '', []],
  ['a role that comes on the way', `${CALL}    - include_role: {name: r}\n`, '    []\n', '', []],
  ['a name with a template', CALL, '    - {name: "restart {{ x }}", ping: }\n', '', []],
  ['handlers that are included', CALL, '    - {name: more, include_tasks: x.yml}\n', '', []],
  ['a notification with a template', '    - {command: x, notify: "{{ y }}"}\n', '    []\n', '', []],
  ['the name with its role', '    - {command: x, notify: "r : restart web"}\n', '    []\n', '  roles: [r]\n', []],
  ['a block that notifies', '    - {notify: restart web, block: [{command: x}]}\n', '    - {name: other, ping: }\n', '', ["'restart web'"]],
  ['a handler that notifies', '    - {command: x, notify: a}\n', '    - {name: a, command: x, notify: restart web}\n', '', ["'restart web'"]],
])('a notification, and %s', (_, tasks, handlers, more, expected) => {
  const told: string[] = []
  load({ 'site.yml': play(tasks, handlers, more), 'roles/r/handlers/main.yml': '- {name: restart web, ping: }\n' }, { warn: (problem) => problem.code === 'unknown-handler' && told.push(problem.detail!) })
  expect(told).toEqual(expected)
})

test('where a role is missing only what looks like a slip is told', () => {
  const told: string[] = []
  const site = play(`${CALL}    - {command: x, notify: reload postfix}\n`, '    - {name: restart wbe, ping: }\n', '  roles: [nope]\n')
  expect(problemsOfLoading({ 'site.yml': site }, { warn: (problem) => problem.code === 'unknown-handler' && told.push(`${problem.detail} ${problem.hint}`) }).map(({ code }) => code)).toEqual(['role-not-found'])
  expect(told).toEqual(["'restart web' did you mean 'restart wbe'?"])
})
