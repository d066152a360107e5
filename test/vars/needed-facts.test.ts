import { describe, expect, test } from 'vitest'
import { gatherFacts } from '../../src/host/facts/gather-facts.ts'
import { connectLocal } from '../../src/transport/local-connection.ts'
import { familyOf, neededFacts } from '../../src/vars/needed-facts.ts'

const ALWAYS = ['distribution', 'pkg_mgr', 'platform', 'service_mgr']
const needed = (text: string) => neededFacts([text]) && [...neededFacts([text])!].filter((family) => !ALWAYS.includes(family)).sort()

describe('facts that a text can ask for', () => {
  test.each([
    ['no facts at all', []],
    ["when: ansible_facts['os_family'] == 'Debian'", []],
    ['{{ ansible_default_ipv4.address }} {{ ansible_processor_vcpus * 2 }}', ['hardware', 'network']],
    ['{{ ansible_facts.eth0.ipv4 }}', ['network']],
    ['{{ ansible_enp0s3.ipv4.address }}', ['network']],
    ["{{ hostvars[groups['db'][0]]['ansible_date_time'].epoch }}", ['date_time']],
    ["{{ groups['db'] | map('extract', hostvars, ['ansible_virtualization_type']) }}", ['virtual']],
    ['{{ ansible_local.app }}', ['local']],
    ['{{ ansible_env.HOME }}', ['env']],
    ['ansible_host: 10.0.0.1\nansible_user: me\nansible_become_password: x\nansible_python_interpreter: /usr/bin/python3', []],
    ["when: ansible_facts.packages['bash'] is defined and ansible_check_mode", []],
    ['ansible.builtin.copy and community.general.ufw', []],
  ])('%s', (text, families) => expect(needed(text)).toEqual(families))
})

describe('what may ask for any', () => {
  test.each([
    '{{ ansible_facts | to_json }}', "{{ ansible_facts[name] }}", "{{ lookup('vars', 'ansible_' ~ interface) }}", "{{ vars['ansible_' + name] }}", '{{ hostvars[host] | to_json }}', "{{ hostvars[host]['ansible_' ~ name].ipv4 }}",
    '{{ hostvars.values() }}', '{{ hostvars[host].items() }}', 'ansible_{{ interface }}', '{{ ansible_facts.items() }}', '{{ ansible_something_new }}', "lookup('varnames', '^ansible_.+')",
  ])('%s', (text) => expect(neededFacts([text])).toBeUndefined())
})

test('the family of each fact of this machine brings it, with the same value', async () => {
  const connection = connectLocal({})
  try {
    const shell = connection.shell()
    const all = await gatherFacts(shell)
    const byFamily = new Map<string, Promise<ReadonlyMap<unknown, unknown>>>()
    const wrong: string[] = []
    for (const name of [...all.keys()].map(String)) {
      const family = familyOf(name)
      if (family === undefined || family === 'none') continue
      if (!byFamily.has(family)) byFamily.set(family, gatherFacts(shell, { subset: ['!all', '!min', family] }))
      if (!(await byFamily.get(family)!).has(name)) wrong.push(`${name} is not in ${family}`)
    }
    expect(wrong).toEqual([])
  } finally {
    await connection.close()
  }
})
