import { askProgram } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource, followedResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, integer, list, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, type Value, dict, unknown } from '../value/value.ts'

const UNITS = ['s', 'B', 'KB', 'KiB', 'MB', 'MiB', 'GB', 'GiB', 'TB', 'TiB', '%', 'cyl', 'chs', 'compact'] as const
const params = {
  device: text('The disk, or a file that stands for one.', { required: true }),
  state: choice(['absent', 'info', 'present'], 'Whether the partition is there; info only tells.', { default: 'info' }),
  number: integer('The number of the partition.'),
  label: choice(['aix', 'amiga', 'bsd', 'dvh', 'gpt', 'loop', 'mac', 'msdos', 'pc98', 'sun'], 'The table; another one is made anew, and with it all partitions are gone.', { default: 'msdos' }),
  part_type: choice(['extended', 'logical', 'primary'], 'Its kind, in a table of msdos or dvh.', { default: 'primary' }),
  part_start: text('Where it begins: a number with a unit, or a share of the disk.', { default: '0%' }),
  part_end: text('Where it ends.', { default: '100%' }),
  name: text('Its name; gpt, mac and pc98 have names.'),
  flags: list(text(''), 'The flags that are on, and no others.'),
  fs_type: text('The file system that the table is told of; none is made.'),
  align: choice(['cylinder', 'minimal', 'none', 'optimal', 'undefined'], 'How partitions are aligned.', { default: 'optimal' }),
  unit: choice(UNITS, 'The unit of what is told.', { default: 'KiB' }),
  resize: flag('Move the end of a partition that is there to part_end.', { default: false }),
} as const
type PartedParams = Params<typeof params>

interface Partition {
  readonly name: string
  readonly flags: readonly string[]
}

interface Disk {
  /** '' for none. */
  readonly table: string
  readonly partitions: Readonly<Record<string, Partition>>
  /** Where the partition ends, when that is asked for. */
  readonly end: string | Unknown
  readonly seen: Aside<{ readonly info: ReadonlyMap<Value, Value> }>
}

export const parted = defineModule({
  name: 'parted',
  summary: 'Keep a partition on a disk, or tell which there are.',
  notes: ['Needs parted on the host. Start, end and kind of a partition that is there are not compared, as in Ansible; with resize its end is moved.'],
  examples: `
- name: One partition over the whole disk
  parted: { device: /dev/vdb, number: 1, label: gpt, name: data, state: present }
- name: For LVM, up to the middle
  parted: { device: /dev/vdc, number: 1, label: gpt, flags: [lvm], part_end: 50%, state: present }
- name: Which partitions there are
  parted: { device: /dev/vdb, unit: MiB }
  register: disk
`,
  params,
  rules: { requiredIf: [['state', 'absent', ['number']]] },
  async probe(host, given): Promise<Disk> {
    misused(given)
    const { kind } = known(await host.get(followedResource, given.device))
    if (kind === 'absent') fail(`Error: Could not stat device ${given.device} - No such file or directory.`)
    const reply = known(await askProgram(host, { parted: 'parted' }, `parted -s -m -- ${quote(given.device)} unit ${quote(given.unit)} print`, [given.device]))
    const said = reply.stdout.toString() + reply.stderr.toString()
    if (reply.code !== 0 && !/unrecognised disk label/i.test(said)) fail(`Error while getting device information with parted script: ${said.trim()}`, { rc: reply.code })
    const info = parseInfo(said, given.unit)
    const partitions = Object.fromEntries((info.get('partitions') as readonly ReadonlyMap<Value, Value>[]).map((one) => [String(one.get('num')), { name: String(one.get('name')), flags: (one.get('flags') as readonly string[]).toSorted() }]))
    const table = String((info.get('disk') as ReadonlyMap<Value, Value>).get('table'))
    return { table: table === 'unknown' ? '' : table, partitions, end: '', seen: aside({ info }) }
  },
  plan(given, before): Disk {
    const { state, number, label, name, flags } = given
    if (state === 'info') return before
    const key = String(number)
    if (state === 'absent') {
      const { [key]: gone, ...rest } = before.partitions
      return gone ? { ...before, partitions: rest } : before
    }
    const fresher = before.table === label ? before.partitions : {}
    if (number === undefined) return { ...before, table: label, partitions: fresher }
    const old = fresher[key]
    const next = Math.min(...Array.from({ length: 128 }, (_, i) => i + 1).filter((i) => !fresher[i] && (given.part_type !== 'logical' || i > 4)))
    if (!old && next !== number) fail(`The partition would get the number ${next}, not ${number}`)
    return {
      ...before, table: label, partitions: { ...fresher, [key]: { name: name ?? old?.name ?? '', flags: flags?.toSorted() ?? old?.flags ?? [] } },
      end: given.resize && old ? unknown('whether the partition ends there already is known to parted alone') : '',
    }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { device, align } = given
    const script = [...words(given, before, after)]
    const print = `parted -s -m -- ${quote(device)} unit s print`
    const work = commandLine(['parted', '-s', '-m', '-a', align === 'undefined' ? 'none' : align, '--', device, ...script.flat()])
    const parts = given.number === undefined ? [] : [`${device}${given.number}`, `${device}p${given.number}`]
    const effects = [device, ...parts].map((one) => leaves(fileResource, one, unknown('what parted makes of it')))
    if (script.length > 0) yield run(`b=$(${print} 2>/dev/null); ${work} || exit; [ "$(${print})" = "$b" ] || echo changed; echo @@; parted -s -m -- ${quote(device)} unit ${quote(given.unit)} print`, effects, { environment: { LC_ALL: 'C' }, sentence: `run parted ${device}: ${script.map(commandLine).join('; ')}` })
  },
  diff({ params: { device }, before, after }) {
    const side = (one: Disk) => `${one.table === '' ? 'no table' : one.table}\n${Object.entries(one.partitions).map(([number, { name, flags }]) => `${[number, name, ...flags].filter(Boolean).join(' ')}\n`).join('')}`
    return [{ header: { before: device, after: device }, before: side(before), after: side(after) }]
  },
  result({ params: given, before, after, changed, replies: [reply] }) {
    const [done = '', printed] = reply?.stdout.toString().split('@@\n') ?? []
    const info = printed === undefined ? (changed ? undefined : before.seen.value.info) : parseInfo(printed, given.unit)
    const open = (what: string): Value => unknown(`${what} after the change`)
    return {
      ...(reply ? { changed: /^changed$/m.test(done) } : {}),
      outputs: { partition_info: info ?? open('the partitions'), script: [...words(given, before, after)].flat().join(' '), disk: info?.get('disk') ?? open('the disk'), partitions: info?.get('partitions') ?? open('the partitions') },
    }
  },
})

