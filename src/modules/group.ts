import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { groupResource, noGroup } from '../host/group.ts'
import { leaves } from '../host/resource.ts'
import { run } from '../host/step.ts'
import { choice, flag, integer, text } from '../schema/field.ts'
import { aside } from '../value/aside.ts'
import { type Unknown, type Value, fresh, isUnknown } from '../value/value.ts'

interface GroupPlan {
  readonly state: 'present' | 'absent'
  readonly gid: number | Unknown
}

export const group = defineModule({
  name: 'group',
  summary: 'Keep a group of users.',
  examples: `
- name: A group for the application
  group: { name: app, system: true }
`,
  params: {
    name: text('The group.', { required: true }),
    state: choice(['present', 'absent'], 'Whether it is there.', { default: 'present' }),
    gid: integer('Its number.'),
    system: flag('A new group gets a number of the range for the system.', { default: false }),
    local: flag('Look only into /etc/group, not into directory services.', { default: false }),
    non_unique: flag('The number may belong to another group too.', { default: false }),
    force: flag("Remove it even if it is a user's primary group.", { default: false }),
    gid_min: integer('Lowest number for a new group.'),
    gid_max: integer('Highest number for a new group.'),
  },
  async probe(host, { name, local }): Promise<GroupPlan & { readonly found: ReturnType<typeof aside> }> {
    const found = known(await host.get(groupResource, name))
    const there = found.exists && (found.local || !local)
    return { state: there ? 'present' : 'absent', gid: there ? found.gid : 0, found: aside(found) }
  },
  plan({ name, state, gid, non_unique }, before) {
    if (non_unique && gid === undefined) fail(`non_unique needs gid`, { name })
    if (state === 'absent') return { ...before, state, gid: 0 }
    return { ...before, state, gid: gid ?? (before.state === 'present' ? before.gid : fresh('chosen by groupadd')) }
  },
  *apply({ params: { name, system, non_unique, force, gid_min, gid_max }, before, after }) {
    if (after.state === 'absent') return yield run(['groupdel', ...(force ? ['-f'] : []), name], [leaves(groupResource, name, noGroup)])
    const effects = [leaves(groupResource, name, { exists: true, gid: after.gid, members: [], local: true })]
    const number = isUnknown(after.gid) ? [] : ['-g', String(after.gid), ...(non_unique ? ['-o'] : [])]
    if (before.state === 'present') return yield run(['groupmod', ...number, name], effects)
    const range = [...(gid_min === undefined ? [] : ['-K', `GID_MIN=${gid_min}`]), ...(gid_max === undefined ? [] : ['-K', `GID_MAX=${gid_max}`])]
    yield run(['groupadd', ...number, ...range, ...(system ? ['-r'] : []), name], effects)
    if (isUnknown(after.gid)) yield run(['getent', 'group', name])
  },
  result({ params: { name, state, system }, after, replies }) {
    const learnt = replies.at(-1)?.stdout.toString().split(':')[2]
    return { outputs: { name, state, ...(state === 'present' ? { system, gid: (isUnknown(after.gid) && learnt ? Number(learnt) : after.gid) as Value } : {}) } }
  },
})
