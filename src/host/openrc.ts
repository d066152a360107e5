import { quote } from '../shell/quote.ts'
import type { Shell } from '../transport/connection.ts'
import { type Unknown, unknown } from '../value/value.ts'
import type { Planned, Resource } from './resource.ts'

/** A service of OpenRC. */
export interface OpenrcService {
  readonly exists: boolean
  readonly running: boolean | Unknown
  /** The runlevels that it starts with. */
  readonly levels: readonly string[]
}

export const openrcResource: Resource<OpenrcService> = { kind: 'openrc', load, foresee }

async function load(shell: Shell, keys: readonly string[]): Promise<readonly OpenrcService[]> {
  const one = (key: string) => `rc-service --exists ${quote(key)} >/dev/null 2>&1 && e=1 || e=0; rc-service ${quote(key)} status >/dev/null 2>&1 </dev/null && r=1 || r=0; echo $e $r`
  const { stdout } = await shell.run(`export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"; rc-update show -v 2>/dev/null; echo @@; ${keys.map(one).join('\n')}`)
  const [shown = '', states = ''] = stdout.toString().split('@@\n')
  const levels = parseRunlevels(shown)
  return keys.map((key, i) => {
    const [exists, running] = states.split('\n')[i]?.split(' ') ?? []
    return { exists: exists === '1', running: exists === '1' && running === '1', levels: levels.get(key) ?? [] }
  })
}

/** Lines `NAME | LEVEL LEVEL`, as of `rc-update show -v`; a service of no level has an empty list. */
export const parseRunlevels = (output: string): ReadonlyMap<string, readonly string[]> => new Map(output.split('\n').flatMap((line) => {
  const [name, levels] = line.split('|')
  return levels === undefined ? [] : [[name!.trim(), levels.split(/\s+/).filter(Boolean)] as const]
}))

/** What planned files and packages make of a service. */
function foresee(key: string, found: OpenrcService, planned: Planned): OpenrcService | Unknown {
  const script = ['/etc/init.d', '/usr/local/etc/init.d'].map((directory) => `${directory}/${key}`).find((path) => planned.touches(path))
  if (script) return planned.file?.(script) === 'absent' ? unknown(`the script of ${key} is removed by ${planned.touches(script)}`) : { ...found, exists: true }
  const installing = planned.packages.findLast(({ action }) => action === 'install')
  return found.exists || !installing ? found : unknown(`packages of ${installing.by} may bring the service ${key}`)
}
