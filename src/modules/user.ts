import { createHash } from 'node:crypto'
import { defineModule } from '../contract/define-module.ts'
import { known } from '../contract/file-target.ts'
import { fail } from '../contract/failure.ts'
import { showState } from '../contract/show-state.ts'
import { groupAccount } from '../host/account.ts'
import { type AccountTools, accountToolsResource } from '../host/account-tools.ts'
import { absent, fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { noUser, userResource } from '../host/user.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { quote } from '../shell/quote.ts'
import { type Params, choice, flag, integer, list, number, path, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, type Value, fresh, isUnknown, unknown } from '../value/value.ts'
import { BUSYBOX_COMMENT, BUSYBOX_HOME_MODE, busyboxCreate, busyboxGroup, busyboxHomeLater, busyboxModify, busyboxRemove, isBusyboxName } from './user-busybox.ts'
import { type Skeleton, homeEffects, homeScript, readSkeleton } from './user-home.ts'
import { type KeyPair, keyFile, keyScript, readKeyPair } from './user-key.ts'

const otherSystems = 'it has a meaning only on other systems than Linux'

export const userParams = {
  name: text('The account.', { required: true, aliases: ['user'] }),
  state: choice(['present', 'absent'], 'Whether it is there.', { default: 'present' }),
  uid: integer('Its number.'),
  non_unique: flag('The number may belong to another account too.', { default: false }),
  group: text('Primary group: a name or a number.'),
  groups: list(text(''), 'Other groups; an empty list takes it out of all of them.'),
  append: flag('Only add to the groups it is in.', { default: false }),
  comment: text('The full name.'),
  shell: text('The login shell.'),
  home: path('The home directory.'),
  create_home: flag('Make the home directory where it is missing.', { default: true, aliases: ['createhome'] }),
  move_home: flag('Take the content along when the home directory changes.', { default: false }),
  skeleton: text('A directory that new home directories are copied from.'),
  umask: text('The umask of a new home directory.'),
  password: text('The hash of the password, as of the filter `password_hash`; `!` or `*` for none.', { secret: true }),
  update_password: choice(['always', 'on_create'], 'Whether the password of an account that is there is set too.', { default: 'always' }),
  password_lock: flag('Whether the password is locked.'),
  expires: number('When the account ends, in seconds since 1970; a negative number for never.'),
  password_expire_max: integer('Days until the password must be changed.'),
  password_expire_min: integer('Days until the password may be changed.'),
  password_expire_warn: integer('Days of warning before that.'),
  password_expire_account_disable: integer('Days after that until the account is closed.'),
  system: flag('A new account gets a number of the range for the system.', { default: false }),
  local: flag('Look only into /etc/passwd, not into directory services.', { default: false }),
  remove: flag('With state absent: remove the home directory and mail too.', { default: false }),
  force: flag('With state absent: remove it even if it is logged in. With generate_ssh_key: replace a key that is there.', { default: false }),
  generate_ssh_key: flag('Make an SSH key for it, where there is none.', { default: false }),
  ssh_key_type: text('The kind of key.', { default: 'rsa' }),
  ssh_key_bits: integer('The length of the key.'),
  ssh_key_file: path('Where the key is, relative to the home directory.'),
  ssh_key_comment: text('A comment in the key.'),
  ssh_key_passphrase: text('A passphrase for the key.', { secret: true }),
  uid_min: integer('Lowest number for a new account.'),
  uid_max: integer('Highest number for a new account.'),
  hidden: flag('Not shown at the login screen.', { inert: otherSystems }),
  login_class: text('Login class.', { inert: otherSystems }),
  role: text('Role.', { inert: otherSystems }),
  profile: text('Profile.', { inert: otherSystems }),
  authorization: text('Authorization.', { inert: otherSystems }),
  seuser: text('SELinux user.', { inert: 'hosts with SELinux are not modelled' }),
} as const
type UserParams = Params<typeof userParams>

export interface UserPlan {
  readonly state: 'present' | 'absent'
  readonly uid?: number | Unknown
  readonly group?: string | Unknown
  readonly groups?: readonly string[]
  readonly comment?: string
  readonly home?: string
  readonly shell?: string | Unknown
  /** A digest of the hash: enough to compare, nothing to tell. */
  readonly password?: string
  readonly expires?: number | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly warn?: number | undefined
  readonly inactive?: number | undefined
  readonly homeThere?: boolean
  readonly key?: boolean
  readonly seen: Aside<Seen>
}

interface Seen {
  readonly hash?: string
  readonly gid: number | Unknown
  readonly tools: AccountTools
  /** Groups that name it as a member; its primary one may be among them. */
  readonly members: readonly string[]
  /** Names of the wanted groups. */
  readonly group?: string
  readonly groups?: readonly string[]
  /** A group of the account's own name: a new account joins it. */
  readonly namesake: boolean
  readonly skeleton?: Skeleton
  readonly keys?: KeyPair | undefined
}

const digest = (hash: string): string => (/^[!*]*$/.test(hash) ? hash : `${hash.startsWith('!') ? '!' : ''}${createHash('sha256').update(hash).digest('hex').slice(0, 16)}`)

async function groupNames(host: Reader, wanted: readonly string[] | undefined): Promise<readonly string[] | undefined> {
  return wanted && Promise.all(wanted.filter(Boolean).map(async (one) => known(await host.get(groupAccount, one))?.name ?? fail(`Group ${one} does not exist`)))
}

async function probe(host: Reader, params: UserParams): Promise<UserPlan> {
  const [account, group, groups, namesake, tools] = await Promise.all([
    host.get(userResource, params.name), groupNames(host, params.state === 'present' && params.group !== undefined ? [params.group] : undefined),
    groupNames(host, params.state === 'present' ? params.groups : undefined), host.get(groupAccount, params.name), host.get(accountToolsResource, 'user'),
  ])
  const found = known(account)
  const there = found.exists && (found.local || !params.local)
  const home = params.home?.replace(/(.)\/+$/, '$1') ?? (there ? found.home : `/home/${params.name}`)
  const [homeFile, skeleton, keys] = await Promise.all([
    params.state === 'present' && params.create_home ? host.get(fileResource, home) : undefined,
    params.state === 'present' && params.create_home && host.planned ? readSkeleton(host, params.skeleton ?? '/etc/skel', params.umask) : undefined,
    params.generate_ssh_key ? readKeyPair(host, keyFile(params, home)) : undefined,
  ])
  const seen: Seen = {
    gid: found.gid, tools: isUnknown(tools) ? 'shadow' : tools, members: there ? found.groups : [], namesake: isUnknown(namesake) || namesake !== undefined, ...(found.shadow ? { hash: found.shadow.hash } : {}), ...(group?.[0] === undefined ? {} : { group: group[0] }),
    ...(groups ? { groups } : {}), ...(skeleton ? { skeleton } : {}), keys,
  }
  const homeThere = homeFile === undefined ? {} : { homeThere: known(homeFile).kind !== 'absent' }
  const key = params.generate_ssh_key ? { key: keys !== undefined } : {}
  if (!there) return { state: 'absent', seen: aside(seen), ...homeThere, ...key }
  const { hash, ...ages } = found.shadow ?? { hash: undefined }
  return { state: 'present', uid: found.uid, group: found.group, groups: found.groups.filter((one) => one !== found.group), comment: found.comment, home: found.home, shell: found.shell, ...(hash === undefined ? {} : { password: digest(hash) }), ...ages, ...homeThere, ...key, seen: aside(seen) }
}

/** The hash that is wanted in the end, lock mark included; undefined where nobody asks. */
function wantedHash({ password, update_password, password_lock, name }: UserParams, { state, seen }: UserPlan): string | undefined {
  const now = state === 'present' ? seen.value.hash : '!'
  const sets = password !== undefined && (state === 'absent' || update_password === 'always')
  if (sets && /[:\n]/.test(password)) fail("the password's hash holds a character that /etc/shadow cannot hold")
  if (!sets && password_lock === undefined) return undefined
  if (now === undefined) return fail(`the password of ${name} cannot be seen: only root may read /etc/shadow (become: true)`)
  // A hash that differs by its lock alone is the same password.
  const base = sets ? (password.replace(/^!+(?=[^!])/, '') === now.replace(/^!+(?=[^!])/, '') ? now : password) : now
  if (password_lock === undefined) return base
  const bare = base.replace(/^!+/, '')
  if (password_lock) return base.startsWith('!') ? base : `!${base}`
  return bare === '' && base !== '' ? (sets || state === 'absent' ? base : fail(`unlocking ${name} would leave the account without a password: give it one`)) : bare
}

function plan(params: UserParams, before: UserPlan): UserPlan {
  const { uid, group, groups, append, comment, home, shell, expires, create_home, generate_ssh_key, force } = params
  if (params.state === 'absent') return { state: 'absent', seen: before.seen, ...(before.homeThere === undefined ? {} : { homeThere: before.homeThere }), ...(before.key === undefined ? {} : { key: before.key }) }
  const { seen } = before
  const { members } = seen.value
  checkText(params, before)
  const busybox = seen.value.tools === 'busybox'
  const primary = seen.value.group ?? before.group ?? (busybox ? busyboxGroup(params.name, params.system) : seen.value.namesake ? fresh('the default group of new accounts') : params.name)
  const others = [...new Set(groups === undefined ? members : [...(append ? members : []), ...(seen.value.groups ?? [])])].filter((name) => name !== primary).sort()
  const hash = wantedHash(params, before)
  const day = expires === undefined ? before.expires : expires < 0 ? undefined : Math.floor(expires / 86400)
  return {
    ...before, state: 'present', uid: uid ?? before.uid ?? fresh('chosen when it is made'), group: group === undefined ? (before.group ?? primary) : primary, groups: others, comment: comment ?? before.comment ?? (busybox ? BUSYBOX_COMMENT : ''),
    home: home?.replace(/(.)\/+$/, '$1') ?? before.home ?? `/home/${params.name}`, shell: shell ?? before.shell ?? fresh('the shell of new accounts'), ...(hash === undefined ? {} : { password: digest(hash) }),
    ...(expires === undefined ? {} : { expires: day }), ...age('max', params.password_expire_max), ...age('min', params.password_expire_min), ...age('warn', params.password_expire_warn), ...age('inactive', params.password_expire_account_disable),
    ...(create_home ? { homeThere: true } : {}), ...(generate_ssh_key ? { key: (before.key && force ? fresh('a new key') : true) as boolean } : {}),
  }
}

/** What would make another line of /etc/passwd than it says, or a name that the host's programs refuse. */
function checkText(params: UserParams, { state, seen }: UserPlan): void {
  for (const field of ['comment', 'home', 'shell'] as const) if (/[:\n]/.test(params[field] ?? '')) fail(`the ${field} of ${params.name} holds a character that /etc/passwd cannot hold: ${JSON.stringify(params[field])}`)
  if (state === 'present') return
  if (seen.value.tools === 'none') fail('Failed to find required executable "useradd": the host has neither useradd nor adduser')
  if (seen.value.tools === 'busybox' ? !isBusyboxName(params.name) : /^[-+~]|[:,/\s]|^$/.test(params.name)) fail(`${JSON.stringify(params.name)} is not a name that an account can have`)
}

const age = (key: string, days: number | undefined) => (days === undefined ? {} : { [key]: days })
const dateOf = (day: number | undefined): string => (day === undefined ? '' : new Date(day * 86400_000).toISOString().slice(0, 10))

function* apply({ params, before, after }: { readonly params: UserParams; readonly before: UserPlan; readonly after: UserPlan }): Iterable<Step> {
  const { name } = params
  const busybox = before.seen.value.tools === 'busybox'
  if (after.state === 'absent') return yield removal(params, before, busybox)
  const creating = before.state === 'absent'
  const effects = effectsOf(params, before, after)
  if (busybox) {
    const script = creating ? busyboxCreate(params, before, after, before.seen.value.group === undefined && !before.seen.value.namesake && !params.system) : busyboxModify(params, before, after, before.seen.value.members)
    if (script !== undefined) yield run(script, effects, { sentence: `${creating ? 'make' : 'change'} the account ${name}` })
  } else yield* shadowSteps(params, before, after, effects)
  const hash = wantedHash(params, before)
  if (hash !== undefined && after.password !== before.password && !(creating && hash === '!')) yield run(['chpasswd', '-e'], effects, { stdin: Buffer.from(`${name}:${hash}\n`) })
  if (after.homeThere && !before.homeThere && (!creating || (busybox && busyboxHomeLater(params)))) yield run(homeScript(name, after.home!, params.skeleton ?? '/etc/skel', params.umask), before.seen.value.skeleton ? homeEffects(before.seen.value.skeleton, name, after.home!, after.group!, after.uid!) : [], { sentence: `make the home directory ${after.home}` })
  if (after.key !== before.key) yield run(keyScript(params, after.home!), [], { sentence: `make the SSH key ${keyFile(params, after.home!)}`, ...(params.ssh_key_passphrase === undefined ? {} : { stdin: Buffer.from(params.ssh_key_passphrase) }) })
  if (creating || after.group !== before.group) yield run(`getent passwd ${quote(name)} 2>/dev/null || while IFS= read -r l; do case $l in ${quote(name)}:*) printf '%s\\n' "$l" ;; esac; done </etc/passwd`, [], { sentence: `look up the account ${name}` })
}

const removal = (params: UserParams, { home }: UserPlan, busybox: boolean): Step => {
  const { name, remove, force } = params
  const effects = [leaves(userResource, name, noUser), ...(remove && home ? [leaves(fileResource, home, absent)] : [])]
  if (busybox) return run(busyboxRemove(params), effects, { sentence: `remove the account ${name}` })
  return run(['userdel', ...(force ? ['-f'] : []), ...(remove ? ['-r'] : []), name], effects, { okay: remove ? [0, 12] : [0] })
}

function* shadowSteps(params: UserParams, before: UserPlan, after: UserPlan, effects: ReturnType<typeof effectsOf>): Iterable<Step> {
  const creating = before.state === 'absent'
  const change = creating ? createArgs(params, before, after) : modifyArgs(params, before, after)
  if (change.length > 0) yield run([creating ? 'useradd' : 'usermod', ...change, params.name], effects)
  const ages = ageArgs(before, after)
  if (ages.length > 0) yield run(['chage', ...ages, params.name], effects)
}

const option = (flag_: string, value: string | number | undefined) => (value === undefined ? [] : [flag_, String(value)])

function createArgs(params: UserParams, before: UserPlan, after: UserPlan): readonly string[] {
  const { uid, non_unique, comment, shell, home, create_home, skeleton, umask, system, uid_min, uid_max } = params
  const { group, groups, namesake } = before.seen.value
  return [
    ...option('-u', uid), ...(non_unique ? ['-o'] : []), ...(group === undefined ? (namesake ? ['-N'] : []) : ['-g', group]), ...(groups?.length ? ['-G', after.groups!.join(',')] : []), ...option('-c', comment), ...option('-d', home), ...option('-s', shell),
    ...(after.expires === undefined ? [] : ['-e', dateOf(after.expires)]), ...option('-f', params.password_expire_account_disable), ...(system ? ['-r'] : []),
    ...(create_home ? (before.homeThere ? ['-M'] : ['-m', ...option('-k', skeleton), ...(umask === undefined ? [] : ['-K', `UMASK=${umask}`])]) : ['-M']), ...(uid_min === undefined ? [] : ['-K', `UID_MIN=${uid_min}`]), ...(uid_max === undefined ? [] : ['-K', `UID_MAX=${uid_max}`]),
  ]
}

function modifyArgs({ non_unique, append, move_home }: UserParams, before: UserPlan, after: UserPlan): readonly string[] {
  const differs = <K extends keyof UserPlan>(key: K, args: (value: NonNullable<UserPlan[K]>) => readonly string[]) => (after[key] === before[key] ? [] : args(after[key] as NonNullable<UserPlan[K]>))
  return [
    ...differs('uid', (uid) => ['-u', String(uid), ...(non_unique ? ['-o'] : [])]), ...differs('group', (group) => ['-g', String(group)]),
    ...(String(after.groups) === String(before.groups) ? [] : append ? ['-a', '-G', after.groups!.filter((one) => !before.groups!.includes(one)).join(',')] : ['-G', after.groups!.join(',')]),
    ...differs('comment', (comment) => ['-c', comment]), ...differs('home', (home) => ['-d', home, ...(move_home ? ['-m'] : [])]), ...differs('shell', (shell) => ['-s', String(shell)]),
    ...(after.expires === before.expires ? [] : ['-e', dateOf(after.expires)]), ...(after.inactive === before.inactive ? [] : ['-f', String(after.inactive)]),
  ]
}

const ageArgs = (before: UserPlan, after: UserPlan): readonly string[] =>
  ([['-M', 'max'], ['-m', 'min'], ['-W', 'warn']] as const).flatMap(([letter, key]) => (after[key] === before[key] || after[key] === undefined ? [] : [letter, String(after[key])]))

function effectsOf(params: UserParams, before: UserPlan, after: UserPlan) {
  const { name } = params
  const { tools } = before.seen.value
  const skeleton = before.seen.value.skeleton && tools === 'busybox' && !busyboxHomeLater(params) ? { ...before.seen.value.skeleton, mode: BUSYBOX_HOME_MODE } : before.seen.value.skeleton
  const hash = wantedHash(params, before) ?? (before.state === 'absent' ? '!' : before.seen.value.hash)
  const ages = Object.fromEntries((['min', 'max', 'warn', 'inactive', 'expires'] as const).flatMap((key) => (after[key] === undefined ? [] : [[key, after[key]]])))
  const state = {
    exists: true, uid: after.uid!, gid: after.group === before.group ? before.seen.value.gid : fresh('the number of its group'), group: after.group!, home: after.home!, shell: after.shell!, comment: after.comment!, groups: after.groups!, local: true,
    ...(hash === undefined ? {} : { shadow: { hash, ...ages } }),
  }
  const home = before.state === 'absent' && after.homeThere && !before.homeThere && skeleton ? homeEffects(skeleton, name, after.home!, after.group!, after.uid!) : []
  return [leaves(userResource, name, state), ...home]
}

export const user = defineModule({
  name: 'user',
  summary: 'Keep a user account.',
  notes: [
    'The password travels through standard input, never as an argument.',
    '`local` reads /etc/passwd; accounts are made and changed with useradd and usermod in either case.',
    'On hosts with busybox and without useradd (Alpine), adduser, addgroup, deluser, delgroup and chpasswd do the work. What they cannot change of an account (number, group, name, home, shell, ages) is changed in /etc/passwd and /etc/shadow, under the lock that they use and by a rename.',
  ],
  examples: `
- name: An account for deployments
  user: { name: deploy, groups: [adm], append: true, shell: /bin/bash, comment: Deployments }
- name: One for a service, that nobody logs in to
  user: { name: app, system: true, home: /var/lib/app, create_home: false, shell: /usr/sbin/nologin }
- name: With a password, set once, and a key
  user:
    name: ann
    password: "{{ ann_password_hash }}"
    update_password: on_create
    generate_ssh_key: true
    ssh_key_type: ed25519
- name: It is gone, with its home
  user: { name: bob, state: absent, remove: true }
`,
  params: userParams,
  rules: { requiredIf: [['append', true, ['groups']], ['non_unique', true, ['uid']]] },
  probe,
  plan,
  apply,
  diff: ({ before, after }) => showState('user', { ...before, ...(before.password === undefined ? {} : { password: '(hidden)' }) }, { ...after, ...(after.password === undefined ? {} : { password: after.password === before.password ? '(hidden)' : '(hidden, another one)' }) }),
  result({ params, before, after, replies }) {
    const { name, state, append, create_home, move_home, system, remove, force, password, generate_ssh_key } = params
    if (state === 'absent') return { outputs: { name, state, ...(before.state === 'present' ? { remove, force } : {}) } }
    const [learnt, learntKey] = [before.state === 'absent' || after.group !== before.group ? replies.at(-1)?.stdout.toString().trim().split(':') : undefined, replies.find(({ stdout }) => stdout.includes('-- public key\n'))?.stdout.toString()]
    const shell = learnt?.[6] ?? after.shell
    const key = generate_ssh_key ? { ssh_key_file: keyFile(params, after.home!), ...keyOutputs(learntKey, before.seen.value.keys) } : {}
    return {
      outputs: {
        name, state, append, comment: after.comment, home: learnt?.[5] ?? after.home, shell, move_home, uid: (learnt ? Number(learnt[2]) : after.uid) as Value,
        group: (learnt ? Number(learnt[3]) : before.state === 'present' && after.group === before.group ? before.seen.value.gid : unknown('the number of its group')) as Value, ...(before.state === 'absent' ? { create_home, system } : {}), ...(params.groups ? { groups: params.groups.join(',') } : {}),
        ...(password === undefined ? {} : { password: 'NOT_LOGGING_PASSWORD' }), ...key,
      },
    }
  },
})

function keyOutputs(made: string | undefined, found: KeyPair | undefined): Record<string, Value> {
  const [fingerprint, publicKey] = made ? made.split('-- public key\n') : [found?.fingerprint, found?.publicKey]
  return fingerprint === undefined ? {} : { ssh_fingerprint: fingerprint.trim(), ssh_public_key: (publicKey ?? '').trim() }
}
