import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSettings } from '../../src/cli/settings.ts'
import { project } from '../playbook/project.ts'

const CFG = `[defaults]
inventory = hosts,more ; ours
roles_path = roles:~/far
host_key_checking = False
forks=20
nocows = 1
stdout_callback = yaml
jinja2_extensions = x
[privilege_escalation]
become: yes
[galaxy]
server = x
`
const read = (env = {}) => {
  const directory = project({ 'ansible.cfg': CFG })
  return { directory, settings: readSettings(env, directory) }
}

test('ansible.cfg, with paths relative to it', () => {
  const { directory, settings } = read()
  expect(settings.file).toBe(join(directory, 'ansible.cfg'))
  expect(settings.paths('inventory', ',')).toEqual([join(directory, 'hosts'), join(directory, 'more')])
  expect(settings.paths('rolesPath')![0]).toBe(join(directory, 'roles'))
  expect([settings.flag('hostKeyChecking'), settings.flag('become'), settings.integer('forks'), settings.text('stdoutCallback')]).toEqual([false, true, 20, 'yaml'])
})
test('the environment stands above', () => expect(read({ ANSIBLE_FORKS: '3', ANSIBLE_BECOME: '0' }).settings.integer('forks')).toBe(3))
test('what is set and not honoured is told, what means nothing here is not', () => expect(read({ ANSIBLE_FACTS_MODULES: 'x', ANSIBLE_NOCOWS: '1', ANSIBLE_LIBRARY: '/x' }).settings.unhonoured).toEqual(['defaults.jinja2_extensions', 'ANSIBLE_FACTS_MODULES']))
test('wrong values are problems', () => expect(() => read({ ANSIBLE_FORKS: 'many' }).settings.integer('forks')).toThrow(/must be a number/))
test('ANSIBLE_CONFIG may name a file or a directory', () => {
  const directory = project({ 'x/ansible.cfg': '[defaults]\nforks=9\n', 'other.cfg': '[defaults]\nforks=8\n' })
  expect(readSettings({ ANSIBLE_CONFIG: join(directory, 'x') }, '/').integer('forks')).toBe(9)
  expect(readSettings({ ANSIBLE_CONFIG: 'other.cfg' }, directory).integer('forks')).toBe(8)
})
