import { expect, test } from 'vitest'
import { carriedForks } from '../../src/cli/carried-forks.ts'
import { parseOptions } from '../../src/cli/options.ts'
import { playbookOptions } from '../../src/cli/playbook-options.ts'
import { runSettings } from '../../src/cli/run-settings.ts'
import { readSettings } from '../../src/cli/settings.ts'
import { project } from '../playbook/project.ts'

const from = (args: readonly string[], cfg = '', env = {}) =>
  runSettings(parseOptions(playbookOptions, args).values, readSettings(env, project({ 'ansible.cfg': cfg })), new Map(), { connection: undefined, become: 'pw' })

test('defaults', () => expect(from([])).toMatchObject({ forks: carriedForks(), connection: 'ssh', timeout: 10, hostKeyChecking: true, become: false, becomeUser: 'root', gathering: 'implicit', becomePassword: 'pw', tags: [] }))
test('the command line stands above ansible.cfg', () => {
  const cfg = '[defaults]\nforks=20\nremote_user=cfg\ngathering=smart\n'
  expect(from(['-u', 'me'], cfg)).toMatchObject({ forks: 20, remoteUser: 'me', gathering: 'smart' })
})
test('tags and limits may be repeated', () => expect(from(['-t', 'a,b', '-t', 'c', '-l', 'x', '-l', 'y'])).toMatchObject({ tags: ['a', 'b', 'c'], limit: 'x,y' }))
test('sharing connections is no reason for the ssh program', () => {
  expect(from([], '[ssh_connection]\nssh_args = -C -o ControlMaster=auto -o ControlPersist=60s\n')).not.toHaveProperty('sshCommonArgs')
  expect(from([], '[ssh_connection]\nssh_args = -o ControlPersist=60s -o ProxyCommand="x y"\n').sshCommonArgs).toBe('-o ProxyCommand="x y"')
})
test.each([[['-f', '0'], /positive/], [[], /no such value/]])('%j is refused', (args, message) => expect(() => from(args, '[defaults]\ngathering=never\n')).toThrow(message))
test('settings of the engine', () => expect(from([], '[defaults]\nno_log=yes\ntask_timeout=9\nremote_port=2222\nansible_managed=mine\n[privilege_escalation]\nbecome_exe=/x/sudo\nbecome_flags=-n\n')).toMatchObject({ noLog: true, taskTimeout: 9, port: 2222, managed: 'mine', becomeProgram: '/x/sudo', becomeFlags: '-n' }))
test('forks are what the memory carries, never less than five', () => expect([2 ** 20, 2 ** 33, 2 ** 40].map(carriedForks)).toEqual([5, 512, 1000]))
