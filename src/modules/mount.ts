import { SYSTEM_PATH } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { type FstabEntry, editFstab, findFstab } from '../contract/edit-fstab.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { absent, contentResource, fileResource, followedResource } from '../host/file.ts'
import { type MountState, mountResource, notMounted } from '../host/mount.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { leaves } from '../host/resource.ts'
import { type Step, remove, run, write } from '../host/step.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'
import { type Unknown, fresh, isUnknown, unknown } from '../value/value.ts'

const params = {
  path: path('Where it is mounted; none for swap.', { required: true, aliases: ['name'] }),
  src: text('The device, share or file.'),
  fstype: text('The type of file system.'),
  opts: text('Options, parted by commas.'),
  dump: text('Whether dump saves it.', { default: '0' }),
  passno: text('In which turn it is checked at the start.', { default: '0' }),
  state: choice(['absent', 'absent_from_fstab', 'mounted', 'present', 'unmounted', 'remounted', 'ephemeral'], 'mounted: in fstab and mounted. present: in fstab. ephemeral: mounted and not in fstab.', { required: true }),
  fstab: path('The table.', { default: '/etc/fstab' }),
  boot: flag('Mount it when the host starts.', { default: true }),
  backup: flag('Keep the old table, with the time in its name.', { default: false }),
  opts_no_log: flag('Never show the options.', { default: false, inert: 'mark the whole task with no_log: true' }),
} as const
type MountParams = Params<typeof params>

/** States that make or remove the directory: others do not look at it. */
const DIRECTORY: ReadonlySet<string> = new Set(['mounted', 'absent', 'ephemeral'])

interface Mounted {
  readonly table: string
  readonly mounted: boolean
  readonly directory: boolean
  /** A new mount with other options is never the same. */
  readonly run: string | Unknown
  readonly seen: Aside<{ readonly place: string; readonly now: MountState; readonly entry: FstabEntry; readonly isFile: boolean }>
}

