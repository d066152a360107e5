import { createHash } from 'node:crypto'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Grants, combine, grantStatements, parseGrants, parseWanted } from '../contract/mysql-grants.ts'
import { NEEDS_MYSQL, type Row, askMysql, literal, mysqlKey, mysqlParams, plannedOnMysql, tellMysql } from '../contract/mysql.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type Step } from '../host/step.ts'
import { type Params, choice, flag, raw, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, type Value, isDict, isUnknown, unknown } from '../value/value.ts'

const params = {
  ...mysqlParams,
  name: text('The user; empty for the anonymous one.', { required: true, aliases: ['user'] }),
  host: text('The host that it comes from.', { default: 'localhost' }),
  host_all: flag('All hosts that it has; not to make one.', { default: false }),
  state: choice(['absent', 'present'], 'Whether it should be there.', { default: 'present' }),
  password: text('Its password, or the hash of it.', { secret: true }),
  encrypted: flag('The password is a hash of mysql_native_password.', { default: false }),
  update_password: choice(['always', 'on_create', 'on_new_username'], 'Whether the password of a user who is there may change; on_new_username takes that of the same name at another host.', { default: 'always' }),
  plugin: text('What it logs in by.'),
  plugin_hash_string: text('What the plugin keeps of the password.', { secret: true, aliases: ['plugin_hash'] }),
  plugin_auth_string: text('The password, for the plugin.', { secret: true, aliases: ['plugin_auth'] }),
  priv: raw('What it may do: DATABASE.TABLE:PRIV,PRIV/DATABASE.*:ALL, or a dict.'),
  append_privs: flag('Add to what it may do.', { default: false }),
  subtract_privs: flag('Take away from what it may do.', { default: false }),
  resource_limits: raw('MAX_QUERIES_PER_HOUR, MAX_UPDATES_PER_HOUR, MAX_CONNECTIONS_PER_HOUR, MAX_USER_CONNECTIONS: a dict of numbers.'),
  tls_requires: raw('What its connections must show: SSL, X509, or SUBJECT, ISSUER and CIPHER with their values; a dict, an empty one for nothing.'),
  sql_log_bin: flag('Whether this goes to the binary log.', { default: true }),
} as const
type UserParams = Params<typeof params>

/** Of an account only what the task speaks about. */
interface Account {
  readonly exists: boolean
  /** Texts of passwords are nowhere in here. */
  readonly password?: 'as wanted' | 'another' | Unknown | undefined
  readonly grants?: Grants | Unknown
  readonly limits?: Readonly<Record<string, number>> | Unknown
  readonly tls?: string | Unknown
}

interface State {
  /** By host. */
  readonly accounts: Readonly<Record<string, Account>>
  readonly seen: Aside<{ readonly maria: boolean; readonly sibling: Row | undefined }>
}

