import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Everything below a directory: path to kind, mode, owner and what it holds. */
export type DiskState = ReadonlyMap<string, string>

export function readDisk(root: string, below = '/', found = new Map<string, string>()): DiskState {
  for (const name of readdirSync(join(root, below)).sort()) {
    const path = join(below, name)
    const full = join(root, path)
    const stat = lstatSync(full)
    // A deletion is a device 0:0 in an overlay's layer.
    const [kind, holds] = stat.isDirectory() ? ['directory', ''] : stat.isSymbolicLink() ? ['link', readlinkSync(full)]
      : stat.isFile() ? ['file', createHash('sha256').update(readFileSync(full)).digest('hex')] : ['special', String(stat.rdev)]
    found.set(path, `${kind} ${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid} ${holds}`.trim())
    if (kind === 'directory') readDisk(root, path, found)
  }
  return found
}

/** Paths that came, went or are another: "/etc/x: file 644 0:0 … -> gone". */
export function diskChanges(before: DiskState, after: DiskState, isExpected: (path: string) => boolean): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path) && !isExpected(path))
    .map((path) => `${path}: ${before.get(path) ?? 'not there'} -> ${after.get(path) ?? 'gone'}`)
}
