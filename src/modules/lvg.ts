import { missing } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource, realpathResource } from '../host/file.ts'
import { type Lvm, lvmResource } from '../host/lvm.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { choice, flag, list, text } from '../schema/field.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, fresh, unknown } from '../value/value.ts'

interface Group {
  readonly exists: boolean
  readonly devices: readonly string[]
  readonly active: boolean | undefined
  /** Set anew where the task asks for that. */
  readonly ids: string | Unknown
  readonly sizes: string | Unknown
  readonly seen: Aside<{ readonly volumes: number; readonly physical: ReadonlyMap<string, string>; readonly wanted: readonly string[] }>
}

/** All of LVM, as the group is concerned. */
export async function readLvm(host: Reader, vg: string): Promise<Lvm> {
  const lvm = known(await host.get(lvmResource, vg))
  if (lvm) return lvm
  if (host.planned && host.changing) throw unknown(`LVM is not there yet; ${host.changing} may bring it`)
  return fail(missing('vgs', 'lvm2'))
}

export const lvg = defineModule({
  name: 'lvg',
  summary: 'Keep a volume group of LVM.',
  notes: ['Needs lvm2 on the host.'],
  examples: `
- name: Two disks in one group
  lvg: { vg: data, pvs: [/dev/vdb1, /dev/vdc5], pesize: "32" }
- name: A group is gone, with what is in it
  lvg: { vg: old, state: absent, force: true }
`,
  params: {
    vg: text('The name of the group.', { required: true }),
    pvs: list(text(''), 'The devices that it consists of; physical volumes are made on them.'),
    pesize: text('The size of an extent of a new group: a number with a unit, MiB without one.', { default: '4' }),
    pv_options: text('More options for pvcreate.', { default: '' }),
    vg_options: text('More options for vgcreate.', { default: '' }),
    pvresize: flag('Let physical volumes grow to the size of their devices.', { default: false }),
    remove_extra_pvs: flag('Take devices that are not named out of the group.', { default: true }),
    state: choice(['absent', 'present', 'active', 'inactive'], 'Whether it is there, and whether its volumes are active.', { default: 'present' }),
    force: flag('Remove a group with volumes in it.', { default: false }),
    reset_vg_uuid: flag('Give the group another UUID. Happens each time.', { default: false }),
    reset_pv_uuid: flag('Give the physical volumes other UUIDs. Happens each time.', { default: false }),
  },
  async probe(host, { vg, pvs, state }): Promise<Group> {
    if (!/^[\w+.][\w+.-]*$/.test(vg)) fail(`${vg} is no name for a volume group`)
    const [lvm, ...wanted] = await Promise.all([readLvm(host, vg), ...(pvs ?? []).map(async (one) => known(await host.get(realpathResource, one)))])
    const mine = lvm.groups.get(vg)
    const states = lvm.volumes.filter(({ group }) => group === vg).map(({ active }) => active)
    const isActive = state === 'active' || state === 'inactive' ? (states.length === 0 ? state === 'active' : state === 'active' ? states.every(Boolean) : states.some(Boolean)) : undefined
    return { exists: mine !== undefined, devices: [...lvm.physical].filter(([, group]) => group === vg).map(([device]) => device).sort(), active: isActive, ids: '', sizes: '', seen: aside({ volumes: mine?.volumes ?? 0, physical: lvm.physical, wanted }) }
  },
  plan(given, before): Group {
    const { vg, state, pvs, force } = given
    const { volumes, physical, wanted } = before.seen.value
    if (state === 'absent') {
      if (before.exists && volumes > 0 && !force) fail(`Refuse to remove non-empty volume group ${vg} without force=true`)
      return { ...before, exists: false, devices: [] }
    }
    if (!before.exists && state === 'inactive') fail(`Failed to deactivate volume group ${vg}: it does not exist`)
    if (!before.exists && pvs === undefined) fail('No physical volumes given.')
    const taken = wanted.find((device) => (physical.get(device) ?? '') !== '' && physical.get(device) !== vg)
    if (taken !== undefined) fail(`Device ${taken} is already in ${physical.get(taken)} volume group.`)
    const devices = pvs === undefined ? before.devices : [...new Set([...wanted, ...(given.remove_extra_pvs ? [] : before.devices)])].sort()
    return {
      ...before, exists: true, devices, active: before.active === undefined ? undefined : state === 'active',
      ids: before.exists && (given.reset_vg_uuid || given.reset_pv_uuid) ? fresh('other UUIDs') : '', sizes: before.exists && given.pvresize ? unknown('pvresize says whether the devices have grown') : '',
    }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { vg, pesize, pv_options, vg_options, state, force } = given
    const effects = [leaves(lvmResource, vg, unknown(`what this run makes of the group ${vg}`)), ...after.devices.map((device) => leaves(fileResource, device, unknown('a device of LVM')))]
    if (!after.exists) return yield run(['vgremove', ...(force ? ['--force'] : []), vg], effects)
    const fresher = after.devices.filter((device) => !before.devices.includes(device))
    for (const device of fresher) if (!before.seen.value.physical.has(device)) yield run(['pvcreate', ...splitWords(pv_options), '-f', device])
    if (!before.exists) yield run(['vgcreate', ...splitWords(vg_options), '-s', pesize, vg, ...after.devices], effects)
    else {
      if (fresher.length > 0) yield run(['vgextend', vg, ...fresher], effects)
      const gone = before.devices.filter((device) => !after.devices.includes(device))
      if (gone.length > 0) yield run(['vgreduce', '--force', vg, ...gone], effects)
      if (given.pvresize) for (const device of after.devices.filter((one) => before.devices.includes(one))) yield run(['pvresize', device])
      if (given.reset_pv_uuid) for (const device of after.devices) yield run(['pvchange', '-u', device])
      if (given.reset_vg_uuid) yield run(['vgchange', '-u', vg])
    }
    if (before.active !== after.active) yield run(['vgchange', '--activate', state === 'active' ? 'y' : 'n', vg], effects)
  },
  diff({ params: { vg }, before, after }) {
    const side = (one: Group) => (one.exists ? `${one.devices.map((device) => `device: ${device}\n`).join('')}${one.active === undefined ? '' : `active: ${one.active}\n`}` : '')
    return [{ header: { before: vg, after: vg }, before: side(before), after: side(after) }]
  },
  result: ({ before, after, replies, taken }) => ({ outputs: {}, ...(taken && after.sizes !== before.sizes ? { changed: replies.length > 0 && JSON.stringify(before.devices) !== JSON.stringify(after.devices) || replies.some(({ stdout }) => /changed|[1-9]\d* physical volume\(s\) resized/.test(stdout.toString())) } : {}) }),
})