export const mysqlUser = defineModule({
  name: 'mysql_user',
  summary: 'Keep a user of MySQL or MariaDB: password, privileges, limits.',
  notes: [NEEDS_MYSQL, 'A password is compared with what mysql_native_password keeps of it; what other plugins keep cannot be compared, so that it is set each time unless update_password is on_create.', 'Privileges that `priv` does not name are taken away, but for those of root and where append_privs is set.'],
  examples: `
- name: The shop may write its database
  mysql_user: { name: shop, password: "{{ shop_password }}", priv: "shop.*:SELECT,INSERT,UPDATE,DELETE", login_unix_socket: /run/mysqld/mysqld.sock }
- name: Reports may only read, from one network
  mysql_user:
    name: reports
    host: 10.0.0.%
    password: "{{ shop_password }}"
    update_password: on_create
    priv: { shop.*: SELECT }
- name: Nobody is anonymous
  mysql_user: { name: "", host_all: true, state: absent }
`,
  params,
  async probe(host, given): Promise<State> {
    if (given.append_privs && given.subtract_privs) fail('parameters are mutually exclusive: append_privs|subtract_privs')
    if (given.encrypted && given.password !== undefined && !isHash(given.password)) fail('The password is not a hash of mysql_native_password: * and 40 hexadecimal digits')
    const [version, rows] = (await askMysql(host, given, ['SELECT VERSION() AS version', `SELECT * FROM mysql.user WHERE User = ${literal(given.name)}`]))!
    const byHost = new Map(rows!.map((row) => [column(row, 'Host') ?? '', row]))
    const hosts = given.host_all ? [...byHost.keys()] : [given.host]
    if (given.host_all && hosts.length === 0 && given.state === 'present') fail('host_all cannot be used when creating a user')
    const accounts = await Promise.all(hosts.map(async (name) => [name, await readAccount(host, given, name, byHost.get(name))] as const))
    return { accounts: Object.fromEntries(accounts), seen: aside({ maria: /mariadb/i.test(version![0]?.version ?? ''), sibling: rows!.find((row) => column(row, 'Host') !== given.host) }) }
  },
  plan(given, before): State {
    const one = (account: Account): Account => (given.state === 'absent' ? { exists: false } : wished(given, account))
    if (given.state === 'absent' && given.host_all) return { ...before, accounts: {} }
    return { ...before, accounts: Object.fromEntries(Object.entries(before.accounts).map(([name, account]) => [name, one(account)])) }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const names = Object.keys(before.accounts)
    const effects = names.map((name) => leaves(plannedOnMysql, mysqlKey(given, 'user', `${given.name}@${name}`), { ...(after.accounts[name] ?? { exists: false }), told: given.password }))
    const exists = Object.values(before.accounts).some((account) => account.exists)
    const log = given.sql_log_bin ? [] : ['SET SESSION sql_log_bin = 0']
    yield tellMysql(given, [...log, ...statements(given, before, after)], effects, { sentence: `${given.state === 'absent' ? 'drop' : exists ? 'change' : 'create'} user ${names.map((name) => `${given.name}@${name}`).join(', ')}` })
  },
  result({ params: given, before, after, changed }) {
    const pairs = Object.keys(after.accounts).map((name) => [before.accounts[name]!, after.accounts[name]!] as const)
    const password = pairs.some(([old, next]) => (!old.exists && next.exists && setsPassword(given)) || (next.password !== undefined && old.password !== next.password))
    const created = pairs.some(([old, next]) => !old.exists && next.exists)
    const msg = given.state === 'absent' ? (changed ? 'User deleted' : "User doesn't exist") : created ? 'User added' : !changed ? 'User unchanged' : password ? 'Password updated (new style)' : 'Privileges updated'
    return { outputs: { user: given.name, msg, password_changed: changed && password } satisfies Record<string, Value> }
  },
})

/** Names of columns are written in other letters here and there. */
const column = (row: Row, name: string): string | null => Object.entries(row).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] ?? null
const isHash = (password: string): boolean => password === '' || /^\*[0-9A-F]{40}$/i.test(password)
const accountName = (user: string, host: string): string => `${literal(user)}@${literal(host)}`

async function readAccount(host: Reader, given: UserParams, from: string, row: Row | undefined): Promise<Account> {
  const planned = await host.get(plannedOnMysql, mysqlKey(given, 'user', `${given.name}@${from}`))
  if (isUnknown(planned)) throw planned
  const grants = row && given.priv !== undefined && given.state === 'present' ? parseGrants(((await askMysql(host, given, [`SHOW GRANTS FOR ${accountName(given.name, from)}`]))![0] ?? []).map((one) => Object.values(one)[0] ?? '')) : {}
  const real: Account = row ? { exists: true, password: passwordOf(given, row), grants, limits: limitsOf(given, row), tls: tlsOf(row) } : { exists: false }
  if (planned === undefined) return spokenOf(given, real)
  const { told, ...now } = planned as Account & { readonly told?: string }
  const open = unknown('what the server gives a new user')
  const known = { ...(real.exists ? real : { password: open, grants: {}, limits: open, tls: open }), ...now, ...(now.password === undefined || told === undefined ? {} : { password: told === given.password ? 'as wanted' as const : 'another' as const }) }
  return spokenOf(given, now.exists ? known : { exists: false })
}

