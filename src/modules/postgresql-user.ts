import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fitsPassword, verifierFor } from '../contract/postgres-password.ts'
import { NEEDS_PSQL, askPostgres, identifier, literal, plannedKey, plannedOnServer, postgresParams, tellPostgres } from '../contract/psql.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type Step } from '../host/step.ts'
import { type Params, choice, flag, integer, list, raw, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, isDict, isUnknown, unknown } from '../value/value.ts'
import { type Grants, grantStatements, parsePrivileges, readGrants } from '../contract/postgres-grants.ts'

const params = {
  ...postgresParams,
  name: text('The role.', { required: true, aliases: ['user'] }),
  state: choice(['absent', 'present'], 'Whether it should be there.', { default: 'present' }),
  password: text('Its password, or what PostgreSQL keeps of it (md5…, SCRAM-SHA-256$…); empty for none.', { secret: true }),
  encrypted: flag('The server keeps no plain passwords; PostgreSQL 10 and later never do.', { default: true }),
  no_password_changes: flag('Leave the password of a role that is there.', { default: false }),
  role_attr_flags: text('What it may do, by comma: [NO]SUPERUSER, [NO]CREATEROLE, [NO]CREATEDB, [NO]INHERIT, [NO]LOGIN, [NO]REPLICATION, [NO]BYPASSRLS.', { default: '' }),
  expires: text('When its password expires: a time as PostgreSQL reads it, or infinity.'),
  conn_limit: integer('How many connections it may have; -1 for any number.'),
  comment: text('A comment on it; empty for none.'),
  configuration: raw('Settings of its sessions, a dict; one that is null is taken back.', { default: new Map() }),
  reset_unspecified_configuration: flag('Take back settings that `configuration` does not name.', { default: false }),
  quote_configuration_values: flag('Write settings as texts; otherwise they are SQL.', { default: true }),
  groups: list(text(''), 'Roles that it is a member of.'),
  priv: text('What it may do in the database: PRIV,PRIV/TABLE:PRIV,PRIV. Better kept by postgresql_privs.'),
  login_db: text('The database to log in to.', { default: '', aliases: ['db'] }),
  fail_on_user: flag('Fail where a role cannot be removed since things depend on it.', { default: true, aliases: ['fail_on_role'] }),
} as const
type UserParams = Params<typeof params>

const FLAGS: Readonly<Record<string, string>> = { SUPERUSER: 'rolsuper', CREATEROLE: 'rolcreaterole', CREATEUSER: 'rolcreaterole', CREATEDB: 'rolcreatedb', INHERIT: 'rolinherit', LOGIN: 'rolcanlogin', REPLICATION: 'rolreplication', BYPASSRLS: 'rolbypassrls' }

/** Of a role only what the task speaks about. */
interface Role {
  readonly exists: boolean | Unknown
  /** Texts of passwords are nowhere in here. */
  readonly password?: 'as wanted' | 'another' | 'none' | Unknown | undefined
  readonly flags?: Readonly<Record<string, boolean | Unknown>> | undefined
  readonly expires?: string | null | Unknown | undefined
  readonly conn_limit?: number | Unknown | undefined
  readonly comment?: string | null | Unknown | undefined
  readonly configuration?: Readonly<Record<string, string | null | Unknown>> | undefined
  readonly groups?: Readonly<Record<string, boolean | Unknown>> | undefined
  readonly grants?: Grants | undefined
}

interface State extends Role {
  readonly seen: Aside<{ readonly version: number; readonly encryption: string; readonly expires: string | null; readonly database: string; readonly real: boolean }>
}

