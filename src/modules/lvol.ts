import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileResource } from '../host/file.ts'
import { lvmResource } from '../host/lvm.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, list, text } from '../schema/field.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Aside, aside } from '../value/aside.ts'
import { unknown } from '../value/value.ts'
import { readLvm } from './lvg.ts'

const params = {
  vg: text('The volume group.', { required: true }),
  lv: text('The volume.'),
  size: text('Its size: a number with a unit (MiB without one), or a share like 50%VG, 100%FREE, 20%PVS; with + or - in front, so much more or less, each time.'),
  opts: text('More options for lvcreate.'),
  state: choice(['absent', 'present'], 'Whether it is there.', { default: 'present' }),
  active: flag('Whether it is active.', { default: true }),
  force: flag('Remove a volume, or make it smaller, where data may be lost.', { default: false }),
  shrink: flag('Make a volume that is larger than size smaller; needs force too.', { default: true }),
  resizefs: flag('Resize the file system with the volume.', { default: false }),
  snapshot: text('A snapshot of lv, which is kept in place of it.'),
  thinpool: text('The thin pool that it is in, or that is made.'),
  pvs: list(text(''), 'The devices that it is on.', { default: [] }),
} as const
type LvolParams = Params<typeof params>

interface Volume {
  /** Extents; 0 where there is none. */
  readonly extents: number
  readonly active: boolean | undefined
  readonly seen: Aside<{ readonly extent: number; readonly total: number; readonly free: number; readonly origin: number; readonly isThin: boolean; readonly name: string }>
}

export const lvol = defineModule({
  name: 'lvol',
  summary: 'Keep a logical volume of LVM.',
  notes: ['Needs lvm2 on the host. Sizes are compared in extents: a volume that LVM rounded up is the same.'],
  examples: `
- name: Half of the group for the database
  lvol: { vg: data, lv: postgresql, size: 50%VG }
- name: 2 GiB for logs, with its file system
  lvol: { vg: data, lv: logs, size: 2g, resizefs: true }
- name: A volume is gone
  lvol: { vg: data, lv: old, state: absent, force: true }
`,
  params,
  async probe(host, given): Promise<Volume> {
    const name = misused(given)
    const { groups, volumes } = await readLvm(host, given.vg)
    const group = groups.get(given.vg)
    const none: Volume = { extents: 0, active: undefined, seen: aside({ extent: 1, total: 0, free: 0, origin: 0, isThin: false, name }) }
    if (!group) return given.state === 'absent' ? none : fail(`Volume group ${given.vg} does not exist.`)
    const rows = new Map(volumes.filter((one) => one.group === given.vg).map((one) => [one.name, one] as const))
    const [mine, origin] = [rows.get(name), rows.get(given.lv ?? '')]
    const extents = (one: typeof mine) => (one ? Math.round(one.size / group.extent) : 0)
    if (given.snapshot !== undefined && given.state === 'present' && !rows.has(given.lv!)) fail(`Snapshot origin LV ${given.lv} does not exist in volume group ${given.vg}.`)
    return { extents: extents(mine), active: mine?.active, seen: aside({ ...group, origin: extents(origin), isThin: /^V/.test(origin?.kind ?? ''), name }) }
  },
  plan(given, before): Volume {
    const { state, size, force, shrink, active, vg } = given
    const { name } = before.seen.value
    if (state === 'absent') {
      if (before.extents > 0 && !force) fail(`Sorry, no removal of logical volume ${name} without force=true.`)
      return { ...before, extents: 0, active: undefined }
    }
    if (before.extents === 0) {
      if (size === undefined && !(given.snapshot !== undefined && before.seen.value.isThin)) fail('No size given.')
      if (size !== undefined && /^[+-]/.test(size)) fail(`Bad size specification of '${size}' for creating LV`)
      return { ...before, extents: size === undefined ? before.seen.value.origin : wantedExtents(size, before), active: given.snapshot === undefined ? active : before.active === undefined ? active : before.active }
    }
    if (size === undefined || given.snapshot !== undefined) return { ...before, ...(given.snapshot === undefined ? { active } : {}) }
    const wanted = wantedExtents(size, before)
    if (wanted < before.extents && !shrink) return { ...before, active }
    if (wanted < before.extents && !force) fail(`Sorry, no shrinking of ${name} without force=true.`)
    if (wanted - before.extents > before.seen.value.free) fail(`Unable to resize ${name} to ${size}: the volume group ${vg} has ${before.seen.value.free} free extents`)
    return { ...before, extents: wanted, active }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { vg, lv, opts, snapshot, thinpool, pvs, resizefs } = given
    const { name, isThin } = before.seen.value
    const effects = [leaves(lvmResource, vg, unknown(`what this run makes of the group ${vg}`)), ...[`/dev/${vg}/${name}`, `/dev/mapper/${vg.replaceAll('-', '--')}-${name.replaceAll('-', '--')}`].map((device) => leaves(fileResource, device, unknown('a volume of LVM')))]
    if (after.extents === 0) return yield run(['lvremove', '--force', `${vg}/${name}`], effects)
    const words = splitWords(opts ?? '')
    if (before.extents === 0) {
      const size = snapshot !== undefined && isThin && given.size === undefined ? [] : thinpool !== undefined && lv !== undefined ? ['-V', `${after.extents * before.seen.value.extent}b`] : ['-l', String(after.extents)]
      const kind = snapshot !== undefined ? ['-s', '-n', snapshot, ...words, `${vg}/${lv}`] : thinpool !== undefined ? (lv === undefined ? ['-T', ...words, `${vg}/${thinpool}`] : ['-n', lv, ...words, '-T', `${vg}/${thinpool}`]) : ['-n', name, ...words, vg]
      return yield run(['lvcreate', '--yes', ...(snapshot === undefined && !given.active ? ['-an', '-Zn'] : []), ...size, ...kind, ...pvs], effects, { environment: { LC_ALL: 'C' } })
    }
    if (after.extents !== before.extents) yield run([after.extents > before.extents ? 'lvextend' : 'lvreduce', ...(after.extents < before.extents ? ['--force'] : []), ...(resizefs ? ['--resizefs'] : []), '-l', String(after.extents), `${vg}/${name}`, ...(after.extents > before.extents ? pvs : [])], effects, { environment: { LC_ALL: 'C' } })
    if (after.active !== before.active) yield run(['lvchange', after.active ? '-ay' : '-an', `${vg}/${name}`], effects)
  },
  diff({ params: { vg }, before, after }) {
    const { name, extent } = before.seen.value
    const side = (one: Volume) => (one.extents === 0 ? '' : `size: ${(one.extents * extent) / 1048576} MiB\n${one.active === undefined ? '' : `active: ${one.active}\n`}`)
    return [{ header: { before: `${vg}/${name}`, after: `${vg}/${name}` }, before: side(before), after: side(after) }]
  },
  result: ({ params: { vg }, after }) => ({ outputs: { vg, lv: after.seen.value.name, size: (after.extents * after.seen.value.extent) / 1048576 } }),
})

