import { escapeMount, unescapeMount } from '../host/mount.ts'

/** One line of fstab. */
export interface FstabEntry {
  readonly path: string
  readonly src: string
  readonly fstype: string
  readonly opts: string
  readonly dump: string
  readonly passno: string
}

/** The entry of a line; undefined for comments and empty lines. */
export function parseFstabLine(line: string): FstabEntry | undefined {
  if (/^\s*(?:#|$)/.test(line)) return undefined
  const [src = '', path = '', fstype = '', opts = 'defaults', dump = '0', passno = '0'] = line.trim().split(/\s+/)
  return { src: unescapeMount(src), path: unescapeMount(path), fstype, opts: unescapeMount(opts), dump, passno }
}

const show = ({ src, path, fstype, opts, dump, passno }: FstabEntry): string => [escapeMount(src), escapeMount(path), fstype, escapeMount(opts), dump, passno].join(' ')

/** Swap has no path of its own: its entries are told apart by the device. */
const isSame = (one: FstabEntry, other: Pick<FstabEntry, 'path' | 'src' | 'fstype'>): boolean =>
  other.path === 'none' || other.path === 'swap' ? one.fstype === 'swap' && one.src === other.src : one.path === other.path

/** The text with the entry, or without it. Lines that are right stay as they are written. */
export function editFstab(text: string, entry: FstabEntry, present: boolean): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const mine = lines.flatMap((line, i) => {
    const found = parseFstabLine(line)
    return found && isSame(found, entry) ? [i] : []
  })
  if (!present) return mine.length === 0 ? text : lines.filter((_, i) => !mine.includes(i)).map((line) => `${line}\n`).join('')
  const last = mine.at(-1)
  if (last === undefined) return [...lines, show(entry)].map((line) => `${line}\n`).join('')
  if (show(parseFstabLine(lines[last]!)!) === show(entry)) return text
  return lines.map((line, i) => `${i === last ? show(entry) : line}\n`).join('')
}

export const findFstab = (text: string, wanted: Pick<FstabEntry, 'path' | 'src' | 'fstype'>): FstabEntry | undefined =>
  text.split('\n').map(parseFstabLine).findLast((entry) => entry !== undefined && isSame(entry, wanted))