export const postgresqlUser = defineModule({
  name: 'postgresql_user',
  summary: 'Keep a role of PostgreSQL that may log in: password, abilities, settings.',
  notes: [NEEDS_PSQL, 'A password is compared with what the server keeps of it, which only a superuser may read; for others it is a change each time. The server is told a verifier and not the password.'],
  examples: `
- name: The shop may log in
  become: true
  become_user: postgres
  postgresql_user: { name: shop, password: "{{ shop_password }}", role_attr_flags: "CREATEDB,NOSUPERUSER" }
- name: Reports only for a while, and not often at once
  become: true
  become_user: postgres
  postgresql_user: { name: reports, password: "{{ shop_password }}", expires: "2040-01-01", conn_limit: 3 }
- name: An old one is gone
  become: true
  become_user: postgres
  postgresql_user: { name: old, state: absent }
`,
  params,
  async probe(host, given): Promise<State> {
    if (given.priv !== undefined && given.login_db === '') fail('privs given but db is not')
    return readRole(host, given)
  },
  plan(given, before): State {
    const { seen } = before
    if (given.state === 'absent') return { exists: before.exists !== false && !given.fail_on_user ? unknown('whether other things depend on it') : false, seen }
    if (!given.encrypted && seen.value.version >= 100000 && given.password !== undefined) fail('UNENCRYPTED PASSWORD is no longer supported by PostgreSQL 10 and later')
    return { ...wished(given, before), seen }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { seen: _, ...role } = after
    const sentence = `${after.exists !== true ? 'drop' : before.exists ? 'change' : 'create'} role ${given.name}`
    const okay = after.exists !== true && !given.fail_on_user ? { okay: 'any' as const } : {}
    const told = statements(given, before, after, (password) => literal(verifierFor(password, given.name, before.seen.value.encryption)))
    yield tellPostgres(given, before.seen.value.database, [...told], [leaves(plannedOnServer, plannedKey(given, 'role', given.name), { ...role, told: given.password })], { sentence, ...okay })
  },
  result({ params: given, before, after, replies, taken, changed }) {
    const queries: Value = changed ? [...statements(given, before, after, () => "'********'")] : []
    if (given.state === 'present') return { outputs: { user: given.name, queries } }
    const removed = before.exists === false || (taken ? replies[0]?.code === 0 : changed && given.fail_on_user)
    return { outputs: { user: given.name, queries, ...(changed ? { user_removed: taken || given.fail_on_user ? removed : unknown('whether other things depend on it') } : {}) }, changed: changed && removed }
  },
})

interface Row {
  readonly version: number
  readonly encryption: string
  readonly may_read: boolean
  readonly wanted_expires: string | null
  readonly role: (Readonly<Record<string, boolean>> & { readonly rolconnlimit: number; readonly expires: string | null; readonly comment: string | null; readonly configuration: readonly string[] | null; readonly groups: readonly string[] | null; readonly rolpassword: string | null }) | null
}

async function readRole(host: Reader, given: UserParams): Promise<State> {
  const [planned, database] = await Promise.all([host.get(plannedOnServer, plannedKey(given, 'role', given.name)), databaseFor(host, given)])
  if (isUnknown(planned)) throw planned
  const wantedExpires = given.expires === undefined ? 'NULL' : `${literal(given.expires)}::timestamptz::text`
  const about = (source: string, password: string) => `SELECT ${Object.values(FLAGS).filter((flag, i, all) => all.indexOf(flag) === i).map((flag) => `r.${flag}`).join(', ')}, r.rolconnlimit, r.rolvaliduntil::text AS expires, ${password} AS rolpassword, shobj_description(r.oid, 'pg_authid') AS comment, (SELECT setconfig FROM pg_db_role_setting WHERE setrole = r.oid AND setdatabase = 0) AS configuration, ARRAY(SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid) AS groups FROM ${source} r WHERE r.rolname = ${literal(given.name)}`
  const select = (source: string, password: string) => `SELECT current_setting('server_version_num')::int AS version, current_setting('password_encryption') AS encryption, has_table_privilege('pg_authid', 'SELECT') AS may_read, ${wantedExpires} AS wanted_expires, (SELECT row_to_json(x) FROM (${about(source, password)}) x) AS role`
  let row = (await askPostgres<Row>(host, given, database, select('pg_roles', 'NULL')))[0]!
  // What the server keeps of passwords stands in a table that only superusers read.
  if (given.password !== undefined && row.may_read && row.role) row = (await askPostgres<Row>(host, given, database, select('pg_authid', 'r.rolpassword')))[0]!
  const grants = given.priv === undefined || given.state === 'absent' ? undefined : await readGrants(host, given, database, parsePrivileges(given.priv), row.role !== null)
  const real = row.role ? spokenOf(given, row) : { exists: false }
  const now = planned === undefined ? undefined : passwordOfPlan(given, planned as Role & { readonly told?: string })
  const seen = aside({ version: row.version, encryption: row.encryption, expires: row.wanted_expires, database, real: row.role !== null })
  const role = now ? (now.exists === true ? { ...fill(given, real), ...now } : now) : real
  return { ...onlySpoken(given, role), ...(grants && role.exists === true ? { grants: now?.grants ?? grants } : {}), seen }
}

