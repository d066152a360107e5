import { list, text } from '../../schema/field.ts'
import type { Value } from '../../value/value.ts'
import { failedResult, plain } from '../task-result.ts'
import { defineControl } from './control.ts'

export const addHost = defineControl({
  name: 'add_host',
  summary: 'Add a host, with groups and variables, to the inventory of this run.',
  notes: ['Runs once for all hosts of a task, on the controller; the host is there for the plays and tasks after it, of this run only. In a dry run too.'],
  examples: `
- name: A host that was made just now
  add_host: { name: web3, groups: [web], ansible_host: 192.0.2.13, web_port: 8080 }
- name: Every address of a list
  add_host: { name: "node-{{ item }}", groups: nodes }
  loop: "{{ node_names }}"
- name: It has its variables
  debug: { msg: "{{ hostvars.web3.web_port }}" }
`,
  params: {
    name: text('The host, with :port if it needs one. Needed.', { aliases: ['host', 'hostname'] }),
    groups: list(text(''), 'Groups it joins.', { aliases: ['group', 'groupname'] }),
  },
  open: true,
  act: ({ playRun: { run } }, { name, groups = [] }, args) => {
    if (name === undefined) return failedResult('name, host or hostname needs to be provided')
    const own = new Set(['name', 'host', 'hostname', 'groups', 'group', 'groupname', 'inventory_dir', 'inventory_file'])
    const vars = new Map<Value, Value>([...args].filter(([key]) => !own.has(String(key))))
    const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(name)!
    if (port !== undefined) vars.set('ansible_ssh_port', Number(port))
    const changed = run.inventory.addHost(host!, groups, vars)
    return plain(changed ? 'changed' : 'ok', { add_host: new Map<Value, Value>([['host_name', host!], ['groups', groups], ['host_vars', vars]]), changed })
  },
})
