import { quote } from '../shell/quote.ts'
import type { Shell } from '../transport/connection.ts'
import { type Unknown, unknown } from '../value/value.ts'
import { broughtByPackages } from './planned-packages.ts'
import type { Planned, Resource } from './resource.ts'

export interface GroupState {
  readonly exists: boolean
  readonly gid: number | Unknown
  readonly members: readonly string[]
  /** In /etc/group itself, not only in a directory service. */
  readonly local: boolean
}

export const noGroup: GroupState = { exists: false, gid: 0, members: [], local: false }

/** Groups by name. */
export const groupResource: Resource<GroupState> = { kind: 'group', load: loadGroups, foresee: foreseeGroup }

async function loadGroups(shell: Shell, keys: readonly string[]): Promise<readonly GroupState[]> {
  // musl's getent stops at the first name that it does not know, and takes `--` for one: the file answers the rest.
  const names = keys.filter((key) => !key.startsWith('-')).map(quote).join(' ')
  const script = `export LC_ALL=C; ${names === '' ? '' : `getent group ${names} 2>/dev/null; `}echo --tutti--; cat /etc/group`
  const [found = '', local = ''] = (await shell.run(script)).stdout.toString().split('--tutti--\n')
  const [all, own] = [[...parseGroups(found), ...parseGroups(local)], new Set(parseGroups(local).map(({ name }) => name))]
  return keys.map((name) => {
    const group = all.find((one) => one.name === name)
    return group ? { exists: true, gid: group.gid, members: group.members, local: own.has(name) } : noGroup
  })
}

/** Lines of /etc/group or getent. */
export function parseGroups(text: string): readonly { readonly name: string; readonly gid: number; readonly members: readonly string[] }[] {
  return text.split('\n').filter((line) => line.includes(':')).map((line) => {
    const [name = '', , gid, members = ''] = line.split(':')
    return { name, gid: Number(gid), members: members.split(',').filter(Boolean) }
  })
}

async function foreseeGroup(name: string, found: GroupState, planned: Planned): Promise<GroupState | Unknown> {
  if (found.exists) return found
  // A user brings a group of the same name on most systems.
  if (planned.of('user').has(name)) return unknown(`the planned user ${name} may bring a group of its own`)
  return (await broughtByPackages(planned, (foresight) => foresight.group(name), `the group ${name}`)) ?? found
}