/** What an earlier task of the plan said of the password, seen by this one. */
function passwordOfPlan(given: UserParams, { told, ...role }: Role & { readonly told?: string }): Role {
  return role.password === undefined || told === undefined ? role : { ...role, password: told === '' ? 'none' : told === given.password ? 'as wanted' : 'another' }
}

/** A database that only the plan has cannot be logged in to yet; roles are the same in all. */
async function databaseFor(host: Reader, given: UserParams): Promise<string> {
  if (given.login_db === '') return 'postgres'
  const planned = await host.get(plannedOnServer, plannedKey(given, 'database', given.login_db))
  if (isUnknown(planned) || planned === undefined || given.priv === undefined) return planned === undefined || isUnknown(planned) ? given.login_db : 'postgres'
  throw unknown(`what it may do in ${given.login_db} is known when the database is there`)
}

function spokenOf(given: UserParams, { role, may_read }: Row): Role {
  const { rolpassword, configuration, groups, expires, comment, rolconnlimit } = role!
  const settings = new Map((configuration ?? []).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  const password = !may_read ? unknown('only a superuser may read what the server keeps of passwords') : rolpassword === null ? 'none' : given.password !== undefined && given.password !== '' && fitsPassword(rolpassword, given.password, given.name) ? 'as wanted' : 'another'
  const named = [...settingsOf(given).keys(), ...(given.reset_unspecified_configuration ? settings.keys() : [])]
  return {
    exists: true, password, flags: Object.fromEntries(flagsOf(given).map(([flag]) => [flag, role![flag]!])), expires, conn_limit: rolconnlimit, comment,
    configuration: Object.fromEntries(named.map((key) => [key, asWritten(settings.get(key), settingsOf(given).get(key)) ?? null])), groups: Object.fromEntries((given.groups ?? []).map((group) => [group, (groups ?? []).includes(group)])),
  }
}

/** PostgreSQL keeps lists such as search_path with names quoted: a value that means the wanted one is shown as that. */
const asWritten = (kept: string | undefined, wanted: string | null | undefined): string | undefined =>
  kept !== undefined && typeof wanted === 'string' && (kept === identifier(wanted || ' ') || kept === wanted.replace(/^'(.*)'$/s, '$1').replaceAll("''", "'")) ? wanted : kept

/** A role of the plan: what no task said of it is not known. */
function fill(given: UserParams, real: Role): Role {
  if (real.exists) return real
  const open = unknown('what the server gives a new role')
  return {
    exists: true, password: open, flags: Object.fromEntries(flagsOf(given).map(([flag]) => [flag, open])), expires: open, conn_limit: open, comment: open,
    configuration: Object.fromEntries([...settingsOf(given).keys()].map((key) => [key, null])), groups: Object.fromEntries((given.groups ?? []).map((group) => [group, false])),
  }
}

/** What the task does not speak about is not compared. */
function onlySpoken(given: UserParams, role: Role): Role {
  if (role.exists !== true || given.state === 'absent') return { exists: role.exists }
  return {
    exists: true, ...(given.password === undefined || given.no_password_changes ? {} : { password: role.password }), ...(given.role_attr_flags === '' ? {} : { flags: role.flags }), ...(given.expires === undefined ? {} : { expires: role.expires }),
    ...(given.conn_limit === undefined ? {} : { conn_limit: role.conn_limit }), ...(given.comment === undefined ? {} : { comment: role.comment }), ...(settingsOf(given).size === 0 && !given.reset_unspecified_configuration ? {} : { configuration: role.configuration ?? {} }), ...(given.groups === undefined ? {} : { groups: role.groups }),
  }
}

function wished(given: UserParams, before: State): Role {
  const { exists, password, configuration, seen } = before
  const wanted = settingsOf(given)
  // Nothing can be said of a password that cannot be read: it is set each time.
  const next = given.password === '' ? 'none' : isUnknown(password) ? unknown(password.reason) : 'as wanted'
  return {
    exists: true, ...(given.password === undefined || (exists && given.no_password_changes) ? {} : { password: next }), ...(given.role_attr_flags === '' ? {} : { flags: Object.fromEntries(flagsOf(given)) }), ...(given.expires === undefined ? {} : { expires: seen.value.expires }),
    ...(given.conn_limit === undefined ? {} : { conn_limit: given.conn_limit }), ...(given.comment === undefined ? {} : { comment: given.comment === '' ? null : given.comment }), ...(wanted.size === 0 && configuration === undefined ? {} : { configuration: Object.fromEntries(wanted) }),
    ...(given.groups === undefined ? {} : { groups: Object.fromEntries(given.groups.map((group) => [group, true])) }), ...(given.priv === undefined ? {} : { grants: parsePrivileges(given.priv) }),
  }
}

/** The columns of the wanted abilities, with whether the role has them. */
function flagsOf({ role_attr_flags }: UserParams): readonly (readonly [string, boolean])[] {
  return role_attr_flags.split(',').map((word) => word.trim().toUpperCase()).filter(Boolean).map((word) => {
    const [column, negated] = [FLAGS[word], FLAGS[word.replace(/^NO/, '')]]
    return column !== undefined ? [column, true] as const : negated !== undefined ? [negated, false] as const : fail(`Invalid role_attr_flags specified: ${word}`)
  })
}

function settingsOf({ configuration }: UserParams): ReadonlyMap<string, string | null> {
  if (!isDict(configuration)) return fail('configuration must be a dict')
  return new Map([...configuration].map(([key, value]) => [String(key), value === null ? null : typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)]))
}