export const mount = defineModule({
  name: 'mount',
  summary: 'Keep a file system mounted, and in fstab.',
  notes: ['Needs mount and umount on the host, for `state: mounted` and the like.'],
  examples: `
- name: Memory for what is short-lived
  mount: { path: /mnt/fast, src: tmpfs, fstype: tmpfs, opts: "size=64m", state: mounted }
- name: A disk by its label, with the next start
  mount: { path: /srv/data, src: LABEL=data, fstype: ext4, opts: "noatime,nofail", state: present }
- name: Not there any more, with its directory
  mount: { path: /mnt/old, state: absent }
`,
  params,
  rules: { requiredIf: [['state', 'mounted', ['src', 'fstype']], ['state', 'present', ['src', 'fstype']], ['state', 'ephemeral', ['src', 'fstype']]] },
  async probe(host, given, { environment }): Promise<Mounted> {
    const swap = given.path === 'none' || given.path === 'swap'
    const place = swap ? given.path : (await resolvePath(host, given.path, environment)).replace(/(.)\/+$/, '$1')
    const [table, now, at] = await Promise.all([host.get(contentResource, given.fstab), swap ? notMounted : host.get(mountResource, place), swap || !DIRECTORY.has(given.state) ? undefined : host.get(followedResource, place)])
    const text = known(table)?.toString() ?? ''
    // What a planned mount brings is not known, but there is something to mount on.
    const kind = at === undefined ? 'absent' : isUnknown(at) && known(now).mounted ? 'directory' : known(at).kind
    const entry = entryOf(given, place, text)
    if (host.planned && !known(now).mounted && (given.state === 'mounted' || given.state === 'ephemeral')) await doubtKernel(host, entry)
    return { table: text, mounted: known(now).mounted, directory: kind !== 'absent', run: '', seen: aside({ place, now: known(now), entry, isFile: kind === 'file' }) }
  },
  plan(given, before): Mounted {
    const { now, entry, place } = before.seen.value
    const inTable = editFstab(before.table, entry, true)
    switch (given.state) {
      case 'present': return { ...before, table: inTable }
      case 'absent_from_fstab': return { ...before, table: editFstab(before.table, entry, false) }
      case 'unmounted': return { ...before, mounted: false }
      case 'absent': {
        // What the table does not have is none of its mounts, as Ansible sees it: /tmp stays, mounted or not.
        const table = editFstab(before.table, entry, false)
        return table === before.table ? before : { ...before, table, mounted: false, directory: false }
      }
      case 'remounted': return before.mounted ? { ...before, run: fresh('mounted anew') } : fail(`${place} is not mounted`)
      case 'ephemeral':
        if (before.mounted && !isSource(now, entry)) fail(`Ephemeral mount point is already mounted with a different source than the specified one: ${now.source} instead of ${entry.src}`)
        return before.mounted ? { ...before, run: fresh('mounted anew') } : { ...before, mounted: true, directory: true }
      case 'mounted': return { ...before, table: inTable, mounted: true, directory: true, ...(before.mounted && inTable !== before.table ? { run: fresh('mounted with other options') } : {}) }
    }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { place, entry, now, isFile } = before.seen.value
    const mounts = !before.mounted && after.mounted
    const writeTable = () => write(given.fstab, bytesContent(after.table), before.table === '' ? { mode: 0o644 } : {}, given.backup && before.table !== '' ? { backup: true } : {})
    if (after.table !== before.table && given.state !== 'absent' && !mounts) yield writeTable()
    const table = given.fstab === '/etc/fstab' ? [] : ['-T', given.fstab]
    // Everything below is another afterwards.
    const below = leaves(fileResource, place, unknown(`what ${place} shows when it is ${after.mounted ? 'mounted' : 'no longer mounted'}`))
    const state: MountState = { mounted: true, source: entry.src, root: '/', fstype: entry.fstype }
    if (before.mounted && !after.mounted) yield run(['umount', place], [leaves(mountResource, place, notMounted), below])
    if (given.state === 'absent') {
      if (after.table !== before.table) yield write(given.fstab, bytesContent(after.table), {}, given.backup ? { backup: true } : {})
      if (before.directory) yield isFile ? remove(place) : run(['rmdir', '--', place], [leaves(fileResource, place, absent)], { sentence: `remove the directory ${place}`, okay: [0] })
      return
    }
    if (!before.directory && after.directory) yield run(['mkdir', '-p', '--', place], [], { sentence: `make the directory ${place}` })
    // First mounted, then written down: what cannot be mounted now shall not stop the host from starting later.
    if (mounts) yield run(['mount', '-t', entry.fstype, '-o', entry.opts, '--', entry.src, place], [leaves(mountResource, place, state), below])
    if (mounts && after.table !== before.table) yield writeTable()
    if (isUnknown(after.run)) {
      // Another source cannot be had by mounting anew over the old one; a table of its own is not asked by remount.
      const elsewhere = given.state === 'mounted' && !isSource(now, entry)
      const options = given.state === 'ephemeral' ? ['-o', `remount,${entry.opts}`] : ['-o', 'remount']
      if (elsewhere) yield run(['umount', place])
      yield run(elsewhere ? ['mount', ...table, place] : ['mount', ...(given.state === 'ephemeral' ? [] : table), ...options, place], [leaves(mountResource, place, state), below])
    }
  },
  diff({ params: { fstab }, before, after }) {
    const { place } = before.seen.value
    const side = (one: Mounted) => `${one.mounted ? 'mounted' : 'not mounted'}${isUnknown(one.run) ? ` (${one.run.reason})` : ''}\n`
    return [
      ...(before.table === after.table ? [] : [{ header: { before: fstab, after: fstab }, before: before.table, after: after.table }]),
      ...(before.mounted === after.mounted && before.run === after.run ? [] : [{ header: { before: place, after: place }, before: side(before), after: side(after) }]),
      ...(before.directory && !after.directory ? [{ header: { before: place, after: place }, before: 'directory\n', after: '' }] : []),
    ]
  },
  result({ params: { fstab, boot, backup: keeps }, before, after, replies, taken }) {
    const { entry, place } = before.seen.value
    const backup = taken ? replies.find(({ stdout }) => /~$/.test(stdout.toString().trim()))?.stdout.toString().trim() : undefined
    return { outputs: { name: place, src: entry.src, fstype: entry.fstype, opts: entry.opts, dump: entry.dump, passno: entry.passno, fstab, boot: boot ? 'yes' : 'no', backup_file: backup ?? (!taken && keeps && before.table !== '' && after.table !== before.table ? fresh('a name with the time') : '') } }
  },
})

/** A kernel may load a file system when it is asked for; in a dry run that cannot be known of one that neither it nor a helper has. */
async function doubtKernel(host: Reader, { fstype, opts }: FstabEntry): Promise<void> {
  if (/^(auto|none|)$|,/.test(fstype) || /(^|,)r?bind(,|$)/.test(opts)) return
  const type = quote(fstype)
  const reply = await host.run(`${SYSTEM_PATH}; grep -qw -e ${type} /proc/filesystems || command -v mount.${type} || command -v mount.${quote(fstype.split('.')[0]!)} || modprobe -n -q -- fs-${type} || modprobe -n -q -- ${type}`, [])
  if (!isUnknown(reply) && reply.code !== 0) throw unknown(`whether the kernel has the file system ${fstype}`)
}

/** What the task leaves out is as it stands in the table. */
function entryOf({ src, fstype, opts, dump, passno, boot }: MountParams, place: string, table: string): FstabEntry {
  const old = findFstab(table, { path: place, src: src ?? '', fstype: fstype ?? '' })
  const given = opts ?? old?.opts ?? 'defaults'
  const options = boot || given.split(',').includes('noauto') ? given : `${given},noauto`
  return { path: place, src: src ?? old?.src ?? '', fstype: fstype ?? old?.fstype ?? '', opts: options, dump, passno }
}

/** Labels and UUIDs cannot be compared with devices without asking: they count as the same. A bind mount is told by what it shows. */
function isSource({ source, root }: MountState, { src, opts }: FstabEntry): boolean {
  if (/^(?:UUID|LABEL|PARTUUID|PARTLABEL|ID)=|^\/dev\/(?:disk|mapper)\//i.test(src)) return true
  return opts.split(',').some((option) => option === 'bind' || option === 'rbind') ? root === src || root.endsWith(src) : source === src
}