function spokenOf(given: UserParams, { exists, password, grants, limits, tls }: Account): Account {
  if (!exists || given.state === 'absent') return { exists }
  return {
    exists, ...(given.update_password === 'always' && setsPassword(given) && password !== undefined ? { password } : {}), ...(given.priv === undefined ? {} : { grants: grants ?? {} }),
    ...(given.resource_limits === undefined || limits === undefined ? {} : { limits }), ...(given.tls_requires === undefined || tls === undefined ? {} : { tls }),
  }
}

const setsPassword = ({ password, plugin }: UserParams): boolean => password !== undefined || plugin !== undefined

export const nativeHash = (password: string): string => (password === '' ? '' : `*${createHash('sha1').update(createHash('sha1').update(password).digest()).digest('hex').toUpperCase()}`)

function passwordOf(given: UserParams, row: Row): Account['password'] {
  const plugin = column(row, 'plugin') ?? ''
  const kept = column(row, 'authentication_string') || column(row, 'Password') || ''
  const native = plugin === '' || plugin === 'mysql_native_password'
  if (given.plugin !== undefined) {
    if (given.plugin !== plugin) return 'another'
    if (given.plugin_auth_string !== undefined && !native) return unknown(`what ${plugin} keeps of a password cannot be compared`)
    return kept === (given.plugin_hash_string ?? (given.plugin_auth_string === undefined ? kept : nativeHash(given.plugin_auth_string))) ? 'as wanted' : 'another'
  }
  if (given.password === undefined) return 'as wanted'
  if (/sha2|sha256|ed25519|parsec/.test(plugin)) return given.encrypted ? 'another' : unknown(`what ${plugin} keeps of a password cannot be compared`)
  if (!native) return 'another'
  return kept.toUpperCase() === (given.encrypted ? given.password.toUpperCase() : nativeHash(given.password)) ? 'as wanted' : 'another'
}

const LIMITS: Readonly<Record<string, string>> = { MAX_QUERIES_PER_HOUR: 'max_questions', MAX_UPDATES_PER_HOUR: 'max_updates', MAX_CONNECTIONS_PER_HOUR: 'max_connections', MAX_USER_CONNECTIONS: 'max_user_connections' }
const wantedLimits = ({ resource_limits }: UserParams): Readonly<Record<string, number>> => Object.fromEntries((isDict(resource_limits) ? [...resource_limits] : []).map(([name, value]) => [LIMITS[String(name)] === undefined ? fail(`resource_limits: ${String(name)} is none of ${Object.keys(LIMITS).join(', ')}`) : String(name), Number.isInteger(Number(value)) ? Number(value) : fail(`resource_limits: ${String(name)} must be a number`)]))
const limitsOf = (given: UserParams, row: Row): Readonly<Record<string, number>> => Object.fromEntries(Object.keys(wantedLimits(given)).map((name) => [name, Number(column(row, LIMITS[name]!) ?? 0)]))

/** What the connections of an account must show, as SQL says it. */
function tlsOf(row: Row): string {
  const type = column(row, 'ssl_type') ?? ''
  if (type === '' || type === 'ANY' || type === 'X509') return type === '' ? 'NONE' : type === 'ANY' ? 'SSL' : 'X509'
  return (['cipher', 'issuer', 'subject'] as const).flatMap((word) => { const value = column(row, word === 'cipher' ? 'ssl_cipher' : `x509_${word}`); return value ? [`${word.toUpperCase()} ${literal(value)}`] : [] }).join(' AND ')
}
function wantedTls({ tls_requires }: UserParams): string {
  const asked = new Map((isDict(tls_requires) ? [...tls_requires] : []).map(([name, value]) => [String(name).toUpperCase(), value]))
  const strange = [...asked.keys()].find((name) => !['SSL', 'X509', 'CIPHER', 'ISSUER', 'SUBJECT'].includes(name))
  if (strange !== undefined) fail(`tls_requires: ${strange} is none of SSL, X509, CIPHER, ISSUER, SUBJECT`)
  const parts = ['CIPHER', 'ISSUER', 'SUBJECT'].flatMap((name) => (asked.has(name) ? [`${name} ${literal(String(asked.get(name)))}`] : []))
  return parts.length > 0 ? parts.join(' AND ') : asked.has('X509') ? 'X509' : asked.has('SSL') ? 'SSL' : 'NONE'
}

