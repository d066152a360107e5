import { quote } from '../shell/quote.ts'
import type { Shell } from '../transport/connection.ts'
import { type Unknown, isUnknown, unknown } from '../value/value.ts'
import { broughtByPackages } from './planned-packages.ts'
import type { Planned, Resource } from './resource.ts'

/** A user or group as far as files are concerned: its name and number. */
export interface Account {
  readonly name: string
  readonly id: number | Unknown
}

/** Who a name or number is; undefined for nobody. Key: a user's name or id. */
export const userAccount: Resource<Account | undefined> = { kind: 'user-account', load: (shell, keys) => load(shell, 'passwd', keys), foresee: (key, found, planned) => foresee('user', key, found, planned) }
/** The same for groups. */
export const groupAccount: Resource<Account | undefined> = { kind: 'group-account', load: (shell, keys) => load(shell, 'group', keys), foresee: (key, found, planned) => foresee('group', key, found, planned) }

async function load(shell: Shell, database: 'passwd' | 'group', keys: readonly string[]): Promise<readonly (Account | undefined)[]> {
  // getent knows LDAP and the like; where there is none (a bare busybox) the file is all there is.
  const field = (key: string) => (/^\d+$/.test(key) ? 3 : 1)
  const one = (key: string) => `{ getent ${database} ${quote(key)} || awk -F: -v k=${quote(key)} '$${field(key)} == k' /etc/${database}; } 2>/dev/null | head -n 1; echo .`
  const { stdout } = await shell.run(keys.map(one).join('; '))
  const answers = stdout.toString().split(/^\.\n/m)
  return keys.map((_, i) => {
    const [name, , id] = (answers[i] ?? '').trim().split(':')
    return name ? { name, id: Number(id) } : undefined
  })
}

/** A user that a task plans is as good as one that is there; one that nobody planned may still come with a package. */
async function foresee(kind: 'user' | 'group', key: string, found: Account | undefined, planned: Planned): Promise<Account | undefined | Unknown> {
  const states = planned.of(kind)
  if (states.has(key)) return isGone(states.get(key)) ? undefined : { name: key, id: found?.id ?? unknown(`the id of ${key}`) }
  // A user brings a group of the same name on most systems.
  if (kind === 'group' && !found && planned.of('user').has(key)) return { name: key, id: unknown(`the id of ${key}`) }
  return found ?? (await broughtByPackages(planned, (foresight) => (kind === 'user' ? foresight.user(key) : foresight.group(key)), `the ${kind} ${key}`))
}

const isGone = (state: unknown): boolean => !isUnknown(state) && (state === undefined || state === null || (typeof state === 'object' && 'exists' in state && state.exists === false) || (typeof state === 'object' && 'state' in state && state.state === 'absent'))
