import { quote } from '../shell/quote.ts'
import type { PackageSource } from './package.ts'
import { type FileKind, type FileState, absent } from './file.ts'
import { fresh, unknown } from '../value/value.ts'

/** What is in a package: its files, and the text of everything that makes more of them when it is installed. */
export interface PackageContent {
  readonly files: ReadonlyMap<string, FileState>
  /** Of the files below /etc and of units, sysusers.d and tmpfiles.d. */
  readonly contents: ReadonlyMap<string, Buffer>
  /** Maintainer scripts, triggers, sysusers.d and tmpfiles.d, continued lines joined. */
  readonly scripts: string
}

const LIBRARY = ['systemd/system', 'systemd/user', 'sysusers.d', 'tmpfiles.d'].flatMap((place) => [`lib/${place}`, `usr/lib/${place}`]).map((place) => `./${place}/*`)

const OPEN = [
  'export LC_ALL=C; d=$(mktemp -d /dev/shm/tutti.XXXXXXXX 2>/dev/null || mktemp -d /run/tutti.XXXXXXXX 2>/dev/null) || { echo "there is no tmpfs to look into packages" >&2; exit 1; }',
  `trap 'rm -rf -- "$d"' EXIT; trap 'exit 143' HUP INT TERM; chmod 711 "$d"`,
].join('\n')

const fetch = ({ uri, hash }: PackageSource): string => (uri.startsWith('file:') ? `cp -- ${quote(decodeURIComponent(uri.slice(uri.indexOf('/'))))} "$d/p.deb" || exit 1` : `rm -f "$d/p.deb"; /usr/lib/apt/apt-helper download-file ${quote(uri)} "$d/p.deb" ${quote(hash)} >/dev/null || exit 1`)

/** Looks into packages on a tmpfs of the host; nothing is left, and neither apt's lists nor its cache are touched. */
export const contentScript = (sources: readonly (readonly [string, PackageSource])[]): string => [
  OPEN, ...sources.map(([name, source]) => [
    fetch(source), `printf '@@package %s\\n' ${quote(name)}; dpkg-deb -c "$d/p.deb" || exit 1; echo @@scripts`,
    `rm -rf "$d/c" "$d/x"; mkdir "$d/c" "$d/x"; dpkg-deb -e "$d/p.deb" "$d/c"; for f in preinst postinst config triggers; do [ ! -f "$d/c/$f" ] || cat "$d/c/$f"; done`,
    `dpkg-deb --fsys-tarfile "$d/p.deb" | tar -xf - -C "$d/x" --no-same-owner --wildcards './etc/*' ${LIBRARY.map(quote).join(' ')} 2>/dev/null`,
    `echo @@contents; cd "$d/x" && find . -type f -size -1024k | while IFS= read -r f; do printf '%s ' "\${f#.}"; base64 -w 0 < "$f"; echo; done; cd /`,
  ].join('\n')), 'echo @@end',
].join('\n')

export const oneFileScript = (source: PackageSource, path: string): string => `${OPEN}\n${fetch(source)}\ndpkg-deb --fsys-tarfile "$d/p.deb" | tar -xOf - ${quote(`.${path}`)}`

export function parseContents(output: string): ReadonlyMap<string, PackageContent> {
  return new Map(output.split(/^@@package /m).slice(1).map((part) => {
    const [listing = '', rest = ''] = part.slice(part.indexOf('\n') + 1).split(/^@@scripts\n/m)
    const [scripts = '', encoded = ''] = rest.split(/^@@contents\n/m)
    const contents = new Map(encoded.split('\n').flatMap((line) => (line.startsWith('/') ? [[line.slice(0, line.lastIndexOf(' ')), Buffer.from(line.slice(line.lastIndexOf(' ') + 1), 'base64')] as const] : [])))
    const made = [...contents].filter(([path]) => /\/(?:sysusers|tmpfiles)\.d\//.test(path)).map(([, text]) => text.toString())
    return [part.slice(0, part.indexOf('\n')), { files: parseListing(listing), contents, scripts: [scripts, ...made].join('\n').replace(/\\\n\s*/g, ' ') }]
  }))
}

const KINDS: Readonly<Record<string, FileKind>> = { '-': 'file', d: 'directory', l: 'link', h: 'file', p: 'fifo', c: 'char', b: 'block' }

/** Lines of `dpkg-deb -c`, as tar lists them: modes, owner/group, size, date, time, name. */
export function parseListing(listing: string): ReadonlyMap<string, FileState> {
  const files = new Map<string, FileState>()
  for (const [, letter, bits, owner, group, size, name] of listing.matchAll(/^(.)(\S{9})\S* ([^/\s]+)\/(\S+)\s+(\S+) \S+ \S+ \.(\/.*)$/gm)) {
    const kind = KINDS[letter!] ?? 'file'
    const [path = '', target] = kind === 'link' ? name!.split(' -> ') : name!.split(' link to ')
    files.set(path === '/' ? '/' : path.replace(/\/$/, ''), {
      ...absent, kind, mode: bitsOf(bits!), owner: owner!, group: group!, uid: owner === 'root' ? 0 : unknown(`the id of ${owner}`), gid: group === 'root' ? 0 : unknown(`the id of ${group}`), size: kind === 'file' ? Number(size) : 0, links: 1,
      inode: fresh('made by a package'), device: unknown('its file system'), accessed: unknown('unpacked by dpkg'), modified: unknown('unpacked by dpkg'), changed: fresh('unpacked by dpkg'), ...(kind === 'link' && target !== undefined ? { target } : {}),
    })
  }
  return files
}

function bitsOf(text: string): number {
  let bits = 0
  for (const [i, letter] of [...text].entries()) {
    if (letter !== '-' && letter !== 'S' && letter !== 'T') bits |= 1 << (8 - i)
    if (/[sStT]/.test(letter)) bits |= i === 2 ? 0o4000 : i === 5 ? 0o2000 : 0o1000
  }
  return bits
}
