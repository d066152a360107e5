import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runTutti } from '../lab/run-tutti.ts'

let root: string
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'tutti-need-'))))
afterEach(() => rmSync(root, { recursive: true }))

async function gathered(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<{ readonly subset: readonly string[]; readonly run: Awaited<ReturnType<typeof runTutti>> }> {
  for (const [name, text] of Object.entries({ 'hosts.ini': 'h ansible_connection=local\n', ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  const run = await runTutti('run', join(root, 'site.yml'), '-i', join(root, 'hosts.ini'), ...args)
  return { run, subset: run.result('Gathering Facts').outputs.ansible_facts.gather_subset }
}

const PLAY = '- hosts: all\n  tasks:\n    - debug: {msg: hello}\n'
const LEAST = ['!all', '!min', 'distribution', 'platform', 'pkg_mgr', 'service_mgr']

test('a play that asks for no facts gathers the least', async () => expect((await gathered({ 'site.yml': PLAY })).subset).toEqual(LEAST))

test('facts of templates, of variables of the inventory and of -e are gathered', async () => {
  const { run, subset } = await gathered({
    'site.yml': '- hosts: all\n  roles: [r]\n', 'roles/r/tasks/main.yml': '- name: text\n  debug: {msg: "{{ lookup(\'template\', \'t\') }} {{ from_group }} {{ given }}"}\n',
    'roles/r/templates/t': '{{ ansible_processor_vcpus }}', 'group_vars/all.yml': 'from_group: "{{ ansible_env.HOME }}"\n',
  }, '-e', 'given={{ ansible_date_time.year }}')
  expect(run.result('text').outputs.msg).toMatch(/^\d+ \/\S+ 20\d\d$/)
  expect(new Set(subset)).toEqual(new Set([...LEAST, 'hardware', 'env', 'date_time']))
})

test.each([
  ['facts as a whole', '{{ ansible_facts | length }}'], ['a name that is put together', "{{ lookup('vars', 'ansible_' ~ 'fqdn') }}"], ['a host as a whole', "{{ hostvars['h'] | length }}"],
])('all are gathered for %s', async (_, text) => expect((await gathered({ 'site.yml': `${PLAY}    - debug: {msg: "${text}"}\n` })).subset).toEqual(['all']))

test('all are gathered where the run may read what nobody can name before', async () =>
  expect((await gathered({ 'site.yml': `${PLAY}    - include_role: {name: "{{ role_of_today }}"}\n      when: false\n` })).subset).toEqual(['all']))

test('what a play says itself stands', async () => expect((await gathered({ 'site.yml': `- hosts: all\n  gather_subset: [network]\n  tasks: []\n` })).subset).toEqual(['network']))
