import type { Reader } from '../host/reader.ts'
import type { Effect, Resource } from '../host/resource.ts'
import { type RunOptions, type RunStep, run } from '../host/step.ts'
import { flag, integer, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { isUnknown, unknown } from '../value/value.ts'
import { missing } from './ask-program.ts'
import { fail } from './failure.ts'

/** How modules for MySQL and MariaDB log in: parameters that all of them have. */
export const mysqlParams = {
  login_user: text('The user to log in as; without it the one of config_file, else the user of the task.'),
  login_password: text('Its password.', { secret: true }),
  login_host: text('The machine that runs the server; localhost means its socket.', { default: 'localhost' }),
  login_port: integer('The port of the server.', { default: 3306 }),
  login_unix_socket: path('The socket of the server.'),
  config_file: path('A file of options, from which user and password are taken where the task gives none.', { default: '~/.my.cnf' }),
  connect_timeout: integer('Seconds to wait for the server.', { default: 30 }),
  client_cert: path('The certificate of the client.', { aliases: ['ssl_cert'] }),
  client_key: path('Its key.', { aliases: ['ssl_key'] }),
  ca_cert: path('Certificates of authorities, to check the server by.', { aliases: ['ssl_ca'] }),
  check_implicit_admin: flag('Try root without a password first.', { default: false }),
} as const

export interface MysqlLogin {
  readonly login_user: string | undefined
  readonly login_password: string | undefined
  readonly login_host: string
  readonly login_port: number
  readonly login_unix_socket: string | undefined
  readonly config_file: string
  readonly connect_timeout: number
  readonly client_cert: string | undefined
  readonly client_key: string | undefined
  readonly ca_cert: string | undefined
  readonly check_implicit_admin: boolean
}

export const NEEDS_MYSQL = 'Needs the client mysql or mariadb on the host (package mariadb-client or mysql-client). Passwords reach it through a pipe alone.'

/** A value in a file of options, whatever it contains. */
export function optionValue(value: string): string {
  if (value.includes('\0')) fail('an option of MySQL may not hold a NUL')
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`
}

/** The file of options that a client reads from a pipe: what the task gives stands last and wins. */
export function optionFile(login: MysqlLogin, implicit = false): string {
  const given = {
    user: implicit ? 'root' : login.login_user, password: implicit ? '' : login.login_password, host: login.login_host === 'localhost' ? undefined : login.login_host, port: login.login_port === 3306 ? undefined : String(login.login_port),
    socket: login.login_unix_socket, 'ssl-cert': login.client_cert, 'ssl-key': login.client_key, 'ssl-ca': login.ca_cert,
  }
  return `[client]\n${Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${optionValue(value)}\n`])).join('')}`
}

/** The client of this name, or of MariaDB's for it; as $client. */
const findClient = (name: string, maria: string): string => `client=$(command -v ${name} || command -v ${maria}) || { echo ${quote(missing(name, 'mariadb-client'))} >&2; exit 97; }`

/**
 * Runs `words` with $client, its options in a pipe at descriptor 3 and its input at 4. The options are in $OPTIONS (and $IMPLICIT),
 * which the client itself does not see.
 */
export function clientScript(login: MysqlLogin, name: 'mysql' | 'mysqldump', words: readonly string[]): string {
  const config = quote(login.config_file)
  const call = (options: string, rest: string) => `{ if [ -r ${config} ]; then printf '!include %s\\n' ${config}; fi; printf %s "$${options}"; } | { unset OPTIONS IMPLICIT; exec "$client" --defaults-file=/dev/fd/3 ${rest} 3<&0 0<&4; }`
  const implicit = login.check_implicit_admin ? `if echo 'SELECT 1;' | { ${call('IMPLICIT', '>/dev/null 2>&1')}; } 4<&0; then OPTIONS=$IMPLICIT; fi` : ''
  return [findClient(name, name === 'mysql' ? 'mariadb' : 'mariadb-dump'), ...(implicit && name === 'mysql' ? [implicit] : []), `${call('OPTIONS', words.map(quote).join(' '))}`].join('\n')
}

export const clientEnvironment = (login: MysqlLogin): Readonly<Record<string, string>> => ({ LC_ALL: 'C', OPTIONS: optionFile(login), ...(login.check_implicit_admin ? { IMPLICIT: optionFile(login, true) } : {}) })

const WORDS = (login: MysqlLogin): readonly string[] => ['--batch', '--default-character-set=utf8mb4', `--connect-timeout=${login.connect_timeout}`]

// With this setting backslashes mean nothing, neither to the server nor to the client that looks for the end of a statement.
const PLAIN = "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_BACKSLASH_ESCAPES');\n"

export type Row = Readonly<Record<string, string | null>>

/**
 * The rows of statements that only read, a list for each. In a dry run an answer that cannot be had yet, since the plan may bring
 * the server, is thrown as unknown. `refused`: error numbers that are an answer, `undefined`.
 */
export async function askMysql(host: Reader, login: MysqlLogin, statements: readonly string[], refused: readonly number[] = []): Promise<readonly (readonly Row[])[] | undefined> {
  const exports = Object.entries(clientEnvironment(login)).map(([name, value]) => `export ${name}=${quote(value)}`).join('; ')
  const reply = await host.run(`${exports}\nprintf %s ${quote(`${PLAIN}${statements.map((one) => `${one};\n`).join('')}`)} | {\n${clientScript(login, 'mysql', ['--xml', ...WORDS(login)])}\n} 4<&0`, [])
  if (isUnknown(reply)) throw reply
  const said = reply.stderr.toString().trim()
  const number = Number(/^ERROR (\d+)/m.exec(said)?.[1])
  if (reply.code !== 0 && refused.includes(number)) return undefined
  if (reply.code !== 0 && host.planned && host.changing !== undefined) throw unknown(`the database server does not answer yet; ${host.changing} may change that`)
  if (reply.code === 97) return fail(missing('mysql', 'mariadb-client'))
  if (reply.code !== 0) return fail(/^ERROR (?:1045|1698|20\d\d)\b/m.test(said) ? `unable to connect to database, check login_user and login_password are correct or ${login.config_file} has the credentials. Exception message: ${said}` : said)
  return parseXml(reply.stdout.toString())
}

/** What `mysql --xml` prints: a resultset for each statement that has one. */
export function parseXml(output: string): readonly (readonly Row[])[] {
  return [...output.matchAll(/<resultset[^>]*>([\s\S]*?)<\/resultset>|<resultset[^>]*\/>/g)].map(([, rows = '']) =>
    [...rows.matchAll(/<row>([\s\S]*?)<\/row>/g)].map(([, fields = '']) =>
      Object.fromEntries([...fields.matchAll(/<field name="([^"]*)"(?: xsi:nil="true" \/>|>([\s\S]*?)<\/field>)/g)].map(([, name = '', value]) => [plain(name), value === undefined ? null : plain(value)]))))
}

const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&', '&apos;': "'" }
const plain = (text: string): string => text.replace(/&(?:lt|gt|quot|amp|apos);/g, (entity) => ENTITIES[entity]!)

/** Statements for the client, one after the other; they travel through its standard input. */
export function tellMysql(login: MysqlLogin, statements: readonly string[], effects: readonly Effect[], options: RunOptions & { readonly sentence: string }): RunStep {
  return run(`{\n${clientScript(login, 'mysql', WORDS(login))}\n} 4<&0`, effects, { environment: clientEnvironment(login), stdin: Buffer.from(`${PLAIN}${statements.map((one) => `${one};\n`).join('')}`), ...options })
}

/** What a dry run has planned of a thing on a server, by `plannedKey`; undefined where nothing is. */
export const plannedOnMysql: Resource<object | undefined> = { kind: 'on-mysql-server', load: async (_shell, keys) => keys.map(() => undefined) }
export const mysqlKey = ({ login_host, login_port, login_unix_socket }: MysqlLogin, what: string, name: string): string => `${login_unix_socket ?? login_host} ${login_port} ${what} ${name}`

/** A name for SQL, whatever it contains. */
export function identifier(name: string): string {
  if (name === '' || name.includes('\0')) fail('a name in SQL may neither be empty nor hold a NUL')
  return `\`${name.replaceAll('`', '``')}\``
}

/** A text for SQL, where backslashes mean nothing. */
export function literal(value: string): string {
  if (value.includes('\0')) fail('a text in SQL may not hold a NUL')
  return `'${value.replaceAll("'", "''")}'`
}
