import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { project } from '../playbook/project.ts'
import { fakeTerminal } from './fake-terminal.ts'

async function tutti(args: readonly string[], env = {}) {
  const terminal = fakeTerminal({ env })
  const exitCode = await dispatch(args, terminal)
  return { exitCode, out: terminal.text(), err: terminal.errors() }
}
const LOCAL = 'h1 ansible_connection=local\n'
const inProject = (files: Readonly<Record<string, string>>, command: string, ...rest: readonly string[]) => {
  const directory = project({ hosts: LOCAL, ...files })
  return tutti([command, join(directory, 'site.yml'), '-i', join(directory, 'hosts'), ...rest])
}
const DEBUG = '- hosts: all\n  gather_facts: no\n  tasks:\n    - name: say\n      debug: msg=hello\n'

describe('without a command', () => {
  test('help teaches', async () => expect(await tutti(['--help'])).toMatchObject({ exitCode: 0, out: expect.stringContaining('tutti run site.yml -i hosts') }))
  test('the version', async () => expect((await tutti(['--version'])).out).toMatch(/^tutti \d+\.\d+\.\d+ /))
  test('a wrong command has the nearest one', async () => expect(await tutti(['rnu'])).toMatchObject({ exitCode: 5, err: expect.stringContaining("did you mean 'run'?") }))
})
describe('run', () => {
  test('reports as Ansible does where there is no terminal', async () => {
    const { exitCode, out } = await inProject({ 'site.yml': DEBUG }, 'run')
    expect(exitCode).toBe(0)
    expect(out).toMatch(/PLAY \[all\] \*+\n\nTASK \[say\] \*+\nok: \[h1\] => \{\n {4}"msg": "hello"\n\}\n\nPLAY RECAP \*+\nh1 +: ok=1 /)
  })
  test('ends with 2 where a host failed', async () => expect((await inProject({ 'site.yml': DEBUG.replace('debug: msg=hello', 'fail: msg=no') }, 'run')).exitCode).toBe(2))
  test('shows all mistakes with their places, and ends with 4', async () => {
    const { exitCode, err } = await inProject({ 'site.yml': '- hosts: all\n  tsks: []\n  tasks:\n    - dbug: msg=x\n' }, 'run')
    expect(exitCode).toBe(4)
    expect(err).toContain("hint: did you mean 'tasks'?")
    expect(err).toContain('  4 |     - dbug: msg=x\n    |       ^^^^\n')
    expect(err).not.toContain('at Object')
  })
  test('checks the parameters of modules before it begins', async () => {
    const { exitCode, err, out } = await inProject({ 'site.yml': '- hosts: all\n  tasks:\n    - copy: {dest: /x, contnet: a}\n' }, 'run')
    expect({ exitCode, out }).toEqual({ exitCode: 4, out: '' })
    expect(err).toContain("did you mean 'content'?")
  })
  test('warns of what may never run', async () => {
    const { exitCode, err } = await inProject({ 'site.yml': '- hosts: all\n  gather_facts: no\n  tasks:\n    - zypper: {name: x}\n      when: false\n' }, 'run')
    expect(exitCode).toBe(0)
    expect(err).toContain("warning: tutti does not have this module: 'zypper'")
  })
  test('lists instead of running', async () => expect((await inProject({ 'site.yml': DEBUG }, 'run', '--list-tasks')).out).toContain('\n      say\tTAGS: []\n'))
  test('a playbook that is not there is an error', async () => expect((await tutti(['run', '/nowhere/site.yml', '-i', 'h1,'])).exitCode).toBe(1))
  test('a limit that leaves no host is an error', async () => expect(await inProject({ 'site.yml': DEBUG }, 'run', '-l', 'nope')).toMatchObject({ exitCode: 1, err: expect.stringContaining('The limit leaves no host') }))
  test('options are explained with examples first', async () => expect((await tutti(['run', '--help'])).out).toMatch(/^Run playbooks\.\n\n {2}tutti run site\.yml -i hosts\n[^]*Usage: tutti run \[OPTIONS\] PLAYBOOK…[^]*--limit PATTERN/))
  test('JSON has one event a line', async () => {
    const { out } = await inProject({ 'site.yml': DEBUG }, 'run', '--output', 'json')
    const events = out.trimEnd().split('\n').map((line) => (JSON.parse(line) as { type: string }).type)
    expect(events).toEqual(expect.arrayContaining(['run-start', 'play-start', 'task-start', 'result', 'recap', 'run-end']))
  })
  test('an option without effect says so', async () => expect((await inProject({ 'site.yml': DEBUG }, 'run', '-M', 'x')).err).toContain('has no effect'))
})
describe('diff', () => {
  const copy = (dest: string) => `- hosts: all\n  gather_facts: no\n  tasks:\n    - copy: {dest: ${dest}, content: "a\\n"}\n`
  test('ends with 2 where something is pending, and changes nothing', async () => {
    const dest = join(project({}), 'file')
    const { exitCode, out } = await inProject({ 'site.yml': copy(dest) }, 'diff')
    expect({ exitCode, out }).toMatchObject({ exitCode: 2, out: expect.stringContaining('\n+a\n') })
    expect((await inProject({ 'site.yml': copy(dest) }, 'diff')).exitCode).toBe(2)
  })
  test('ends with 0 where nothing is, with 1 where something would fail', async () => {
    expect((await inProject({ 'site.yml': DEBUG }, 'diff')).exitCode).toBe(0)
    expect((await inProject({ 'site.yml': DEBUG.replace('debug: msg=hello', 'fail: msg=no') }, 'diff')).exitCode).toBe(1)
  })
})
describe('others', () => {
  test('doc', async () => {
    expect((await tutti(['doc', 'ansible.builtin.copy'])).out).toMatch(/^copy {2}\(ansible\.builtin\.copy\)[^]*dest {2}path, required/)
    expect(await tutti(['doc', 'coppy'])).toMatchObject({ exitCode: 1, err: expect.stringContaining("did you mean 'copy'?") })
    expect((await tutti(['doc', '--list'])).out).toMatch(/^copy +\S[^]*^gather_facts +.* The same as setup\.$[^]*^import_playbook +\S[^]*^meta +\S/m)
    expect(JSON.parse((await tutti(['doc', '--json', 'include_role', 'copy'])).out)).toMatchObject({
      include_role: { doc: { module: 'include_role', collection: 'ansible.builtin', options: { name: { required: true, aliases: ['role'], type: 'str' } } }, examples: expect.stringContaining('include_role: { name: site }') },
      copy: { doc: { short_description: 'Put files, trees or text onto the host.', options: { dest: { required: true, type: 'path' } } } },
    })
    expect(JSON.parse((await tutti(['doc', '--list', '--json'])).out)).toMatchObject({ 'ansible.builtin.meta': expect.any(String), 'community.general.ufw': expect.any(String) })
    const schema = JSON.parse((await tutti(['doc', '--schema'])).out)
    expect(Object.keys(schema.items.properties)).toEqual(expect.arrayContaining(['include_tasks', 'ansible.builtin.import_role', 'gather_facts']))
    expect(Object.keys(schema.items.properties)).not.toContain('import_playbook')
  })
  test('inventory', async () => {
    const hosts = join(project({ hosts: '[web]\nh1 a=1\n[all:children]\nweb\n' }), 'hosts')
    expect((await tutti(['inventory', '-i', hosts, '--graph'])).out).toBe('@all:\n  |--@ungrouped:\n  |--@web:\n  |  |--h1\n')
    expect(JSON.parse((await tutti(['inventory', '-i', hosts, '--list'])).out)).toMatchObject({ _meta: { hostvars: { h1: { a: 1 } } }, web: { hosts: ['h1'] } })
    expect(JSON.parse((await tutti(['inventory', '-i', hosts, '--host', 'h1'])).out)).toMatchObject({ a: 1 })
    expect(await tutti(['inventory', '-i', hosts, '--host', 'h2'])).toMatchObject({ exitCode: 5 })
  })
  test('syntax-check tells what would fail', async () => {
    expect((await inProject({ 'site.yml': DEBUG }, 'syntax-check')).exitCode).toBe(0)
    expect((await inProject({ 'site.yml': '- hosts: all\n  tasks:\n    - copy: {bad: 1}\n' }, 'syntax-check')).exitCode).toBe(4)
  })
})
