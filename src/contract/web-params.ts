import type { WebRequest } from '../host/web-client.ts'
import { flag, integer, list, path, raw, text } from '../schema/field.ts'
import { type Value, isDict } from '../value/value.ts'
import { fail } from './failure.ts'

/** The parameters that `uri` and `get_url` share. */
export const webParams = {
  headers: raw('Headers of the request, a dict.'),
  url_username: text('The user to log in as.', { aliases: ['user', 'username'] }),
  url_password: text('The password to log in with.', { aliases: ['password'], secret: true }),
  force_basic_auth: flag('Send the credentials at once.', { default: false }),
  validate_certs: flag('Check the certificate of the server.', { default: true }),
  use_proxy: flag('Use the proxy that the environment names.', { default: true }),
  http_agent: text('How the client calls itself.', { default: 'ansible-httpget' }),
  client_cert: path('A client certificate, on the host.'),
  client_key: path('Its key, on the host.'),
  ciphers: list(text('A cipher.'), 'TLS ciphers to offer.'),
  decompress: flag('Unpack what comes packed.', { default: true }),
  use_netrc: flag('Take credentials from ~/.netrc, or the file that $NETRC names, where none are given.', { default: true }),
  unredirected_headers: list(text('A header.'), 'Headers that are not sent to where a redirect leads.', { default: [] }),
  use_gssapi: flag('Log in with Kerberos.', { default: false }),
} as const

export interface WebParams {
  readonly url: string
  readonly headers: Value | undefined
  readonly url_username: string | undefined
  readonly url_password: string | undefined
  readonly force_basic_auth: boolean
  readonly validate_certs: boolean
  readonly use_proxy: boolean
  readonly http_agent: string
  readonly client_cert: string | undefined
  readonly client_key: string | undefined
  readonly ciphers: readonly string[] | undefined
  readonly decompress: boolean
  readonly use_gssapi: boolean
  readonly use_netrc: boolean
  readonly unredirected_headers: readonly string[]
  readonly timeout: number
}

export function webRequest(params: WebParams, rest: Pick<WebRequest, 'method'> & Partial<WebRequest>): WebRequest {
  if (params.use_gssapi) fail('use_gssapi is not supported')
  if (!/^(?:https?|ftp|file):\/\//i.test(params.url)) fail(`unknown url type: '${params.url}'`, { url: params.url })
  const { url, user, password } = loginOf(params)
  if (!URL.canParse(url)) fail(`Invalid URL: '${params.url}'`, { url: params.url })
  return {
    url, headers: headersOf(params.headers), eager: params.force_basic_auth, validate: params.validate_certs, timeout: params.timeout, proxy: params.use_proxy, agent: params.http_agent, compressed: params.decompress,
    ...(user === undefined ? {} : { user, password: password ?? '' }), ...(params.client_cert === undefined ? {} : { clientCert: params.client_cert }),
    ...(params.client_key === undefined ? {} : { clientKey: params.client_key }), ...(params.ciphers === undefined ? {} : { ciphers: params.ciphers }), ...rest,
  }
}

/** What the task gives, or what stands in the address itself: there it is taken out, for addresses are shown. */
function loginOf({ url, url_username, url_password }: Pick<WebParams, 'url' | 'url_username' | 'url_password'>): { readonly url: string; readonly user: string | undefined; readonly password: string | undefined } {
  const match = /^([a-z]+:\/\/)([^@/?#]*)@(.*)$/is.exec(url)
  if (!match) return { url, user: url_username, password: url_password }
  const [user = '', password] = match[2]!.split(/:(.*)/s).map(decoded)
  return { url: match[1]! + match[3]!, user: url_username ?? user, password: url_password ?? password }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function headersOf(headers: Value | undefined): readonly (readonly [string, string])[] {
  if (headers === undefined || headers === null) return []
  if (!isDict(headers)) return fail('headers must be a dict')
  return [...headers].map(([name, value]) => [String(name), typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)] as const)
}

export const webTimeout = (seconds: number) => integer('Seconds until the request is given up.', { default: seconds })
