import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { carriedForks } from '../../src/cli/carried-forks.ts'
import { dispatch } from '../../src/cli/dispatch.ts'
import { project } from '../playbook/project.ts'
import { fakeTerminal } from './fake-terminal.ts'

const CFG = '[defaults]\nforks = 7\nroles_path = ./r\nlog_path = ./x.log\n[galaxy]\nserver_list = hub\n[galaxy_server.hub]\nurl = https://hub/\ntoken = s3cret\n'
async function config(args: readonly string[], { cfg = CFG, env = {}, part }: { cfg?: string; env?: object; part?: string } = {}) {
  const file = join(project({ 'ansible.cfg': cfg }), 'ansible.cfg')
  const terminal = fakeTerminal({ env: { ANSIBLE_CONFIG: file, ...env }, ...(part ? { part } : {}) })
  const exitCode = await dispatch(['config', ...args], terminal)
  return { file, exitCode, out: terminal.text(), err: terminal.errors() }
}

describe('the lookup config', () => {
  test('a setting, its origin, none of the name; what private roles keep to themselves', async () => {
    const root = project({
      'ansible.cfg': '[defaults]\nforks = 7\nprivate_role_vars = true\n', 'roles/r/defaults/main.yml': 'ours: 1\n', 'roles/r/tasks/main.yml': '- debug: {}\n',
      'site.yml': "- hosts: localhost\n  gather_facts: false\n  roles: [r]\n  tasks:\n    - debug: { msg: \"{{ lookup('config', 'DEFAULT_FORKS', show_origin=true) }}\" }\n    - debug: { msg: \"{{ lookup('config', 'NOPE', on_missing='skip') }} {{ ours is defined }} {{ lookup('config', 'DEFAULT_PRIVATE_ROLE_VARS') }}\" }\n",
    })
    const terminal = fakeTerminal({ env: { ANSIBLE_CONFIG: join(root, 'ansible.cfg') } })
    expect(await dispatch(['run', join(root, 'site.yml')], terminal)).toBe(0)
    expect(terminal.text()).toContain(`7,\n        "${join(root, 'ansible.cfg')}"`)
    expect(terminal.text()).toContain('"msg": "[] False True"')
  })
})

test.each([['', 'False'], ['private_role_vars = false\n', 'True'], ['private_role_vars = true\n', 'False']])('include_role with %j', async (setting, seen) => {
  const root = project({
    'ansible.cfg': `[defaults]\n${setting}`, 'roles/r/defaults/main.yml': 'ours: 1\n', 'roles/r/tasks/main.yml': '- debug:\n',
    'site.yml': '- hosts: localhost\n  gather_facts: false\n  tasks:\n    - include_role: { name: r }\n    - debug: { msg: "seen {{ ours is defined }}" }\n',
  })
  const terminal = fakeTerminal({ env: { ANSIBLE_CONFIG: join(root, 'ansible.cfg') } })
  await dispatch(['run', join(root, 'site.yml')], terminal)
  expect(terminal.text()).toContain(`seen ${seen}`)
})

describe('dump', () => {
  test('only what was changed, with its origin, in the form of ansible-config', async () => {
    const { out, file } = await config(['dump', '--only-changed'], { cfg: '[defaults]\nforks = 7\nroles_path = ./r:/s\n', env: { ANSIBLE_TIMEOUT: '33' }, part: 'ansible-config' })
    expect(out).toBe(`CONFIG_FILE() = ${file}\nDEFAULT_FORKS(${file}) = 7\nDEFAULT_ROLES_PATH(${file}) = ['${join(file, '../r')}', '/s']\nDEFAULT_TIMEOUT(env: ANSIBLE_TIMEOUT) = 33\n\nGALAXY_SERVERS:\n`)
  })
  test('says what has no effect here', async () => expect((await config(['dump', '--only-changed'], { cfg: '[defaults]\nnocows=1\n' })).out).toMatch(/ANSIBLE_NOCOWS\(.*\) = True {3}# no effect: no cows are drawn\n/))
  test('shows no token', async () => {
    const { out } = await config(['dump', '--format', 'json'])
    expect(out).not.toContain('s3cret')
    expect(JSON.parse(out).at(-1).GALAXY_SERVERS.hub).toContainEqual(expect.objectContaining({ name: 'url', value: 'https://hub/' }))
  })
  test('plugins of a kind', async () => expect((await config(['dump', 'ssh', '-t', 'connection', '--only-changed'], { cfg: '[ssh_connection]\nssh_args = -C\n', part: 'ansible-config' })).out).toMatch(/^\nssh:\n___\nssh_args\(.*\) = -C\n$/))
  test('ANSIBLE_HOME moves what lies in it', async () => expect((await config(['dump'], { env: { ANSIBLE_HOME: '/x/y' }, cfg: '' })).out).toContain("DEFAULT_ROLES_PATH(default) = ['/x/y/roles', '/usr/share/ansible/roles'"))
})
describe('validate', () => {
  test('keys and sections that nobody knows', async () => {
    const { exitCode, err, file } = await config(['validate', '-t', 'all'], { cfg: '[defaults]\nforkss=1\n[sshconnection]\na=b\n[galaxy_server.x]\nurl=y\n' })
    expect(exitCode).toBe(1)
    expect(err).toBe(`ERROR! Found unknown key 'forkss' in section 'defaults' in '${file}'. (did you mean 'forks'?)\nERROR! Found unknown section 'sshconnection' in '${file}'. (did you mean 'ssh_connection'?)\n`)
  })
  test('variables that nobody knows', async () => expect(await config(['validate', '-f', 'env'], { env: { ANSIBLE_FORKSS: '1', ANSIBLE_FORKS: '2' } })).toMatchObject({ exitCode: 1, err: expect.stringMatching(/^ERROR! Found unknown environment variable 'ANSIBLE_FORKSS'\..*\n$/) }))
  test('a good file', async () => expect(await config(['validate'], { cfg: '[defaults]\nforks=1\n' })).toMatchObject({ exitCode: 0, out: 'All configurations seem valid!\n' }))
})
test('init writes a file that is valid, each key once', async () => {
  const { out } = await config(['init', '-t', 'all'])
  const keys = out.split(/^\[/m).flatMap((section) => [...section.matchAll(/^(\w+)=/gm)].map(([, key]) => `${section.slice(0, section.indexOf(']'))}.${key}`))
  expect(new Set(keys).size).toBe(keys.length)
  expect(keys).toContain('defaults.forks')
  expect(await config(['validate', '-t', 'all'], { cfg: out })).toMatchObject({ exitCode: 0 })
})
test('view shows the file', async () => expect((await config(['view'], { cfg: '[defaults]\n# mine\nforks=1\n' })).out).toBe('[defaults]\n# mine\nforks=1\n'))
test('list says what is honoured', async () => {
  const listed = JSON.parse((await config(['list', '--format', 'json'])).out)
  expect(listed.DEFAULT_FORKS).toMatchObject({ default: carriedForks(), tutti: 'honoured' })
  expect(listed.FACTS_MODULES.tutti).toMatch(/^without effect/)
})
test('wrong formats and actions are refused', async () => {
  expect(await config(['validate', '--format', 'json'])).toMatchObject({ exitCode: 5 })
  expect(await config(['lst'])).toMatchObject({ exitCode: 5, err: expect.stringContaining("did you mean 'list'?") })
})
