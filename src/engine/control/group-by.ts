import { list, text } from '../../schema/field.ts'
import { plain } from '../task-result.ts'
import { defineControl } from './control.ts'

export const groupBy = defineControl({
  name: 'group_by',
  summary: 'Put the host into a group made from a value.',
  notes: ['Runs on the controller. Spaces in names become dashes; the groups are there for the plays after it, of this run only.'],
  examples: `
- name: A group for each kind of system
  group_by: { key: "os_{{ ansible_facts.distribution }}" }
- name: And for each version, below it
  group_by: { key: "os_{{ ansible_facts.distribution }}_{{ ansible_facts.distribution_major_version }}", parents: ["os_{{ ansible_facts.distribution }}"] }
`,
  params: {
    key: text('The name of the group.', { required: true }),
    parents: list(text(''), 'Groups that the group belongs to.', { default: ['all'] }),
  },
  act: ({ playRun: { run }, host }, { key, parents }) => {
    const name = key.replaceAll(' ', '-')
    const changed = run.inventory.addToGroup(host.name, name, parents.map((parent) => parent.replaceAll(' ', '-')))
    return plain(changed ? 'changed' : 'ok', { add_group: name, parent_groups: parents, changed })
  },
})
