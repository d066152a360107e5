import { type FileState, checksumResource, contentResource, fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { type Effect, leaves } from '../host/resource.ts'
import { quote } from '../shell/quote.ts'
import { sha1 } from '../value/content.ts'
import { type Unknown, fresh, isUnknown, unknown } from '../value/value.ts'

/** What a new home directory gets: its mode and the files that are copied into it. */
export interface Skeleton {
  readonly mode: number
  readonly files: readonly { readonly path: string; readonly kind: 'file' | 'directory' | 'link'; readonly mode: number; readonly target?: string; readonly content?: Buffer | Unknown }[]
}

const KINDS: Readonly<Record<string, 'file' | 'directory' | 'link'>> = { '-': 'file', d: 'directory', l: 'link' }

/** Without `find -printf`, which busybox does not have. */
const skeletonScript = (directory: string): string =>
  `cd ${quote(directory)} 2>/dev/null || exit 0; find . -mindepth 1 -exec sh -c 'for f; do t=; [ ! -L "$f" ] || t=$(readlink "$f"); printf "%s %s\\t%s\\n" "$(stat -c "%A %a" "$f")" "$t" "\${f#./}"; done' sh {} + 2>/dev/null || :`

/** For the dry run, whose later tasks may look into the home directory that is planned. */
export async function readSkeleton(host: Reader, directory: string, umask: string | undefined): Promise<Skeleton> {
  const [reply, settings] = await Promise.all([host.run(skeletonScript(directory), [directory]), host.get(contentResource, '/etc/login.defs')])
  const lines = isUnknown(reply) ? [] : reply.stdout.toString().split('\n').filter(Boolean)
  const entries = lines.flatMap((line) => {
    const [, letter = '', bits = '', target = '', path = ''] = /^(.)\S* (\d+) (.*)\t(.*)$/.exec(line) ?? []
    const kind = KINDS[letter]
    return kind ? [{ path, kind, mode: Number.parseInt(bits, 8), ...(kind === 'link' ? { target } : {}) }] : []
  })
  const contents = await Promise.all(entries.map(({ kind, path }) => (kind === 'file' ? host.get(contentResource, `${directory}/${path}`) : undefined)))
  return { mode: homeMode(isUnknown(settings) ? '' : (settings?.toString() ?? ''), umask), files: entries.map((entry, i) => (contents[i] === undefined ? entry : { ...entry, content: contents[i] })) }
}

/** HOME_MODE of /etc/login.defs, else what its UMASK leaves. */
export function homeMode(loginDefs: string, umask?: string): number {
  const setting = (name: string) => new RegExp(`^\\s*${name}\\s+(\\d+)`, 'm').exec(loginDefs)?.[1]
  const home = setting('HOME_MODE')
  if (umask === undefined && home !== undefined) return Number.parseInt(home, 8)
  return 0o777 & ~Number.parseInt(umask ?? setting('UMASK') ?? '022', 8)
}

export function homeEffects({ mode, files }: Skeleton, owner: string, home: string, group: string | Unknown, uid: number | Unknown): readonly Effect[] {
  const base: FileState = {
    kind: 'directory', mode, owner, group: isUnknown(group) ? owner : group, uid, gid: unknown('the number of its group'), size: fresh('made by this run'), accessed: fresh('made by this run'), modified: fresh('made by this run'),
    changed: fresh('made by this run'), inode: fresh('made by this run'), device: unknown('its file system'), links: 1,
  }
  return [leaves(fileResource, home, base), ...files.flatMap(({ path, kind, mode: bits, target, content }) => {
    const place = `${home}/${path}`
    const state = { ...base, kind, mode: bits, ...(target === undefined ? {} : { target }), ...(content instanceof Uint8Array ? { size: content.length } : {}) }
    return [leaves(fileResource, place, state), ...(content instanceof Uint8Array ? [leaves(contentResource, place, content), leaves(checksumResource, place, sha1(content))] : [])]
  })]
}

/** The home directory of an account that has none, as useradd makes it. */
export const homeScript = (name: string, home: string, skeleton: string, umask: string | undefined): string => [
  // usermod may have moved the old one here by now.
  `set -e; export LC_ALL=C; [ ! -e ${quote(home)} ] || exit 0`,
  `u=${quote(umask ?? '')}; m=$(sed -n 's/^[[:space:]]*HOME_MODE[[:space:]]*\\([0-7]*\\).*/\\1/p' /etc/login.defs 2>/dev/null || :)`,
  `[ -n "$u" ] || u=$(sed -n 's/^[[:space:]]*UMASK[[:space:]]*\\([0-7]*\\).*/\\1/p' /etc/login.defs 2>/dev/null || :); [ -n "$u" ] || u=022`,
  `mkdir -p -- ${quote(home)}; [ ! -d ${quote(skeleton)} ] || cp -a -- ${quote(skeleton)}/. ${quote(home)}/`,
  `chown -R -- ${quote(name)}: ${quote(home)}`, umask === undefined ? `chmod "\${m:-$(printf %o $((0777 & ~0$u)))}" ${quote(home)}` : `chmod "$(printf %o $((0777 & ~0$u)))" ${quote(home)}`,
].join('\n')
