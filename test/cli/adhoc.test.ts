import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { project } from '../playbook/project.ts'
import { fakeTerminal } from './fake-terminal.ts'

const HOSTS = 'h1 ansible_connection=local\nh2 ansible_connection=local\n'
async function adhoc(args: readonly string[], env = {}) {
  const directory = project({ hosts: HOSTS, 'group_vars/all.yml': 'where: beside the inventory\n', 'play/roles/r1/tasks/main.yml': '- debug: msg=in-the-role\n' })
  const terminal = fakeTerminal({ env })
  const exitCode = await dispatch(['adhoc', '-i', join(directory, 'hosts'), ...args.map((arg) => arg.replaceAll('DIR', directory))], terminal)
  return { exitCode, out: terminal.text(), err: terminal.errors(), directory }
}

describe('what ansible prints', () => {
  test('a program by what it said', async () => expect(await adhoc(['h1', '-a', 'echo hi'])).toMatchObject({ exitCode: 0, out: 'h1 | CHANGED | rc=0 >>\nhi\n' }))
  test('a program that failed', async () => expect(await adhoc(['h1', '-m', 'shell', '-a', 'echo a; exit 3'])).toMatchObject({ exitCode: 2, out: 'h1 | FAILED | rc=3 >>\nanon-zero return code\n' }))
  test('a module as JSON', async () => expect((await adhoc(['h1', '-m', 'ping'])).out).toBe('h1 | SUCCESS => {\n    "changed": false,\n    "ping": "pong"\n}\n'))
  test('a failure', async () => expect(await adhoc(['h1', '-m', 'fail', '-a', 'msg=no'])).toMatchObject({ exitCode: 2, out: 'h1 | FAILED! => {\n    "changed": false,\n    "msg": "no"\n}\n' }))
  test('a line for each host', async () => {
    expect((await adhoc(['h1', '-o', '-m', 'ping'])).out).toBe('h1 | SUCCESS => {"changed": false, "ping": "pong"}\n')
    expect((await adhoc(['h1', '-o', '-m', 'shell', '-a', 'echo a; echo b; echo c >&2'])).out).toBe('h1 | CHANGED | rc=0 | (stdout) a\\nb (stderr) c\n')
  })
  test('what a dry run cannot know', async () => expect((await adhoc(['h1', '-C', '-a', 'touch /nowhere/x'])).out).toMatch(/^h1 \| UNKNOWN: /))
  test('hosts alone', async () => expect(await adhoc(['all:!h1', '--list-hosts'])).toMatchObject({ exitCode: 0, out: '  hosts (1):\n    h2\n' }))
  test('nobody', async () => expect(await adhoc(['nobody', '-m', 'ping'])).toMatchObject({ exitCode: 0, out: '', err: expect.stringContaining('no hosts matched') }))
})

describe('what it takes', () => {
  test('arguments as JSON', async () => expect((await adhoc(['h1', '-a', '{"cmd": "echo one"}'])).out).toContain('\none\n'))
  test('variables, and templates with them', async () => expect((await adhoc(['h1', '-m', 'debug', '-a', 'msg="{{ where }} {{ x }}"', '-e', 'x=1'])).out).toContain('"msg": "beside the inventory 1"'))
  test('roles, from the directory of the playbook', async () => {
    const { out, directory } = await adhoc(['h1', '-m', 'include_role', '-a', 'name=r1', '--playbook-dir', 'DIR/play'])
    expect(out).toContain('"msg": "in-the-role"')
    expect((await adhoc(['h1', '-m', 'debug', '-a', 'var=playbook_dir'], { ANSIBLE_PLAYBOOK_DIR: '/some/where' })).out).toContain('"playbook_dir": "/some/where"')
    expect(existsSync(join(directory, '<ad hoc>'))).toBe(false)
  })
  test('a directory for results', async () => {
    const { directory } = await adhoc(['all', '-m', 'ping', '-t', 'DIR/tree'])
    expect(JSON.parse(readFileSync(join(directory, 'tree/h2'), 'utf8'))).toEqual({ changed: false, ping: 'pong' })
  })
  test('a limit of time', async () => expect((await adhoc(['h1', '-a', 'sleep 20', '--task-timeout', '1'])).out).toContain('The command action failed to execute in the expected time frame (1) and was terminated'))
  test.each([[['h1'], 5, /No argument passed to command module/], [[], 5, /One pattern/], [['h1', '-m', 'pign'], 2, /did you mean 'ping'/], [['h1', '-m', 'stat', '-a', 'path=/ nosuch=1'], 2, /unknown parameter: 'nosuch'/], [['h1', '-m', 'import_playbook', '-a', 'x'], 5, /no action for one task/]])(
    '%j is refused', async (args, exitCode, message) => {
      const { exitCode: found, err } = await adhoc(args)
      expect(err).toMatch(message)
      expect(err).not.toContain('<ad hoc>')
      expect(found).toBe(exitCode)
    })
})

describe('the part of another command', () => {
  const as = async (...args: readonly string[]) => {
    const terminal = fakeTerminal({ env: { NO_COLOR: '1' }, isTerminal: true })
    return { exitCode: await dispatch(['as', ...args], terminal), out: terminal.text(), err: terminal.errors() }
  }
  test('ansible', async () => expect(await as('ansible', 'localhost', '-m', 'ping')).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^localhost \| SUCCESS => /) }))
  test('ansible-playbook prints what it prints, also on a terminal', async () => {
    const file = join(project({ 'site.yml': '- hosts: localhost\n  gather_facts: no\n  tasks:\n    - debug: msg=hello\n' }), 'site.yml')
    expect((await as('ansible-playbook', file)).out).toMatch(/\nPLAY RECAP \*+\nlocalhost /)
  })
  test('bad use ends with 2, as there', async () => expect(await as('ansible-playbook', '--chekc')).toMatchObject({ exitCode: 2 }))
  test('the version can be read as theirs', async () => expect((await as('ansible-playbook', '--version')).out).toMatch(/^ansible-playbook \[core 2\.\d+\.\d+\]\n/))
  test('there are no others', async () => expect(await as('ansible-nothing')).toMatchObject({ exitCode: 5 }))
})