function* statements(given: UserParams, before: State, after: State, secret: (password: string) => string): Iterable<string> {
  const name = identifier(given.name)
  if (after.exists !== true) return yield `DROP USER ${name}`
  const options = [...optionWords(given, before, after, secret)].join(' ')
  if (!before.exists) yield `CREATE USER ${name}${options && ` WITH ${options}`}`
  else if (options) yield `ALTER USER ${name} WITH ${options}`
  if ((after.comment ?? null) !== (before.comment ?? null)) yield `COMMENT ON ROLE ${name} IS ${typeof after.comment === 'string' ? literal(after.comment) : 'NULL'}`
  for (const key of new Set([...Object.keys(before.configuration ?? {}), ...Object.keys(after.configuration ?? {})])) {
    const value = after.configuration?.[key] ?? null
    if (value === (before.configuration?.[key] ?? null)) continue
    const setting = key.split('.').map(identifier).join('.')
    yield typeof value === 'string' ? `ALTER USER ${name} SET ${setting} TO ${given.quote_configuration_values ? literal(value) : value}` : `ALTER USER ${name} RESET ${setting}`
  }
  for (const group of Object.keys(after.groups ?? {})) if (before.groups?.[group] !== true) yield `GRANT ${identifier(group)} TO ${name}`
  if (after.grants) yield* grantStatements(given.name, given.login_db, before.grants ?? {}, after.grants)
}

const WORDS = Object.fromEntries(Object.entries(FLAGS).filter(([word]) => word !== 'CREATEUSER').map(([word, column]) => [column, word]))

function* optionWords(given: UserParams, before: State, after: State, secret: (password: string) => string): Iterable<string> {
  for (const [column, value] of Object.entries(after.flags ?? {})) if (before.flags?.[column] !== value) yield `${value === true ? '' : 'NO'}${WORDS[column]}`
  if (after.password !== undefined && (after.password !== before.password || isUnknown(after.password)) && (before.exists || after.password !== 'none')) yield `PASSWORD ${after.password === 'none' ? 'NULL' : secret(given.password!)}`
  if (after.expires !== before.expires && after.expires !== undefined) yield `VALID UNTIL ${literal(given.expires!)}`
  if (after.conn_limit !== before.conn_limit && after.conn_limit !== undefined) yield `CONNECTION LIMIT ${String(after.conn_limit)}`
}
