import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { project } from '../playbook/project.ts'
import { fakeTerminal } from './fake-terminal.ts'

/** The first task leaves a mark: where the input is bad it must not have come so far. */
const play = (rest: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n    - command: touch marker chdir={{ playbook_dir }}\n${rest}`

/** Nothing answers there: what is refused is refused before anybody asks. On a host that is this machine, an earlier task could make the file. */
const REMOTE = 'h1 ansible_host=127.0.0.1 ansible_port=1\n'

interface Said { readonly exitCode: number; readonly out: string; readonly err: string; readonly touched: boolean }
async function tutti(files: Readonly<Record<string, string>>, args: readonly string[] = ['run'], env = {}): Promise<Said> {
  const directory = project({ hosts: 'h1 ansible_connection=local\n', ...files })
  const terminal = fakeTerminal({ env: { HOME: '/nowhere', ...env } })
  const [command = 'run', ...rest] = args
  const inventory = rest.includes('-i') ? [] : ['-i', join(directory, 'hosts')]
  const exitCode = await dispatch([command, join(directory, 'site.yml'), ...inventory, ...rest], terminal)
  const clean = (text: string): string => text.replaceAll(`${directory}/`, '')
  return { exitCode, out: clean(terminal.text()), err: clean(terminal.errors()), touched: existsSync(join(directory, 'marker')) }
}
/** "code@file:line:column" of all that is told. */
const told = (err: string): readonly string[] => [...err.matchAll(/\[([a-z-]+)\]\n {2}--> ([^\n]+)/g)].map(([, code, place]) => `${code}@${place}`)

describe('refused before anything is touched', () => {
  test.each<[what: string, files: Readonly<Record<string, string>>, place: string, words: string, caret: string]>([
    ['an unknown keyword of a task', { 'site.yml': play('      whn: true\n') }, 'unknown-keyword@site.yml:5:7', "did you mean 'when'?", '      whn: true\n    |       ^^^\n'],
    ['an unknown keyword of a play', { 'site.yml': `${play('')}  hsots: all\n` }, 'unknown-keyword@site.yml:5:3', "did you mean 'hosts'?", '  hsots: all\n    |   ^^^^^\n'],
    ['an unknown module', { 'site.yml': play('    - cpoy: {dest: /x}\n') }, 'unknown-module@site.yml:5:7', "did you mean 'copy'?", '- cpoy: {dest: /x}\n    |       ^^^^\n'],
    ['an unknown parameter', { 'site.yml': play('    - copy: {dest: /x, content: a, ower: me}\n') }, 'unknown-parameter@site.yml:5:42', "did you mean 'owner'?", ' ower: me}\n    |                                          ^^\n'],
    ['a wrong type', { 'site.yml': play('    - wait_for: {port: http}\n') }, 'wrong-type@site.yml:5:24', "'port' of module 'wait_for': expected a whole number, found \"http\"", '{port: http}\n    |                        ^^^^\n'],
    ['a wrong choice', { 'site.yml': play('    - file: {path: /x, state: directoy}\n') }, 'wrong-choice@site.yml:5:31', "did you mean 'directory'?", 'directoy}\n    |                               ^^^^^^^^\n'],
    ['a missing parameter', { 'site.yml': play('    - lineinfile: {line: a}\n') }, 'missing-parameter@site.yml:5:7', "needs 'path'", '- lineinfile: {line: a}\n    |       ^^^^^^^^^^\n'],
    ['a duplicate key of a playbook', { 'site.yml': play('    - debug: {msg: a, msg: b}\n') }, 'yaml-duplicate-key@site.yml:5:23', "'msg' is already on line 5, column 15", '{msg: a, msg: b}\n    |                       ^^^\n'],
    ['a duplicate key of variables', { 'site.yml': play('').replace('tasks', 'vars_files: [v.yml]\n  tasks'), 'v.yml': 'a: 1\nb: 2\na: 3\n' }, 'yaml-duplicate-key@v.yml:3:1', "'a' is already on line 1, column 1", '| a: 3\n    | ^\n'],
    ['a duplicate key of group_vars', { 'site.yml': play(''), 'group_vars/all.yml': 'a: 1\na: 3\n' }, 'yaml-duplicate-key@group_vars/all.yml:2:1', "'a' is already on line 1, column 1", '| a: 3\n    | ^\n'],
    ['a tab', { 'site.yml': play('    - debug:\n\t    msg: a\n') }, 'yaml-tab@site.yml:6:1', 'replace the tab by spaces', '\n    | ^\n'],
    ['a quote that is never closed', { 'site.yml': play('    - debug: {msg: "a}\n') }, 'yaml-syntax@site.yml:5:20', 'ERROR! ', ''],
    ['a colon too many', { 'site.yml': play('    - debug: msg: a\n') }, 'yaml-syntax@site.yml:5:', 'ERROR! ', ''],
    ['an error in a template', { 'site.yml': play('    - debug:\n        msg: "hello {{ name | }}"\n') }, 'template-syntax@site.yml:6:31', "expected a name, got '}}'", '"hello {{ name | }}"\n    |                               ^\n'],
    ['an error in a template of a block of text', { 'site.yml': play('    - debug:\n        msg: |\n          first\n          {{ a + }}\n') }, 'template-syntax@site.yml:8:18', '', '{{ a + }}\n    |                  ^\n'],
    ['an error in a condition', { 'site.yml': play('    - debug: {msg: a}\n      when: a is defined and\n') }, 'template-syntax@site.yml:', '', ''],
    ['an unknown filter', { 'site.yml': play('    - debug: {msg: "{{ a | upperr }}"}\n') }, 'unknown-filter@site.yml:5:28', "did you mean 'upper'?", ''],
    ['a missing role', { 'site.yml': play('').replace('tasks', 'roles: [wbe]\n  tasks'), 'roles/web/tasks/main.yml': '' }, 'role-not-found@site.yml:3:11', 'looked for at roles/wbe, ', '[wbe]\n    |           ^^^\n'],
    ['a missing file of variables', { hosts: REMOTE, 'site.yml': play('').replace('tasks', 'vars_files: [nope.yml]\n  tasks') }, 'missing-file@site.yml:1:3', 'looked for at vars/nope.yml, nope.yml', ''],
    ['a missing script', { hosts: REMOTE, 'site.yml': play('    - script: nope.sh --all\n') }, 'missing-file@site.yml:5:15', 'looked for at files/nope.sh, nope.sh', ''],
    ['a missing file of tasks', { 'site.yml': play('    - import_tasks: nope.yml\n') }, 'file-not-found@site.yml:5:21', 'looked for at nope.yml, tasks/nope.yml', 'nope.yml\n    |                     ^^^^^^^^\n'],
    ['a missing playbook', { 'site.yml': `${play('')}- import_playbook: nope.yml\n` }, 'file-not-found@site.yml:5:20', 'looked for at nope.yml', 'nope.yml\n    |                    ^^^^^^^^\n'],
    ['a missing template', { hosts: REMOTE, 'site.yml': play('    - template: {src: nope.j2, dest: /x}\n'), 'templates/noep.j2': '' }, 'missing-file@site.yml:5:23', "looked for at templates/nope.j2, nope.j2", 'nope.j2, dest: /x}\n    |                       ^^^^^^^\n'],
    ['a missing file', { hosts: REMOTE, 'site.yml': play('    - copy: {src: nope, dest: /x}\n') }, 'missing-file@site.yml:5:19', 'looked for at files/nope, nope', 'nope, dest: /x}\n    |                   ^^^^\n'],
  ])('%s', async (_, files, place, words, caret) => {
    const { exitCode, out, err, touched } = await tutti(files)
    expect({ exitCode, touched }, err).toEqual({ exitCode: 4, touched: false })
    expect(out).not.toContain('TASK')
    expect(told(err).some((line) => line.startsWith(place)), `${place} in ${told(err).join()}`).toBe(true)
    expect(err).toContain(words)
    expect(err).toContain(caret)
    expect(err).not.toMatch(/\n\s+at /)
  })

  test('a pattern that matches nothing', async () => {
    const { exitCode, err, touched } = await tutti({ 'site.yml': play('').replace('all', 'wbe'), hosts: '[web]\nh1 ansible_connection=local\n' })
    expect({ exitCode, touched }).toEqual({ exitCode: 4, touched: false })
    expect(told(err)).toEqual(['no-hosts-matched@site.yml:1:3'])
    expect(err).toContain('tutti inventory --graph shows the hosts and groups')
  })
  test('an inventory that is no YAML', async () => {
    const { exitCode, err, touched } = await tutti({ 'site.yml': play(''), 'hosts.yml': 'all:\n  hosts:\n    h1: {a: 1, a: 2}\n' }, ['run', '-i', 'hosts.yml'])
    expect({ exitCode, touched, places: told(err) }, err).toMatchObject({ touched: false })
    expect(exitCode).not.toBe(0)
  })
})

test.each([['run', '--syntax-check'], ['syntax-check'], ['run']])('eleven different mistakes are told in one run of %s %s', async (...args) => {
  const { exitCode, err, touched } = await tutti({ 'site.yml': TEN, hosts: 'h1 ansible_connection=local\n' }, args)
  expect({ exitCode, touched }).toEqual({ exitCode: 4, touched: false })
  // What may never be reached is a warning; it is told all the same.
  expect([...told(err)].sort()).toEqual([
    'file-not-found@site.yml:18:21', 'role-not-found@site.yml:4:11', 'template-syntax@site.yml:14:25', 'unknown-filter@site.yml:16:31', 'unknown-handler@site.yml:23:15', 'undefined-variable@site.yml:16:24',
    'unknown-keyword@site.yml:3:3', 'unknown-keyword@site.yml:7:7', 'unknown-module@site.yml:9:7', 'unknown-parameter@site.yml:11:54', 'wrong-choice@site.yml:20:31',
  ].sort())
})
const TEN = `- hosts: all
  gather_facts: false
  tsks: []
  roles: [nowhere]
  tasks:
    - command: touch marker chdir={{ playbook_dir }}
      whn: true
    - name: unknown module
      cpoy: {dest: /x}
    - name: unknown parameter
      copy: {dest: /x, content: a, force: yes, ower: me}
    - name: syntax of a template
      debug:
        msg: "{{ name | }}"
    - name: unknown filter
      debug: {msg: "{{ name | upperr }}"}
    - name: missing file
      import_tasks: nowhere.yml
    - name: wrong choice
      file: {path: /x, state: directoy}
    - name: unknown handler
      command: 'true'
      notify: restart wbe
  handlers:
    - name: restart web
      debug: {msg: restarted}
`

test('without an inventory a check still looks at every play', async () => {
  const { exitCode, err } = await tutti({ 'site.yml': '- hosts: web\n  tasks:\n    - copy: {dest: /x, contnet: a}\n' }, ['syntax-check'])
  expect(exitCode, err).toBe(0) // the inventory has no group web: what is in the play may never run
  const directory = project({ 'site.yml': '- hosts: web\n  tasks:\n    - copy: {dest: /x, contnet: a}\n' })
  const terminal = fakeTerminal()
  expect(await dispatch(['syntax-check', join(directory, 'site.yml')], terminal)).toBe(4)
  expect(terminal.errors()).toContain("did you mean 'content'?")
})

test.each([['warn', 0, 'warning: found a duplicate dict key'], ['ignore', 0, ''], ['error', 4, 'ERROR! found a duplicate dict key'], ['maybe', 1, 'error, warn or ignore']] as const)('ANSIBLE_DUPLICATE_YAML_DICT_KEY=%s', async (value, code, words) => {
  const { exitCode, err } = await tutti({ 'site.yml': '- hosts: all\n  gather_facts: false\n  vars: {a: 1, a: 2}\n  tasks: [{debug: {msg: "{{ a }}"}}]\n' }, ['run'], { ANSIBLE_DUPLICATE_YAML_DICT_KEY: value })
  expect(exitCode, err).toBe(code)
  expect(err).toContain(words)
  if (value === 'ignore') expect(err).toBe('')
})

describe('what only a run can know fails its task and touches nothing there', () => {
  const failing = async (rest: string, files = {}) => {
    const { exitCode, out, err } = await tutti({ 'site.yml': `- hosts: all\n  gather_facts: false\n  tasks:\n${rest}`, ...files })
    expect(exitCode).toBe(2)
    return out + err
  }
  test('an undefined variable: which, where, and what is near', async () => {
    const out = await failing('    - debug:\n        msg: "a {{ my_nmae }}"\n      vars: {my_name: a}\n      when: inventory_hostname != "h2"\n')
    expect(out).toContain("'my_nmae' is undefined\\n\\nThe error appears to be in 'site.yml': line 5, column 20")
    expect(out).toContain("did you mean 'my_name'?")
  })
  test('an undefined variable of a template file: its place there', async () => {
    const out = await failing('    - template: {src: a.j2, dest: "{{ playbook_dir }}/marker"}\n', { 'templates/a.j2': 'first\nsecond {{ nothing }}\n' })
    expect(out).toContain("'nothing' is undefined\\n\\nThe error appears to be in 'templates/a.j2': line 2, column 11")
  })
  test('a template whose name only the run knows', async () => {
    const out = await failing('    - template: {src: "{{ name }}.j2", dest: /x}\n      vars: {name: nope}\n')
    expect(out).toContain("Could not find or access 'nope.j2'\\nSearched in:\\n\\ttemplates/nope.j2\\n\\tnope.j2 on")
    expect(out).not.toContain('do not fit together')
  })
  test('a file whose name only the run knows', async () => {
    const out = await failing('    - copy: {src: "{{ name }}", dest: /x}\n      vars: {name: nope}\n')
    expect(out).toContain("Could not find or access 'nope'\\nSearched in:\\n\\tfiles/nope\\n\\tnope on")
    expect(out).not.toContain('do not fit together')
  })
})
