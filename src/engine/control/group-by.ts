import { list, text } from '../../schema/field.ts'
import { plain } from '../task-result.ts'
import { defineControl } from './control.ts'

export const groupBy = defineControl({
  name: 'group_by',
  summary: 'Put the host into a group made from a value.',
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
