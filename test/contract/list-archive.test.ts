import { expect, test } from 'vitest'
import { parseListing } from '../../src/contract/list-archive.ts'

test('reads the list of tar with odd names, links and sums', () => {
  const line = (owner: string, rest: string) => `-rwsr-x--T ${owner}     3 2024-01-02 03:04:05 ${rest}`
  const list = (owner: string) => `drwxr-xr-x ${owner} 0 2024-01-02 03:04:05 ./d/\n${line(owner, 'd/\\303\\251 \\n -> x')}\nlrwxrwxrwx ${owner} 0 2024-01-02 03:04:05 d/l -> ../a b\nhrw-r--r-- ${owner} 0 2024-01-02 03:04:05 d/h link to d/x\n-rw-r--r-- ${owner} 0 2024-01-02 03:04:05 ../out\n`
  const { format, entries } = parseListing(`@@tar\n${list('ann/staff')}@@ids\n${list('1000/50')}@@sums\n${'a'.repeat(40)}  -\n`)
  expect(format).toBe('tar')
  expect(entries.map(({ path, kind, mode, target, uid, gid, owner }) => [path, kind, mode, target, owner, uid, gid])).toEqual([
    ['d', 'directory', 0o755, undefined, 'ann', 1000, 50], ['d/é \n -> x', 'file', 0o5750, undefined, 'ann', 1000, 50], ['d/l', 'link', 0o777, '../a b', 'ann', 1000, 50], ['d/h', 'hard link', 0o644, 'd/x', 'ann', 1000, 50],
  ])
  expect(entries[1]!.sum).toBe('a'.repeat(40))
})

test('gives no link of a zip the sum of a file', () => {
  const { entries } = parseListing(`@@zip\ndrwxr-xr-x  3.0 unx        0 bx stor 20240102.030405 d/\nlrwxrwxrwx  3.0 unx        1 bx stor 20240102.030405 d/l\n-rw-r--r--  3.0 unx        3 tx stor 20240102.030405 d/y z\n@@sums\n${'b'.repeat(40)}  -\n${'c'.repeat(40)}  -\n`)
  expect(entries.map(({ path, kind, sum }) => [path, kind, sum])).toEqual([['d', 'directory', undefined], ['d/l', 'link', undefined], ['d/y z', 'file', 'c'.repeat(40)]])
})
