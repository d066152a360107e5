import { quote } from '../shell/quote.ts'
import type { Shell } from '../transport/connection.ts'
import type { Unknown } from '../value/value.ts'
import { parseGroups } from './group.ts'
import { broughtByPackages } from './planned-packages.ts'
import type { Planned, Resource } from './resource.ts'

/** An account. Without `shadow` (the task's user may not read it) nothing is known of the password. Days count from 1970-01-01. */
export interface UserState {
  readonly exists: boolean
  readonly uid: number | Unknown
  readonly gid: number | Unknown
  /** Name of the primary group; its number where it has no name. */
  readonly group: string | Unknown
  readonly home: string
  readonly shell: string | Unknown
  readonly comment: string
  /** Supplementary groups by name, sorted. */
  readonly groups: readonly string[]
  /** In /etc/passwd itself, not only in a directory service. */
  readonly local: boolean
  readonly shadow?: ShadowEntry
}

export interface ShadowEntry {
  /** The hash, `!` or `*`; a leading `!` locks it. */
  readonly hash: string
  /** Days; undefined where the field is empty. */
  readonly min?: number
  readonly max?: number
  readonly warn?: number
  /** Days the account lives on after its password has run out. */
  readonly inactive?: number
  /** Day on which the account ends. */
  readonly expires?: number
}

export const noUser: UserState = { exists: false, uid: 0, gid: 0, group: '', home: '', shell: '', comment: '', groups: [], local: false }

/** Accounts by name. */
export const userResource: Resource<UserState> = { kind: 'user', load: loadUsers, foresee: foreseeUser }

const MARK = '--tutti--'

async function loadUsers(shell: Shell, keys: readonly string[]): Promise<readonly UserState[]> {
  // musl's getent stops at the first name that it does not know, takes `--` for one, and knows no shadow: the files answer the rest.
  const names = keys.filter((key) => !key.startsWith('-')).map(quote).join(' ')
  const script = [
    'export LC_ALL=C; has() { command -v getent >/dev/null 2>&1; }', names === '' ? ':' : `has && getent passwd ${names} 2>/dev/null`, `echo ${MARK}`, 'cat /etc/passwd', `echo ${MARK}`, '{ has && getent group || cat /etc/group; } 2>/dev/null', `echo ${MARK}`,
    names === '' ? ':' : `for n in ${names}; do { has && getent shadow "$n" || while IFS= read -r l; do case $l in "$n":*) printf '%s\\n' "$l" ;; esac; done </etc/shadow; } 2>/dev/null; done`, ':',
  ].join('\n')
  const [passwd = '', local = '', groups = '', shadow = ''] = (await shell.run(script)).stdout.toString().split(`${MARK}\n`)
  return keys.map((name) => parseUser(name, { passwd, local, groups, shadow }))
}

/** The texts of the databases, as getent prints them. */
export interface AccountTexts {
  readonly passwd: string
  /** /etc/passwd. */
  readonly local: string
  readonly groups: string
  readonly shadow: string
}

const fieldsOf = (text: string, name: string): readonly string[] | undefined => {
  const line = text.startsWith(`${name}:`) ? text : text.slice(text.indexOf(`\n${name}:`) + 1)
  return line.startsWith(`${name}:`) ? line.slice(0, line.indexOf('\n') < 0 ? undefined : line.indexOf('\n')).split(':') : undefined
}

export function parseUser(name: string, { passwd, local, groups, shadow }: AccountTexts): UserState {
  const entry = fieldsOf(passwd, name) ?? fieldsOf(local, name)
  if (!entry) return noUser
  const [, , uid, gid, comment, home, shell] = entry
  const all = parseGroups(groups)
  const secret = fieldsOf(shadow, name)
  return {
    exists: true, uid: Number(uid), gid: Number(gid), group: all.find((group) => group.gid === Number(gid))?.name ?? gid!, home: home ?? '', shell: shell ?? '', comment: comment ?? '',
    groups: all.filter(({ members }) => members.includes(name)).map((group) => group.name).sort(), local: fieldsOf(local, name) !== undefined,
    ...(secret ? { shadow: parseShadow(secret) } : {}),
  }
}

function parseShadow([, hash = '', , min, max, warn, inactive, expires]: readonly string[]): ShadowEntry {
  const numbers = Object.entries({ min, max, warn, inactive, expires }).flatMap(([key, text]) => (text ? [[key, Number(text)] as const] : []))
  return { hash, ...Object.fromEntries(numbers) }
}

/** An account that is not there may come with a package of the plan. */
async function foreseeUser(name: string, found: UserState, planned: Planned): Promise<UserState | Unknown> {
  return found.exists ? found : ((await broughtByPackages(planned, (foresight) => foresight.user(name), `the user ${name}`)) ?? found)
}
