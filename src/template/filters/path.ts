import { existsSync, globSync, realpathSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import path from 'node:path'
import { filter } from '../define.ts'
import { isList, iterate, tuple, typeName } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'

export const basename = (name: string): string => name.slice(name.lastIndexOf('/') + 1)
export function dirname(name: string): string {
  const head = name.slice(0, name.lastIndexOf('/') + 1)
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '')
}
/** `~` and `~name` at the start, for this machine's users. */
export function expandUser(name: string): string {
  if (/^~(?=\/|$)/.test(name)) return homedir() + name.slice(1)
  return name.startsWith(`~${userInfo().username}`) ? homedir() + name.slice(1 + userInfo().username.length) : name
}
function realPath(name: string): string {
  const full = path.resolve(name)
  try {
    return realpathSync(full)
  } catch {
    // What is not there yet is resolved as far as it is, like Python does.
    return full === path.dirname(full) ? full : path.join(realPath(path.dirname(full)), path.basename(full))
  }
}
const join = (parts: readonly string[]): string =>
  parts.reduce((left, right) => (right.startsWith('/') ? right : left.endsWith('/') || !left ? left + right : `${left}/${right}`))
function splitExtension(name: string): [string, string] {
  const match = /^(.*?[^/.][^/]*)(\.[^./]*)$/.exec(name)
  return match ? [match[1]!, match[2]!] : [name, '']
}
const commonPath = (paths: readonly string[]): string => {
  const parts = paths.map((one) => one.split('/').filter((part, index) => part !== '' || index === 0))
  const first = parts[0] ?? []
  const end = first.findIndex((part, index) => parts.some((other) => other[index] !== part))
  return (end < 0 ? first : first.slice(0, end)).join('/') || (paths[0]?.startsWith('/') ? '/' : '')
}
const isFile = (name: string): boolean => existsSync(name) && statSync(name).isFile()

export const pathFilters = [
  filter('basename', '', (value) => basename(str(value))),
  filter('dirname', '', (value) => dirname(str(value))),
  filter('splitext', '', (value) => tuple(splitExtension(str(value)))),
  filter('path_join', '', (value) => (typeof value === 'string' ? value : isList(value) ? join(['', ...value.map(str)]) : fail(`|path_join expects string or sequence, got ${typeName(value)} instead.`))),
  filter('relpath', 'start?', (value, [start]) => path.posix.relative(start === undefined ? '.' : str(start), str(value)) || '.'),
  filter('normpath', '', (value) => path.posix.normalize(str(value)).replace(/(.)\/$/, '$1')),
  filter('commonpath', '', (value) => commonPath(iterate(value).map(str))),
  filter('realpath', '', (value) => realPath(expandUser(str(value)))),
  filter('expanduser', '', (value) => expandUser(str(value))),
  filter('expandvars', '', (value) => str(value).replace(/\$(?:\{(\w+)\}|(\w+))/g, (all, braced?: string, bare?: string) => process.env[braced ?? bare!] ?? all)),
  filter('fileglob', '', (value) => globSync(str(value)).filter(isFile).sort()),
  filter('win_basename', '', (value) => path.win32.basename(str(value))),
  filter('win_dirname', '', (value) => path.win32.dirname(str(value))),
  filter('win_splitdrive', '', (value) => {
    const [, drive = '', rest = ''] = /^([A-Za-z]:|\\\\[^\\]+\\[^\\]+)?([^]*)$/.exec(str(value))!
    return tuple([drive, rest])
  }),
]
