import type { Reader } from '../host/reader.ts'
import type { Effect, Resource } from '../host/resource.ts'
import { type RunOptions, type RunStep, run } from '../host/step.ts'
import { choice, flag, integer, path, raw, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Value, isDict, isUnknown, unknown } from '../value/value.ts'
import { missing } from './ask-program.ts'
import { fail } from './failure.ts'

/** How modules for PostgreSQL log in: parameters that all of them have. */
export const postgresParams = {
  login_user: text('The role to log in as.', { default: 'postgres', aliases: ['login'] }),
  login_password: text('Its password.', { default: '', secret: true }),
  login_host: text('The machine that runs the server; empty for a socket of this one.', { default: '', aliases: ['host'] }),
  login_port: integer('The port of the server.', { default: 5432, aliases: ['port'] }),
  login_unix_socket: path('The directory of the server\'s socket.', { default: '', aliases: ['unix_socket'] }),
  ssl_mode: choice(['allow', 'disable', 'prefer', 'require', 'verify-ca', 'verify-full'], 'Whether the connection is encrypted and the server checked.', { default: 'prefer' }),
  ca_cert: path('Certificates of authorities, to check the server by.', { aliases: ['ssl_rootcert'] }),
  ssl_cert: path('The certificate of the client.'),
  ssl_key: path('Its key.'),
  connect_params: raw('More parameters of the connection as libpq calls them, a dict; they win over the others.'),
  trust_input: flag('Whether names and words are taken as they are.', { inert: 'all that is given is quoted', default: true }),
  session_role: text('The role to act as once logged in.'),
} as const

export interface PostgresLogin {
  readonly login_user: string
  readonly login_password: string
  readonly login_host: string
  readonly login_port: number
  readonly login_unix_socket: string
  readonly ssl_mode: string
  readonly ca_cert: string | undefined
  readonly ssl_cert: string | undefined
  readonly ssl_key: string | undefined
  readonly connect_params: Value | undefined
  readonly session_role: string | undefined
}

export const NEEDS_PSQL = 'Needs psql on the host (package postgresql-client). Passwords reach it through its environment and its input alone.'

/** What libpq takes from its environment; a connection needs no argument, so that none is seen in the list of processes. */
const VARIABLES: Readonly<Record<string, string>> = {
  host: 'PGHOST', hostaddr: 'PGHOSTADDR', port: 'PGPORT', user: 'PGUSER', password: 'PGPASSWORD', dbname: 'PGDATABASE', database: 'PGDATABASE', passfile: 'PGPASSFILE', service: 'PGSERVICE', options: 'PGOPTIONS',
  application_name: 'PGAPPNAME', sslmode: 'PGSSLMODE', sslrootcert: 'PGSSLROOTCERT', sslcert: 'PGSSLCERT', sslkey: 'PGSSLKEY', sslcrl: 'PGSSLCRL', connect_timeout: 'PGCONNECT_TIMEOUT', channel_binding: 'PGCHANNELBINDING',
  target_session_attrs: 'PGTARGETSESSIONATTRS', krbsrvname: 'PGKRBSRVNAME', gssencmode: 'PGGSSENCMODE', gsslib: 'PGGSSLIB', client_encoding: 'PGCLIENTENCODING',
}

export function postgresEnvironment(login: PostgresLogin, database: string): Readonly<Record<string, string>> {
  const given: Readonly<Record<string, string | undefined>> = {
    host: login.login_host || login.login_unix_socket || undefined, port: String(login.login_port), user: login.login_user, password: login.login_password || undefined, dbname: database,
    sslmode: login.ssl_mode, sslrootcert: login.ca_cert, sslcert: login.ssl_cert, sslkey: login.ssl_key, client_encoding: 'UTF8', ...more(login.connect_params),
  }
  return { LC_ALL: 'C', ...Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[VARIABLES[name] ?? fail(`connect_params: psql takes no ${name} from its environment`), value]]))) }
}

const more = (params: Value | undefined): Record<string, string> => (isDict(params) ? Object.fromEntries([...params].map(([name, value]) => [String(name), String(value)])) : {})

const PSQL = ['psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'] as const

const actingAs = ({ session_role }: PostgresLogin, sql: string): string => (session_role === undefined ? sql : `SET ROLE ${identifier(session_role)};\n${sql}`)

/** The rows of a SELECT. In a dry run an answer that cannot be had yet, since the plan may bring the server, is thrown as unknown. */
export async function askPostgres<Row>(host: Reader, login: PostgresLogin, database: string, select: string): Promise<readonly Row[]> {
  const exports = Object.entries(postgresEnvironment(login, database)).map(([name, value]) => `export ${name}=${quote(value)}`).join('; ')
  const reply = await host.run(`command -v psql >/dev/null || exit 127; ${exports}; printf %s ${quote(actingAs(login, `SELECT row_to_json(t) FROM (${select}) t;\n`))} | ${PSQL.join(' ')}`, [])
  if (isUnknown(reply)) throw reply
  if (reply.code !== 0 && host.planned && host.changing !== undefined) throw unknown(`PostgreSQL does not answer yet; ${host.changing} may change that`)
  if (reply.code === 127) fail(missing('psql', 'postgresql-client'))
  const said = reply.stderr.toString().trim().replace(/^psql: error: /, '')
  if (reply.code !== 0) fail(reply.code === 2 ? `unable to connect to database: ${said}` : said)
  return reply.stdout.toString().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Row)
}

/** Statements for psql, one after the other and each by itself; they travel through its standard input. */
export function tellPostgres(login: PostgresLogin, database: string, statements: readonly string[], effects: readonly Effect[], options: RunOptions & { readonly sentence: string }): RunStep {
  return run([...PSQL], effects, { environment: postgresEnvironment(login, database), stdin: Buffer.from(actingAs(login, statements.map((one) => `${one};\n`).join(''))), ...options })
}

/** What a dry run has planned of a thing on a server, by `plannedKey`; undefined where nothing is. */
export const plannedOnServer: Resource<object | undefined> = { kind: 'on-database-server', load: async (_shell, keys) => keys.map(() => undefined) }
export const plannedKey = ({ login_host, login_port, login_unix_socket }: PostgresLogin, what: string, name: string): string => `postgresql ${login_host || login_unix_socket} ${login_port} ${what} ${name}`

/** A name for SQL, whatever it contains. */
export function identifier(name: string): string {
  if (name === '' || name.includes('\0')) fail('a name in SQL may neither be empty nor hold a NUL')
  return `"${name.replaceAll('"', '""')}"`
}

/** A text for SQL; one with backslashes is written so that no setting of the server changes what it means. */
export function literal(value: string): string {
  if (value.includes('\0')) fail('a text in SQL may not hold a NUL')
  const doubled = value.replaceAll("'", "''")
  return value.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}
