import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { type AccountTools, accountToolsResource } from '../host/account-tools.ts'
import { groupResource, noGroup } from '../host/group.ts'
import { leaves } from '../host/resource.ts'
import { run } from '../host/step.ts'
import { choice, flag, integer, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, type Value, fresh, isUnknown } from '../value/value.ts'
import { busyboxGroupCreate, busyboxGroupNumber, busyboxGroupRemove, isBusyboxName } from './user-busybox.ts'

const lookUp = (name: string): string => `getent group ${quote(name)} 2>/dev/null || while IFS= read -r l; do case $l in ${quote(name)}:*) printf '%s\\n' "$l" ;; esac; done </etc/group`

interface GroupPlan {
  readonly state: 'present' | 'absent'
  readonly gid: number | Unknown
  readonly tools: Aside<AccountTools>
}

export const group = defineModule({
  name: 'group',
  summary: 'Keep a group of users.',
  notes: ['On hosts with busybox and without groupadd (Alpine), addgroup and delgroup do the work; another number is written to /etc/group and /etc/passwd under the lock that they use.'],
  examples: `
- name: A group for the application
  group: { name: app, system: true }
- name: With its number
  group: { name: shared, gid: 4000 }
- name: It is gone
  group: { name: old, state: absent }
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
  async probe(host, { name, local }): Promise<GroupPlan> {
    const [group, tools] = await Promise.all([host.get(groupResource, name), host.get(accountToolsResource, 'group')])
    const found = known(group)
    const there = found.exists && (found.local || !local)
    return { state: there ? 'present' : 'absent', gid: there ? found.gid : 0, tools: aside(known(tools)) }
  },
  plan({ name, state, gid, non_unique }, before) {
    if (non_unique && gid === undefined) fail(`non_unique needs gid`, { name })
    if (state === 'absent') return { ...before, state, gid: 0 }
    const tools = before.tools.value
    if (before.state === 'absent' && tools === 'none') fail('Failed to find required executable "groupadd": the host has neither groupadd nor addgroup')
    if (before.state === 'absent' && (tools === 'busybox' ? !isBusyboxName(name) : /^[-+~]|[:,/\s]|^$/.test(name))) fail(`${JSON.stringify(name)} is not a name that a group can have`)
    return { ...before, state, gid: gid ?? (before.state === 'present' ? before.gid : fresh('chosen when it is made')) }
  },
  *apply({ params: { name, system, non_unique, force, gid_min, gid_max }, before, after }) {
    const busybox = before.tools.value === 'busybox'
    const gone = [leaves(groupResource, name, noGroup)]
    if (after.state === 'absent') return yield busybox ? run(busyboxGroupRemove(name, force), gone, { sentence: `remove the group ${name}` }) : run(['groupdel', ...(force ? ['-f'] : []), name], gone)
    const effects = [leaves(groupResource, name, { exists: true, gid: after.gid, members: [], local: true })]
    const wanted = isUnknown(after.gid) ? undefined : after.gid
    const number = wanted === undefined ? [] : ['-g', String(wanted), ...(non_unique ? ['-o'] : [])]
    if (before.state === 'present') return yield busybox ? run(busyboxGroupNumber(name, before.gid as number, wanted!, non_unique), effects, { sentence: `change the number of the group ${name}` }) : run(['groupmod', ...number, name], effects)
    const range = [...(gid_min === undefined ? [] : ['-K', `GID_MIN=${gid_min}`]), ...(gid_max === undefined ? [] : ['-K', `GID_MAX=${gid_max}`])]
    if (busybox) yield run(busyboxGroupCreate({ name, gid: wanted, non_unique, system, gid_min, gid_max }), effects, { sentence: `make the group ${name}` })
    else yield run(['groupadd', ...number, ...range, ...(system ? ['-r'] : []), name], effects)
    if (wanted === undefined) yield run(lookUp(name), [], { sentence: `look up the group ${name}` })
  },
  result({ params: { name, state, system }, after, replies }) {
    const learnt = replies.at(-1)?.stdout.toString().split(':')[2]
    return { outputs: { name, state, ...(state === 'present' ? { system, gid: (isUnknown(after.gid) && learnt ? Number(learnt) : after.gid) as Value } : {}) } }
  },
})
