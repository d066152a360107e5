import { EDIT_ACCOUNTS, freeNumber, setFields } from '../host/edit-accounts.ts'
import { commandLine, quote } from '../shell/quote.ts'

/** An account before or after, as far as busybox's programs are concerned. */
interface Account {
  readonly uid?: unknown
  readonly group?: unknown
  readonly groups?: readonly string[]
  readonly comment?: string
  readonly home?: string
  readonly shell?: unknown
  readonly homeThere?: boolean
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly warn?: number | undefined
  readonly inactive?: number | undefined
  readonly expires?: number | undefined
}

interface Wanted {
  readonly name: string
  readonly uid?: number | undefined
  readonly non_unique: boolean
  readonly comment?: string | undefined
  readonly shell?: string | undefined
  readonly create_home: boolean
  readonly move_home: boolean
  readonly skeleton?: string | undefined
  readonly umask?: string | undefined
  readonly system: boolean
  readonly remove: boolean
  readonly uid_min?: number | undefined
  readonly uid_max?: number | undefined
}

const AGES = { min: 4, max: 5, warn: 6, inactive: 7, expires: 8 } as const

/** adduser takes a shell and a home for what they are, whatever they do to /etc/passwd. */
export const BUSYBOX_COMMENT = 'Linux User,,,'

/** What new accounts belong to where nobody says: a group of their own, or for the system's one that gives no rights. */
export const busyboxGroup = (name: string, system: boolean): string => (system ? 'nogroup' : name)

export const isBusyboxName = (name: string): boolean => /^\w[\w.-]*\$?$/.test(name)

const shadowFields = (before: Account, after: Account) =>
  Object.fromEntries(Object.entries(AGES).map(([key, at]) => [at, after[key as keyof typeof AGES] === before[key as keyof typeof AGES] ? undefined : (after[key as keyof typeof AGES] ?? '')]))

/** adduser makes the home directory with its own mode and before the number is settled. */
export const busyboxHomeLater = ({ umask, non_unique }: Pick<Wanted, 'umask' | 'non_unique'>): boolean => umask !== undefined || non_unique
/** The mode that adduser gives a home directory. */
export const BUSYBOX_HOME_MODE = 0o2755

/** Makes an account. `own`: with a group of its name that is made with it. */
export function busyboxCreate(params: Wanted, before: Account, after: Account, own: boolean): string {
  const { name, uid, non_unique, comment, shell, create_home, skeleton, system, uid_min, uid_max } = params
  const home = after.home!
  const number = uid !== undefined ? (non_unique ? [] : ['-u', String(uid)]) : []
  const ranged = uid === undefined && (uid_min !== undefined || uid_max !== undefined)
  const makes = create_home && !before.homeThere
  const group = own ? [] : ['-G', String(after.group)]
  const words = commandLine(['adduser', '-D', ...(makes && !busyboxHomeLater(params) ? [] : ['-H']), ...(system ? ['-S'] : []), '-h', home, ...(comment === undefined ? [] : ['-g', comment]), ...(shell === undefined ? [] : ['-s', shell]), ...group, ...number, ...(skeleton === undefined ? [] : ['-k', skeleton])])
  return [
    'set -e', EDIT_ACCOUNTS,
    ...(ranged ? [freeNumber('/etc/passwd', uid_min ?? (system ? 100 : 1000), uid_max)] : []), ...(makes ? [`mkdir -p -- "$(dirname ${quote(home)})"`] : []),
    `${words}${ranged ? ' -u "$free"' : ''} ${quote(name)} </dev/null`,
    // adduser counts the account among the members of its own group, where useradd does not.
    ...(own ? [] : [commandLine(['delgroup', name, String(after.group)])]),
    ...(non_unique ? setFields('/etc/passwd', name, { 3: uid }) : []), ...memberships(name, [], after.groups ?? []), ...setFields('/etc/shadow', name, shadowFields({ min: 0, max: 99999, warn: 7 }, { min: 0, max: 99999, warn: 7, ...defined(after) })),
  ].join('\n')
}

const defined = (account: Account): Account => Object.fromEntries(Object.entries(account).filter(([, value]) => value !== undefined))

const memberships = (name: string, before: readonly string[], after: readonly string[]): readonly string[] => [
  ...after.filter((group) => !before.includes(group)).map((group) => commandLine(['addgroup', name, group])), ...before.filter((group) => !after.includes(group)).map((group) => commandLine(['delgroup', name, group])),
]