function wished(given: UserParams, before: Account): Account {
  const wanted = given.priv === undefined ? undefined : parseWanted(given.priv)
  const was = isUnknown(before.grants) ? {} : (before.grants ?? {})
  // Root keeps what nobody speaks of, so that nobody locks everybody out.
  const how = given.subtract_privs ? 'subtract' : given.append_privs || given.name === 'root' && before.exists ? 'append' : 'only'
  const password = given.update_password !== 'always' ? undefined : isUnknown(before.password) ? unknown(before.password.reason) : 'as wanted' as const
  return {
    exists: true, ...(setsPassword(given) && password !== undefined ? { password } : {}), ...(wanted === undefined ? {} : { grants: combine(was, wanted, how) }),
    ...(given.resource_limits === undefined ? {} : { limits: wantedLimits(given) }), ...(given.tls_requires === undefined ? {} : { tls: wantedTls(given) }),
  }
}

function* statements(given: UserParams, before: State, after: State): Iterable<string> {
  const { maria, sibling } = before.seen.value
  for (const [from, old] of Object.entries(before.accounts)) {
    const next = after.accounts[from] ?? { exists: false }
    const account = accountName(given.name, from)
    if (!next.exists && old.exists) yield `DROP USER ${account}`
    if (!next.exists) continue
    const identified = !old.exists ? (given.update_password === 'on_new_username' && sibling ? inherited(sibling) : identification(given, maria)) : isUnknown(next.password) || next.password !== old.password && next.password !== undefined ? identification(given, maria) : ''
    const tls = next.tls !== undefined && next.tls !== (old.tls ?? 'NONE') ? ` REQUIRE ${String(next.tls)}` : ''
    const limits = isUnknown(next.limits) ? [] : Object.entries(next.limits ?? {}).filter(([name, value]) => value !== ((isUnknown(old.limits) ? {} : old.limits)?.[name] ?? 0))
    const rest = `${identified}${tls}${limits.length > 0 ? ` WITH ${limits.map(([name, value]) => `${name} ${value}`).join(' ')}` : ''}`
    if (!old.exists) yield `CREATE USER ${account}${rest}`
    else if (rest !== '') yield `ALTER USER ${account}${rest}`
    if (next.grants && !isUnknown(next.grants)) yield* grantStatements(account, isUnknown(old.grants) ? {} : (old.grants ?? {}), next.grants)
  }
}

const inherited = (row: Row): string => ` IDENTIFIED WITH ${pluginWord(column(row, 'plugin') || 'mysql_native_password')} AS ${literal(column(row, 'authentication_string') || column(row, 'Password') || '')}`
const pluginWord = (plugin: string): string => (/^\w+$/.test(plugin) ? plugin : fail(`${plugin} is no name of a plugin`))

function identification({ password, encrypted, plugin, plugin_hash_string, plugin_auth_string }: UserParams, maria: boolean): string {
  if (plugin === undefined) return password === undefined ? '' : encrypted ? ` IDENTIFIED WITH mysql_native_password AS ${literal(password)}` : ` IDENTIFIED BY ${literal(password)}`
  const kept = plugin_hash_string !== undefined ? ` AS ${literal(plugin_hash_string)}` : plugin_auth_string !== undefined ? (maria ? ` USING PASSWORD(${literal(plugin_auth_string)})` : ` BY ${literal(plugin_auth_string)}`) : ''
  return ` IDENTIFIED WITH ${pluginWord(plugin)}${kept}`
}
