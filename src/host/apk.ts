import { quote } from '../shell/quote.ts'
import type { Resource } from './resource.ts'

/** A package of Alpine. */
export interface ApkPackage {
  /** '' where it is not installed. */
  readonly version: string
  /** The file of wanted packages names it, so that it stays when nothing needs it any more. */
  readonly world: boolean
}

/** Names of packages in one file of wanted packages. Undefined without apk. Key: the file, `|`, the package with its version where one is asked for. */
export const apkResource: Resource<ApkPackage | undefined> = {
  kind: 'apk',
  async load(shell, keys) {
    const worlds = [...new Set(keys.map((key) => key.slice(0, key.indexOf('|'))))]
    const { code, stdout } = await shell.run(['export LC_ALL=C; command -v apk >/dev/null || exit 97; apk info -v 2>/dev/null', ...worlds.map((world) => `echo @@; cat ${quote(world)} 2>/dev/null`), ':'].join('\n'))
    if (code === 97) return keys.map(() => undefined)
    const [info = '', ...texts] = stdout.toString().split('@@\n')
    const versions = parseApkInfo(info)
    return keys.map((key) => {
      const [world, name] = [key.slice(0, key.indexOf('|')), key.slice(key.indexOf('|') + 1)]
      return { version: versions.get(bareName(name)) ?? '', world: inWorld(texts[worlds.indexOf(world)] ?? '', name) }
    })
  },
}

export const apkKey = (world: string, name: string): string => `${world}|${name}`

/** `foo` of `foo=1.2-r0`, `foo>1`, `foo~1.2`, `foo@edge`. */
export const bareName = (name: string): string => name.replace(/[@=<>~].*$/, '')

/** Whether a line asks for the package; one that asks for a version of it counts too. */
const inWorld = (world: string, name: string): boolean => world.split(/\s+/).some((entry) => entry === name || (entry.startsWith(name) && /^[@=<>~]/.test(entry.slice(name.length))))

/** Lines `name-version-rN`; names hold dashes, too. */
const parseApkInfo = (output: string): ReadonlyMap<string, string> => new Map(output.split('\n').flatMap((line) => {
  const [, name, version] = /^(.+)-([^-]+-r\d+)$/.exec(line) ?? []
  return name === undefined ? [] : [[name, version!] as const]
}))

/** One thing that apk does to a package: versions before and after, '' for none. */
export interface ApkAction {
  readonly name: string
  readonly before: string
  readonly after: string
}

/** Lines as `(1/2) Installing foo (1.2-r0)` and `(2/2) Upgrading bar (1.0-r0 -> 1.1-r0)`. */
export const parseApkActions = (output: string): readonly ApkAction[] => output.split('\n').flatMap((line) => {
  const [, verb, name, first, second] = /^\(\s*\d+\/\d+\) (\S+) (\S+) \((.+?)(?: -> (.+))?\)/.exec(line) ?? []
  if (verb === undefined || name === undefined || first === undefined) return []
  if (verb === 'Purging') return [{ name, before: first, after: '' }]
  return [verb === 'Installing' ? { name, before: '', after: first } : { name, before: first, after: second ?? first }]
})
