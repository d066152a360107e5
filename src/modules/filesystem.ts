import { askProgram, missing } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, unknown } from '../value/value.ts'

const TYPES = ['bcachefs', 'btrfs', 'ext2', 'ext3', 'ext4', 'ext4dev', 'f2fs', 'lvm', 'ocfs2', 'reiserfs', 'swap', 'ufs', 'vfat', 'xfs'] as const

const params = {
  dev: path('The device, or a file that stands for one.', { required: true, aliases: ['device'] }),
  fstype: choice(TYPES, 'The file system; lvm makes a physical volume. Not for ufs, which belongs to FreeBSD.', { aliases: ['type'] }),
  state: choice(['present', 'absent'], 'Whether it has one. absent wipes the signatures of whatever it has.', { default: 'present' }),
  force: flag('Make it over another file system.', { default: false }),
  resizefs: flag('Let a file system that is smaller than its device grow: ext2, ext3, ext4, lvm, and xfs where it is mounted.', { default: false }),
  opts: text('Options for the program that makes it.'),
  uuid: text('Its UUID: of ext2, ext3, ext4, xfs and swap.'),
} as const
type FilesystemParams = Params<typeof params>

interface Filesystem {
  readonly exists: boolean
  /** As blkid calls it; '' for none. */
  readonly type: string
  readonly uuid: string | Unknown
  /** Whether it fills its device; undefined where nobody asked. */
  readonly fills: boolean | undefined
  readonly seen: Aside<{ readonly mounted: string }>
}

export const filesystem = defineModule({
  name: 'filesystem',
  summary: 'Keep a file system on a device.',
  notes: ['Needs blkid (util-linux) on the host, and the program that makes the file system: mkfs.TYPE, mkswap or pvcreate; wipefs for state: absent and force.'],
  examples: `
- name: A file system for data, as large as the disk
  filesystem: { dev: /dev/vdb1, fstype: ext4, opts: -L data, resizefs: true }
- name: Swap in a file
  filesystem: { dev: /var/swap, fstype: swap }
- name: The disk is empty
  filesystem: { dev: /dev/vdc, state: absent }
`,
  params,
  rules: { requiredIf: [['state', 'present', ['fstype']]] },
  async probe(host, given): Promise<Filesystem> {
    misused(given)
    const { kind } = known(await host.get(followedResource, given.dev))
    const nothing: Filesystem = { exists: kind !== 'absent', type: '', uuid: '', fills: undefined, seen: aside({ mounted: '' }) }
    if (kind === 'absent' && given.state === 'present') fail(`Device ${given.dev} not found.`)
    if (kind === 'absent') return nothing
    if (kind !== 'block' && kind !== 'file') fail(`${given.dev} is neither a device nor a file`)
    const reply = known(await askProgram(host, { blkid: 'util-linux' }, `blkid -p -c /dev/null -o export -- ${quote(given.dev)} 2>/dev/null | grep -E '^(TYPE|UUID)='; awk -v d="$(readlink -f -- ${quote(given.dev)})" '$1 == d { print "MOUNTED=" $2; exit }' /proc/mounts`, [given.dev]))
    const answers = Object.fromEntries(reply.stdout.toString().split('\n').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const))
    const type = answers.TYPE ?? ''
    const mounted = answers.MOUNTED ?? ''
    const fills = given.resizefs && given.state === 'present' && type === blkidType(given.fstype!) ? await doesFill(host, given, mounted) : undefined
    return { ...nothing, type, uuid: given.uuid === undefined ? '' : (answers.UUID ?? ''), fills, seen: aside({ mounted }) }
  },
  plan(given, before): Filesystem {
    if (!before.exists) return before
    if (given.state === 'absent') return before.type === '' ? before : { ...before, type: '' }
    const wanted = blkidType(given.fstype!)
    if (before.type === wanted) return { ...before, ...(given.uuid === undefined ? {} : { uuid: given.uuid }), ...(before.fills === undefined ? {} : { fills: true }) }
    if (before.type !== '' && !given.force) fail(`'${given.dev}' is already used as ${before.type}, use force=true to overwrite`)
    return { ...before, type: wanted, ...(given.uuid === undefined ? {} : { uuid: given.uuid }), ...(given.resizefs ? { fills: before.fills } : {}) }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const effects = [leaves(fileResource, given.dev, unknown('the file system on it changes'))]
    if (after.type === '') return yield run(['wipefs', '--all', '--', given.dev], effects, { sentence: `wipe ${given.dev}` })
    if (before.type !== after.type) {
      if (before.type !== '') yield run(['wipefs', '--all', '--', given.dev], effects, { sentence: `wipe ${given.dev}` })
      return yield run(makeScript(given), effects, { sentence: `make ${given.fstype} on ${given.dev}`, environment: { LC_ALL: 'C' } })
    }
    if (before.uuid !== after.uuid) yield run(uuidWords(given), effects, { environment: { LC_ALL: 'C' } })
    if (before.fills === false) yield run(growWords(given, before.seen.value.mounted), effects, { sentence: `let ${given.fstype} on ${given.dev} grow`, environment: { LC_ALL: 'C' } })
  },
  diff({ params: { dev }, before, after }) {
    const side = (one: Filesystem) => `${one.type === '' ? 'no file system' : one.type}${one.uuid === '' ? '' : `\nuuid: ${String(one.uuid)}`}${one.fills === undefined ? '' : one.fills ? '\nfills the device' : '\nsmaller than the device'}\n`
    return [{ header: { before: dev, after: dev }, before: side(before), after: side(after) }]
  },
  result: ({ params: { dev }, before }) => ({ outputs: before.exists ? {} : { msg: `Device ${dev} not found.` } }),
})

