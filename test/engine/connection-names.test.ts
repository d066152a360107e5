import { expect, test } from 'vitest'
import { runYaml } from './run-yaml.ts'

test('tasks read the names of their connection where no variable says them; hostvars does not', async () => {
  const ran = await runYaml(`
- hosts: all
  remote_user: joe
  tasks:
    - name: look
      debug:
        msg: "{{ [ansible_host, ansible_ssh_host, ansible_user, ansible_connection, ansible_port | default('none'), hostvars[inventory_hostname].ansible_ssh_host | default('none')] }}"
    - name: looked up
      debug:
        msg: "{{ lookup('vars', 'ansible_host') }}"
`, { hosts: ['a', 'b ansible_ssh_host=10.0.0.1 ansible_user=fred'] })
  expect(ran.outputs('look', 'a').msg).toEqual(['a', 'a', 'joe', 'local', 'none', 'none'])
  expect(ran.outputs('look', 'b').msg).toEqual(['10.0.0.1', '10.0.0.1', 'fred', 'local', 'none', '10.0.0.1'])
  expect(ran.outputs('looked up', 'a').msg).toBe('a')
})
