import type { Reader } from '../host/reader.ts'
import { type Effect } from '../host/resource.ts'
import { type RunOptions, type RunStep, run } from '../host/step.ts'
import { flag, integer, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { isUnknown, unknown } from '../value/value.ts'
import { missing } from './ask-program.ts'
import { fail } from './failure.ts'

/** How modules for Redis log in: parameters that all of them have. */
export const redisParams = {
  login_host: text('The machine that runs the server.', { default: 'localhost' }),
  login_port: integer('The port of the server.', { default: 6379 }),
  login_user: text('The user to log in as.'),
  login_password: text('The password.', { secret: true }),
  validate_certs: flag('Check the certificate of the server.', { default: true }),
  ca_certs: path('Certificates of authorities, to check the server by.'),
  client_cert_file: path('The certificate of the client.'),
  client_key_file: path('Its key.'),
} as const

export interface RedisLogin {
  readonly login_host: string
  readonly login_port: number
  readonly login_user: string | undefined
  readonly login_password: string | undefined
  readonly tls: boolean
  readonly validate_certs: boolean
  readonly ca_certs: string | undefined
  readonly client_cert_file: string | undefined
  readonly client_key_file: string | undefined
}

export const NEEDS_REDIS_CLI = 'Needs redis-cli on the host (package redis-tools). Passwords and values reach it through its input alone.'

/** A word for redis-cli's input, whatever bytes it has. */
export const redisWord = (word: string): string => `"${[...Buffer.from(word)].map((byte) => (/[\w.:/-]/.test(String.fromCharCode(byte)) && byte < 128 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)).join('')}"`

type Command = readonly string[]
const MARK = '@@next'

function argv(login: RedisLogin): readonly string[] {
  const files = [['--cacert', login.ca_certs], ['--cert', login.client_cert_file], ['--key', login.client_key_file]] as const
  return ['redis-cli', '--no-raw', '-h', login.login_host, '-p', String(login.login_port), ...(login.tls ? ['--tls', ...(login.validate_certs ? [] : ['--insecure']), ...files.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))] : [])]
}

function input(login: RedisLogin, commands: readonly Command[]): string {
  const auth = login.login_password === undefined ? [] : [['AUTH', ...(login.login_user === undefined ? [] : [login.login_user]), login.login_password]]
  return [...auth, ...(auth.length > 0 ? [['ECHO', MARK]] : []), ...commands.flatMap((command) => [command, ['ECHO', MARK]])].map((command) => `${command.map(redisWord).join(' ')}\n`).join('')
}

/** Text, a number, nothing, a list of them; what INFO and its kin print as it is. */
export type RedisReply = string | number | null | readonly RedisReply[]

/** The answers to commands that only read. In a dry run an answer that cannot be had yet, since the plan may bring the server, is thrown as unknown. */
export async function askRedis(host: Reader, login: RedisLogin, commands: readonly Command[]): Promise<readonly RedisReply[]> {
  const reply = await host.run(`command -v redis-cli >/dev/null || exit 97; printf %s ${quote(input(login, commands))} | LC_ALL=C ${argv(login).map(quote).join(' ')}`, [], { timeout: 30 })
  if (isUnknown(reply)) throw reply
  const said = reply.stderr.toString().trim().split('\n')[0]!
  const down = reply.code !== 0 || /^Could not connect/.test(said)
  if (down && host.planned && host.changing !== undefined) throw unknown(`Redis does not answer yet; ${host.changing} may change that`)
  if (reply.code === 97) fail(missing('redis-cli', 'redis-tools'))
  if (down) fail(`unable to connect to database: ${said}`)
  return answersOf(login, reply.stdout.toString())
}

/** What comes between the marks; an error of Redis is a failure. */
export function answersOf(login: Pick<RedisLogin, 'login_password'>, output: string): readonly RedisReply[] {
  const all = output.split(`"${MARK}"\n`)
  const parts = all.slice(0, -1)
  // Where INFO and its kin fail, redis-cli says so without a word around it.
  // Where nobody is let in, the marks fail too.
  const error = all.map((part) => /^(?:\(error\) |(?=(?:ERR|NOAUTH|NOPERM|LOADING|MASTERDOWN|WRONGPASS) ))(.*)/.exec(part)?.[1]).find((one) => one !== undefined)
  if (error !== undefined) fail(/^(?:NOAUTH|WRONGPASS|ERR AUTH|ERR invalid password)/.test(error) ? `unable to connect to database: ${error}` : error)
  return parts.slice(login.login_password === undefined ? 0 : 1).map(parseReply)
}

function parseReply(part: string): RedisReply {
  const lines = part.replace(/\n$/, '').split('\n')
  if (/^(?:\(empty (?:array|list or set|list)\))$/.test(part.trim())) return []
  if (/^1\) /.test(part)) return lines.map((line) => parseScalar(line.replace(/^\s*\d+\) /, '')))
  return lines.length > 1 ? part : parseScalar(lines[0]!)
}

function parseScalar(text: string): RedisReply {
  if (text === '(nil)') return null
  const number = /^\(integer\) (-?\d+)$/.exec(text)?.[1]
  if (number !== undefined) return Number(number)
  return text.startsWith('"') ? unquote(text.slice(1, -1)) : text
}

const MARKS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8 }
/** Bytes as redis-cli prints them. */
function unquote(text: string): string {
  const bytes: number[] = []
  for (const [, hex, mark, plain] of text.matchAll(/\\x([0-9a-f]{2})|\\(.)|([^\\]+)/gs)) bytes.push(...(hex !== undefined ? [Number.parseInt(hex, 16)] : mark !== undefined ? [MARKS[mark] ?? mark.charCodeAt(0)] : Buffer.from(plain!)))
  return Buffer.from(bytes).toString()
}

/** Commands that change something; their answers are read by `answersOf`. */
export const tellRedis = (login: RedisLogin, commands: readonly Command[], effects: readonly Effect[], options: RunOptions & { readonly sentence: string }): RunStep =>
  run([...argv(login)], effects, { environment: { LC_ALL: 'C' }, timeout: 120, stdin: Buffer.from(input(login, commands)), ...options })

export type InfoValue = string | number | ReadonlyMap<string, string | number>

/** `redis_version:7.0` and `db0:keys=1,expires=0` as values: numbers, texts and dicts. */
export function parseInfo(output: string): ReadonlyMap<string, InfoValue> {
  return new Map(output.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const [name, value] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]
    return [name, /^\w+=[^,]*(?:,\w+=[^,]*)*$/.test(value) ? new Map(value.split(',').map((part) => [part.slice(0, part.indexOf('=')), scalar(part.slice(part.indexOf('=') + 1))] as const)) : scalar(value)] as readonly [string, InfoValue]
  }))
}
const scalar = (text: string): string | number => (/^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text)