function misused({ part_start, part_end, number }: PartedParams): void {
  const place = /^-?\d+(?:\.\d+)?(?:s|B|[KMGT]i?B|%|cyl|chs|compact)?$/
  for (const one of [part_start, part_end]) if (!place.test(one)) fail(`Incorrect value for the place of a partition: ${one}`)
  if (number !== undefined && number < 1) fail('The partition number must be greater then 0')
}

/** What parted is told, in its order. */
function* words({ state, number, label, part_type, part_start, part_end, name, fs_type, flags, resize }: PartedParams, before: Disk, after: Disk): Iterable<readonly string[]> {
  const key = String(number)
  if (state === 'info') return
  if (state === 'absent') {
    if (before.partitions[key]) yield ['rm', key]
    return
  }
  if (before.table !== after.table) yield ['mklabel', label]
  if (number === undefined) return
  const old = before.table === after.table ? before.partitions[key] : undefined
  // In tables without kinds the word is the name.
  if (!old) yield ['mkpart', label === 'msdos' || label === 'dvh' ? part_type : '""', ...(fs_type === undefined ? [] : [fs_type]), part_start, part_end]
  else if (resize) yield ['resizepart', key, part_end]
  if (name !== undefined && name !== old?.name) yield ['name', key, `"${name.replaceAll('"', '')}"`]
  if (flags === undefined) return
  for (const one of flags.filter((flag) => !old?.flags.includes(flag))) yield ['set', key, one, 'on']
  for (const one of (old?.flags ?? []).filter((flag) => !flags.includes(flag))) yield ['set', key, one, 'off']
}

/** `parted -m print`: unit, then the disk, then a line for each partition, fields parted by colons. */
export function parseInfo(output: string, unit: string): ReadonlyMap<Value, Value> {
  const size = (text = ''): Value => { const match = /^(-?[\d.]+)/.exec(text); return match && unit !== 'chs' ? Number(match[1]) : text }
  const lines = output.split('\n').map((line) => line.trim().replace(/;$/, '')).filter((line) => line.includes(':') && !/^(?:Error|Warning|Information):/.test(line))
  const disk = lines.find((line) => !/^\d+:/.test(line))?.split(':') ?? []
  const [dev = '', total, , logical, physical, table = 'unknown', model = ''] = disk
  const partitions = lines.filter((line) => /^\d+:/.test(line)).map((line) => {
    const [num, begin, end, length, fstype = '', name = '', flags = ''] = line.split(':')
    return dict({ num: Number(num), begin: size(begin), end: size(end), size: size(length), fstype, name, flags: flags.split(', ').filter(Boolean), unit: unit.toLowerCase() })
  })
  return dict({ disk: dict({ dev, size: size(total), unit: unit.toLowerCase(), table, model, logical_block: Number(logical ?? 0), physical_block: Number(physical ?? 0) }), partitions })
}

