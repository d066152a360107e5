import { defineModule } from '../contract/define-module.ts'
import { known } from '../contract/file-target.ts'
import { showMode } from '../contract/file-attributes.ts'
import { absent, type FileState, checksumResource, fileResource, followedResource, realpathResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { choice, flag, path } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Value, Float, Unknown, dict } from '../value/value.ts'

const ALGORITHMS = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const

export const stat = defineModule({
  name: 'stat',
  summary: 'Look at a file or directory.',
  notes: ['`get_mime` needs the program `file` on the host, `get_attributes` needs `lsattr`; without them the results are left as unknown or empty, as in Ansible.'],
  examples: `
- name: Is it there?
  stat: { path: /etc/app/app.conf }
  register: conf
- name: Only then
  debug: { msg: "{{ conf.stat.size }} bytes, {{ conf.stat.mode }}" }
  when: conf.stat.exists and conf.stat.isreg
- name: Its checksum
  stat: { path: /etc/hostname, checksum_algorithm: sha256, get_mime: false }
  register: host_name
- name: What the link leads to
  stat: { path: /etc/mtab, follow: true, get_checksum: false }
`,
  params: {
    path: path('What to look at.', { required: true, aliases: ['dest', 'name'] }),
    follow: flag('Look at what a link leads to.', { default: false }),
    get_checksum: flag('Whether to read the whole file for its checksum.', { default: true }),
    checksum_algorithm: choice(ALGORITHMS, 'Which checksum.', { default: 'sha1', aliases: ['checksum', 'checksum_algo'] }),
    get_mime: flag('Whether to find out its type.', { default: true, aliases: ['mime', 'mime_type', 'mime-type'] }),
    get_attributes: flag('Whether to ask for attributes of the file system.', { default: true, aliases: ['attr', 'attributes'] }),
    get_selinux_context: flag('SELinux context.', { inert: 'hosts with SELinux are not modelled; the context is left out, as on hosts without it' }),
  },
  async probe(host, params, { environment }) {
    if (params.path === '') return { path: '', file: absent, checksum: '', extra: [], source: '' }
    const path = (await resolvePath(host, params.path, environment)).replace(/(.)\/+$/, '$1')
    const [file, checksum, extra, source] = await Promise.all([
      host.get(params.follow ? followedResource : fileResource, path), checksumOf(host, path, params.get_checksum, params.checksum_algorithm),
      readExtra(host, path, params), host.get(realpathResource, path),
    ])
    return { path, file: known(file), checksum, extra, source }
  },
  plan: (_params, before) => before,
  result: ({ params, before }) => ({ outputs: { stat: statValue(before, params.get_checksum) } }),
})

async function checksumOf(host: Reader, path: string, wanted: boolean, algorithm: (typeof ALGORITHMS)[number]): Promise<string | Unknown> {
  if (!wanted) return ''
  if (algorithm === 'sha1') return host.get(checksumResource, path)
  const reply = await host.run(`[ ! -f ${quote(path)} ] || ${algorithm}sum < ${quote(path)}`, [path])
  return reply instanceof Unknown ? reply : reply.stdout.toString().split(' ')[0]!
}

/** What needs programs of its own: access, type, attributes. One script, so that it is one more line in the same request. */
async function readExtra(host: Reader, path: string, { get_mime, get_attributes, follow }: { readonly get_mime: boolean; readonly get_attributes: boolean; readonly follow: boolean }): Promise<readonly string[] | Unknown> {
  const p = quote(path)
  const script = [
    `[ -e ${p} ] || [ -h ${p} ] || exit 0`,
    `for a in r w x; do if [ -$a ${p} ]; then echo y; else echo n; fi; done`,
    `stat ${follow ? '-L ' : ''}-c '%b %o %t %T' -- ${p}`,
    get_mime ? `file ${follow ? '-L ' : ''}-b --mime -- ${p} 2>/dev/null || echo` : 'echo',
    get_attributes ? `lsattr -vd -- ${p} 2>/dev/null | head -n 1 || echo` : 'echo',
  ].join('\n')
  const reply = await host.run(script, [path])
  return reply instanceof Unknown ? reply : reply.stdout.toString().split('\n')
}

