import { expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { project } from '../playbook/project.ts'
import { fakeTerminal } from './fake-terminal.ts'

async function doctor(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<{ readonly exitCode: number; readonly text: string }> {
  const directory = project(files)
  const terminal = fakeTerminal()
  const exitCode = await dispatch(['doctor', directory, ...args], terminal)
  return { exitCode, text: terminal.text().replaceAll(directory, 'HERE') }
}

const FINE = {
  'site.yml': '- hosts: all\n  roles: [web]\n', 'hosts': 'h1\n', 'roles/web/defaults/main.yml': 'web_user: www\n', 'roles/web/templates/a.j2': '{{ web_user | upper }}\n',
  'roles/web/tasks/main.yml': '- template: {src: a.j2, dest: /a}\n  when: web_user is defined\n- copy: {content: "{{ lookup(\'env\', \'HOME\') }}", dest: /b}\n',
}

test('a project that runs whole', async () => {
  const { exitCode, text } = await doctor(FINE)
  expect(exitCode, text).toBe(0)
  expect(text).toContain('HERE: all of it runs here\n  1 of 1 playbooks can be read, 1 roles, 2 of 2 tasks have a module here (100.0 %)')
})

test('each thing that does not run, with the places that need it', async () => {
  const { exitCode, text } = await doctor({
    ...FINE, 'ansible.cfg': '[defaults]\ncallbacks_enabled = profile_tasks\n', 'bad.yml': '- hosts: all\n  tsks: []\n',
    'roles/web/tasks/more.yml': '- community.general.pacman: {name: x}\n- own_thing: {a: 1}\n- debug: {msg: "{{ web_user | own_filter }}"}\n- file: {path: /x, sate: absent}\n',
    'roles/web/library/own_thing.py': 'from ansible.module_utils.basic import AnsibleModule\n', 'filter_plugins/mine.py': "class FilterModule:\n    def filters(self):\n        return {'own_filter': f}\n",
    'callback_plugins/loud.py': '',
  })
  expect(exitCode).toBe(2)
  for (const part of [
    'Playbooks that are refused:\n  bad.yml\n    bad.yml:2: \'tsks\' is not a valid attribute for a Play',
    'Modules that tutti does not have:\n  community.general.pacman: 1 use\n    roles/web/tasks/more.yml:1\n  own_thing: 1 use\n    roles/web/tasks/more.yml:2',
    'Filters that tutti does not have:\n  own_filter: 1 use\n    roles/web/tasks/more.yml:3',
    'callback_plugins/loud.py (callback): nothing here needs it', 'filter_plugins/mine.py (filter): needed by 1 places\n    roles/web/tasks/more.yml:3', 'roles/web/library/own_thing.py (module): needed by 1 places\n    roles/web/tasks/more.yml:2',
    "What fails where it is reached:\n  roles/web/tasks/more.yml:4: unknown parameter: 'sate' of module 'file'", 'Settings without effect:\n  ansible.cfg: defaults.callbacks_enabled',
  ]) expect(text).toContain(part)
})

test('versions that their own publishers warn of', async () => {
  const vars = "# sealed_secrets_version: 0.36.5\nsealed_secrets_version: '0.36.5'\nsealed_secrets_old: v0.36.4\n"
  const { exitCode, text } = await doctor({ ...FINE, 'group_vars/all': vars, 'roles/web/templates/x.yml.j2': 'image: docker.io/bitnami/sealed-secrets-controller:0.36.3\nurl: https://github.com/bitnami-labs/sealed-secrets/releases/download/v0.36.6/x\n' })
  expect(exitCode, text).toBe(0)
  expect(/Versions that are known to be bad:\n((?: .*\n)*)/.exec(text)?.[1]?.match(/\S+:\d+: sealed-secrets [\d.]+/g)).toEqual(['group_vars/all:2: sealed-secrets 0.36.5', 'roles/web/templates/x.yml.j2:1: sealed-secrets 0.36.3', 'roles/web/templates/x.yml.j2:2: sealed-secrets 0.36.6'])
})

test('also where the name stands in another line of the block, as in roles/versions.yml and the values of charts', async () => {
  const files = {
    'roles/versions.yml': 'k3s:\n  version: v1.19.3+k3s2\n\nsealed_secrets:\n  # Not 0.36.5.\n  version: 0.36.5\n\n\n\n\n\n\n\nother:\n  version: 0.36.5\n',
    'group_vars/all': 'image:\n  tag: 0.36.6\n  repository: bitnami/sealed-secrets-controller\n',
    'playbooks/chart.yml': '- hosts: all\n  tasks:\n    - helm_chart:\n        name: sealed-secrets\n        version: 2.18.5\n',
  }
  const { text } = await doctor({ ...FINE, ...files })
  expect(/Versions that are known to be bad:\n((?: .*\n)*)/.exec(text)?.[1]?.match(/\S+:\d+: [a-z][\w -]+ [\d.+k]+s?\d*/g)).toEqual([
    'group_vars/all:2: sealed-secrets 0.36.6', 'playbooks/chart.yml:5: the chart of sealed-secrets 2.18.5', 'roles/versions.yml:2: k3s 1.19.3+k3s2', 'roles/versions.yml:6: sealed-secrets 0.36.5',
  ])
})

test('for programs', async () => {
  const { text } = await doctor({ 'tasks/main.yml': '- pacman: {name: "{{ x | default(1) }}"}\n' }, '--output', 'json')
  const { runs, tasks, features } = JSON.parse(text) as { runs: boolean; tasks: number; features: Record<string, unknown> }
  expect({ runs, tasks, features }).toEqual({
    runs: false, tasks: 1, features: { modules: [{ name: 'community.general.pacman', count: 1, runs: false, places: ['tasks/main.yml:1'] }], filters: [{ name: 'default', count: 1, runs: true, places: [] }], tests: [], lookups: [] },
  })
})

test('a directory that is not there', async () => {
  const terminal = fakeTerminal()
  expect(await dispatch(['doctor', '/nowhere/at/all'], terminal)).toBe(1)
  expect(terminal.errors()).toContain('There is no such directory')
})
