import type { Resource } from './resource.ts'

/** What is mounted at a path. `source` is the device or share, `root` what of it is seen there ('/' but for bind mounts). */
export interface MountState {
  readonly mounted: boolean
  readonly source: string
  readonly root: string
  readonly fstype: string
}

export const notMounted: MountState = { mounted: false, source: '', root: '', fstype: '' }

/** The topmost mount at a path. Key: an absolute path without a slash at its end. */
export const mountResource: Resource<MountState> = {
  kind: 'mount',
  async load(shell, keys) {
    const { stdout } = await shell.run('cat /proc/self/mountinfo')
    const all = parseMounts(stdout.toString())
    return keys.map((key) => all.get(key) ?? notMounted)
  },
}

/** A field of mountinfo or fstab: spaces and the like are octal there. */
export const unescapeMount = (word: string): string => word.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
export const escapeMount = (word: string): string => word.replace(/[ \t\n\\]/g, (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`)

/** Lines of mountinfo: id parent device root path options … - type source options. Later mounts cover earlier ones. */
export function parseMounts(text: string): ReadonlyMap<string, MountState> {
  return new Map(text.split('\n').filter(Boolean).map((line) => {
    const [left = '', right = ''] = line.split(' - ')
    const [, , , root = '/', path = ''] = left.split(' ')
    const [fstype = '', source = ''] = right.split(' ')
    return [unescapeMount(path), { mounted: true, source: unescapeMount(source), root: unescapeMount(root), fstype }] as const
  }))
}