const EXT = /^ext[234]/
const blkidType = (fstype: string): string => (fstype === 'lvm' ? 'LVM2_member' : fstype)

function misused({ fstype, uuid, resizefs, state }: FilesystemParams): void {
  if (state === 'absent') return
  if (fstype === 'ufs') fail('ufs belongs to FreeBSD')
  if (uuid !== undefined && !EXT.test(fstype!) && fstype !== 'xfs' && fstype !== 'swap') fail(`module does not support UUID option for this filesystem (${fstype}) yet.`)
  if (uuid !== undefined && !/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(uuid)) fail(`uuid must be a UUID in full: ${uuid}`)
  if (resizefs && !EXT.test(fstype!) && fstype !== 'xfs' && fstype !== 'lvm') fail(`module does not support resizing ${fstype} filesystem yet.`)
}

/** A file system that is no more than one of its blocks smaller than the device fills it. */
async function doesFill(host: Reader, { dev, fstype }: FilesystemParams, mounted: string): Promise<boolean> {
  const size = `if [ -b ${quote(dev)} ]; then blockdev --getsize64 ${quote(dev)}; else stat -L -c %s -- ${quote(dev)}; fi`
  const [program, from, script] = EXT.test(fstype!) ? ['dumpe2fs', 'e2fsprogs', `dumpe2fs -h -- ${quote(dev)} 2>/dev/null | awk -F: '/^Block count/ { c = $2 } /^Block size/ { b = $2 } END { printf "%.0f %d\\n", c * b, b }'`]
    : fstype === 'xfs' ? ['xfs_info', 'xfsprogs', `xfs_info ${quote(mounted)} | sed -n 's/^data .*bsize=\\([0-9]*\\) *blocks=\\([0-9]*\\).*/\\1 \\2/p' | awk '{ printf "%.0f %d\\n", $1 * $2, $1 }'`]
      : ['pvs', 'lvm2', `pvs --noheadings --nosuffix --units b -o pv_size,vg_extent_size -- ${quote(dev)} | awk '{ printf "%.0f %d\\n", $1, ($2 > 4194304 ? $2 : 4194304) * 2 }'`]
  if (fstype === 'xfs' && mounted === '') fail(`${dev} needs to be mounted for xfs operations`)
  const { stdout } = known(await askProgram(host, { [program!]: from! }, `${size}; ${script}`, [dev]))
  const [device, rest = ''] = stdout.toString().trim().split('\n')
  const [used, block] = rest.split(' ').map(Number)
  if (!used || !block) return fail(`the size of the file system on ${dev} cannot be read`)
  return Number(device) - used < block
}

function makeScript({ dev, fstype, opts, uuid, force }: FilesystemParams): string {
  const program = fstype === 'swap' ? 'mkswap' : fstype === 'lvm' ? 'pvcreate' : fstype === 'ext4dev' ? 'mkfs.ext4' : `mkfs.${fstype}`
  const packages: Readonly<Record<string, string>> = { btrfs: 'btrfs-progs', xfs: 'xfsprogs', vfat: 'dosfstools', f2fs: 'f2fs-tools', lvm: 'lvm2', swap: 'util-linux', reiserfs: 'reiserfsprogs', ocfs2: 'ocfs2-tools', bcachefs: 'bcachefs-tools' }
  const from = packages[fstype!] ?? 'e2fsprogs'
  const own = EXT.test(fstype!) ? ['-F'] : fstype === 'lvm' ? ['-y', ...(force ? ['-f'] : [])] : fstype === 'reiserfs' ? ['-q'] : fstype === 'ocfs2' ? ['-Fx'] : force && (fstype === 'xfs' || fstype === 'btrfs' || fstype === 'f2fs' || fstype === 'swap') ? ['-f'] : []
  const id = uuid === undefined ? [] : fstype === 'xfs' ? ['-m', `uuid=${uuid}`] : ['-U', uuid]
  return `PATH="$PATH:/usr/sbin:/sbin"; command -v ${program} >/dev/null || { echo ${quote(missing(program, from))} >&2; exit 9; }; exec ${commandLine([program, ...own, ...id, ...splitWords(opts ?? ''), dev])} < /dev/null`
}

const uuidWords = ({ dev, fstype, uuid }: FilesystemParams): readonly string[] => (fstype === 'xfs' ? ['xfs_admin', '-U', uuid!, dev] : fstype === 'swap' ? ['swaplabel', '-U', uuid!, dev] : ['tune2fs', '-U', uuid!, dev])
const growWords = ({ dev, fstype }: FilesystemParams, mounted: string): readonly string[] | string => (fstype === 'xfs' ? ['xfs_growfs', mounted] : fstype === 'lvm' ? ['pvresize', dev] : `${mounted === '' ? `e2fsck -fp -- ${quote(dev)}; [ $? -lt 4 ] || exit; ` : ''}exec resize2fs ${quote(dev)}`)
