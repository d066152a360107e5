import { existsSync, lstatSync, readFileSync, statSync, type Stats } from 'node:fs'
import { test } from '../define.ts'
import { expandUser } from '../filters/path.ts'
import { str } from '../python/text.ts'
import type { Value } from '../../value/value.ts'
import { isVaulted } from '../../vault/vault.ts'

function look(value: Value, read: (path: string) => Stats): Stats | undefined {
  try {
    return read(expandUser(str(value)))
  } catch {
    return undefined
  }
}
const isMount = (path: string): boolean => {
  const [own, above] = [look(path, statSync), look(`${path}/..`, statSync)]
  return own !== undefined && above !== undefined && (own.dev !== above.dev || own.ino === above.ino)
}

/** Paths on the controller. */
export const pathTests = [
  test('exists', '', (value) => existsSync(expandUser(str(value)))),
  test('file is_file', '', (value) => look(value, statSync)?.isFile() ?? false),
  test('directory is_dir', '', (value) => look(value, statSync)?.isDirectory() ?? false),
  test('link is_link', '', (value) => look(value, lstatSync)?.isSymbolicLink() ?? false),
  test('link_exists', '', (value) => look(value, lstatSync) !== undefined),
  test('mount is_mount', '', (value) => isMount(str(value))),
  test('vaulted_file', '', (value) => look(value, statSync)?.isFile() === true && isVaulted(readFileSync(expandUser(str(value))))),
  test('abs is_abs', '', (value) => str(value).startsWith('/')),
  test('same_file is_same_file samefile', 'other', (value, [other]) => {
    const [a, b] = [look(value, statSync), look(other!, statSync)]
    return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino
  }),
]