/** Changes an account; undefined where nothing is to do. */
export function busyboxModify({ name, move_home }: Wanted, before: Account, after: Account, members: readonly string[]): string | undefined {
  const changed = <K extends keyof Account>(key: K) => (after[key] === before[key] ? undefined : after[key])
  const [uid, group, home] = [changed('uid'), changed('group'), changed('home')] as [number | undefined, string | undefined, string | undefined]
  const shadow = setFields('/etc/shadow', name, shadowFields(before, after))
  const passwd = setFields('/etc/passwd', name, { 3: uid, 5: changed('comment'), 6: home, 7: changed('shell') as string | undefined })
  const parts = [
    ...(uid === undefined ? [] : [`[ ! -d ${quote(before.home!)} ] || find ${quote(before.home!)} -user ${Number(before.uid)} -exec chown -h ${uid} {} \\;`]),
    ...passwd,
    ...(group === undefined ? [] : ['export TUTTI_NAME=' + quote(name) + ' TUTTI_GROUP=' + quote(group), `TUTTI_GID=$(awk -F: '$1 == ENVIRON["TUTTI_GROUP"] { print $3; exit }' /etc/group); [ -n "$TUTTI_GID" ] || TUTTI_GID=$TUTTI_GROUP; export TUTTI_GID`, `edit /etc/passwd 'BEGIN { FS = OFS = ":" } $1 == ENVIRON["TUTTI_NAME"] { $4 = ENVIRON["TUTTI_GID"] } { print }'`]),
    ...(home === undefined || !move_home ? [] : [`if [ -d ${quote(before.home!)} ] && [ ! -e ${quote(home)} ]; then mkdir -p -- "$(dirname ${quote(home)})"; mv -- ${quote(before.home!)} ${quote(home)}; fi`]),
    ...memberships(name, members, after.groups ?? []),
    ...(shadow.length === 0 ? [] : [`grep -q ${quote(`^${name.replaceAll('.', '\\.').replaceAll('$', '\\$')}:`)} /etc/shadow || { echo 'the account has no line in /etc/shadow' >&2; exit 1; }`, ...shadow]),
  ]
  return parts.length === 0 ? undefined : ['set -e', EDIT_ACCOUNTS, ...parts].join('\n')
}

export const busyboxRemove = ({ name, remove }: Wanted): string => `deluser${remove ? ' --remove-home' : ''} ${quote(name)}${remove ? ` && rm -f -- ${quote(`/var/mail/${name}`)} ${quote(`/var/spool/mail/${name}`)}` : ''}`

interface WantedGroup {
  readonly name: string
  readonly gid: number | undefined
  readonly non_unique: boolean
  readonly system: boolean
  readonly gid_min: number | undefined
  readonly gid_max: number | undefined
}

export function busyboxGroupCreate({ name, gid, non_unique, system, gid_min, gid_max }: WantedGroup): string {
  const ranged = gid === undefined && (gid_min !== undefined || gid_max !== undefined)
  const add = commandLine(['addgroup', ...(system ? ['-S'] : []), ...(gid === undefined || non_unique ? [] : ['-g', String(gid)])])
  return [
    'set -e', EDIT_ACCOUNTS, ...(ranged ? [freeNumber('/etc/group', gid_min ?? (system ? 100 : 1000), gid_max)] : []), `${add}${ranged ? ' -g "$free"' : ''} ${quote(name)}`, ...(non_unique ? setFields('/etc/group', name, { 3: gid }) : []),
  ].join('\n')
}

/** Another number, also for those whose primary group it is. */
export const busyboxGroupNumber = (name: string, old: number, gid: number, non_unique: boolean): string => [
  'set -e', EDIT_ACCOUNTS, ...(non_unique ? [] : [`if awk -F: '$3 == ${gid} { found = 1 } END { exit !found }' /etc/group; then echo "GID '${gid}' already exists" >&2; exit 4; fi`]),
  ...setFields('/etc/group', name, { 3: gid }), `edit /etc/passwd 'BEGIN { FS = OFS = ":" } $4 == ${old} { $4 = ${gid} } { print }'`,
].join('\n')

/** delgroup refuses the primary group of a user. */
export const busyboxGroupRemove = (name: string, force: boolean): string => (!force ? commandLine(['delgroup', name]) : [
  'set -e', EDIT_ACCOUNTS, `export TUTTI_NAME=${quote(name)}`, `for f in /etc/group /etc/gshadow; do [ ! -e "$f" ] || edit "$f" 'BEGIN { FS = ":" } $1 != ENVIRON["TUTTI_NAME"] { print }'; done`,
].join('\n'))