/** Answers the name of the volume that is kept. */
function misused({ vg, lv, thinpool, snapshot, size }: LvolParams): string {
  const name = snapshot ?? lv ?? thinpool
  if (name === undefined) return fail('one of the following is required: lv, thinpool')
  if (snapshot !== undefined && lv === undefined) fail('a snapshot needs lv, the volume that it is of')
  if (snapshot !== undefined && thinpool !== undefined) fail('parameters are mutually exclusive: snapshot|thinpool')
  for (const one of [vg, name]) if (!/^[\w+.][\w+.-]*$/.test(one)) fail(`${one} is no name of LVM`)
  if (size !== undefined && !/^[+-]?\d+(?:\.\d+)?(?:[bskmgtpe]i?b?|%(?:VG|PVS|FREE|ORIGIN))?$/i.test(size)) fail(`Bad size specification of '${size}'`)
  return name
}

const POWERS = 'kmgtpe'

/** Rounded up to extents as LVM does; a share is rounded down. */
function wantedExtents(size: string, { extents, seen }: Volume): number {
  const { extent, total, free, origin } = seen.value
  const [, sign = '', number = '', unit = ''] = /^([+-]?)([\d.]+)(.*)$/.exec(size)!
  const share = { '%VG': total, '%PVS': total, '%FREE': free + (sign === '' ? extents : 0), '%ORIGIN': origin }[unit.toUpperCase()]
  const letter = unit.toLowerCase()[0] ?? 'm'
  const bytes = Number(number) * (letter === 'b' ? 1 : letter === 's' ? 512 : 1024 ** (POWERS.indexOf(letter) + 1))
  // A volume that has taken all that is free stays as large as it is.
  const amount = share === undefined ? Math.ceil(bytes / extent) : Math.floor((share * Number(number)) / 100)
  return sign === '+' ? extents + amount : sign === '-' ? extents - amount : amount
}