interface Seen {
  readonly path: string
  readonly file: FileState
  readonly checksum: string | Unknown
  readonly extra: readonly string[] | Unknown
  readonly source: string | Unknown
}

function statValue({ path, file, checksum, extra, source }: Seen, getChecksum: boolean): Value {
  if (file.kind === 'absent') return dict({ exists: false })
  const bit = (mask: number) => (file.mode & mask) !== 0
  const is = (kind: FileState['kind']) => file.kind === kind
  const [r, w, x, blocks, mime, attributes] = extra instanceof Unknown ? [] : extra
  const access = (answer: string | undefined) => (extra instanceof Unknown ? extra : answer === 'y')
  const [count, size, major, minor] = (blocks ?? '').split(' ')
  const special = is('block') || is('char')
  return dict({
    exists: true, path, mode: showMode(file.mode), isdir: is('directory'), ischr: is('char'), isblk: is('block'), isreg: is('file'), isfifo: is('fifo'), islnk: is('link'), issock: is('socket'),
    uid: file.uid, gid: file.gid, size: file.size, inode: file.inode, dev: file.device, nlink: file.links, atime: seconds(file.accessed), mtime: seconds(file.modified), ctime: seconds(file.changed),
    wusr: bit(0o200), rusr: bit(0o400), xusr: bit(0o100), wgrp: bit(0o020), rgrp: bit(0o040), xgrp: bit(0o010), woth: bit(0o002), roth: bit(0o004), xoth: bit(0o001), isuid: bit(0o4000), isgid: bit(0o2000),
    readable: access(r), writeable: access(w), executable: access(x),
    ...(count && size ? { blocks: Number(count), block_size: Number(size) } : {}), ...(special && major && minor ? { device_type: Number.parseInt(major, 16) * 256 + Number.parseInt(minor, 16) } : {}),
    ...(is('link') ? { lnk_source: source, lnk_target: file.target } : {}),
    pw_name: file.owner, gr_name: file.group,
    ...(getChecksum && is('file') ? { checksum } : {}),
    ...mimeOf(extra instanceof Unknown ? extra : mime), ...attributesOf(extra instanceof Unknown ? extra : attributes),
  })
}

const seconds = (time: number | Unknown): Value => (typeof time === 'number' && Number.isInteger(time) ? new Float(time) : (time as Value))

function mimeOf(line: string | Unknown | undefined): Record<string, Value> {
  if (line instanceof Unknown) return { mimetype: line, charset: line }
  const match = /^([\w./+-]+); charset=([\w-]+)/.exec(line ?? '')
  return { mimetype: match?.[1] ?? 'unknown', charset: match?.[2] ?? 'unknown' }
}

const FLAGS: Readonly<Record<string, string>> = {
  A: 'noatime', a: 'append', c: 'compressed', C: 'nocow', d: 'nodump', D: 'dirsync', e: 'extents', E: 'encrypted', h: 'blocksize', i: 'immutable', I: 'indexed', j: 'journalled',
  N: 'inline', s: 'zero', S: 'synchronous', t: 'notail', T: 'blockroot', u: 'undelete', X: 'compressedraw', Z: 'compresseddirty',
}

/** `lsattr -v`: version, flags, name. */
function attributesOf(line: string | Unknown | undefined): Record<string, Value> {
  if (line instanceof Unknown) return { attr_flags: line, attributes: line, version: line }
  const [version, flags] = (line ?? '').trim().split(/\s+/)
  if (!version || flags === undefined) return { attr_flags: '', attributes: [], version: null }
  const set = flags.replaceAll('-', '')
  return { attr_flags: set, attributes: [...set].flatMap((letter) => FLAGS[letter] ?? []), version }
}
