import { type WebRequest, requestScript } from '../host/web-client.ts'
import { RESPONSE_TAIL, type WebResponse, parseResponse } from '../host/web-response.ts'
import type { ShellReply } from '../transport/connection.ts'
import { fail } from './failure.ts'

/** Which redirects are followed: `safe` after GET and HEAD only; `urllib2` as Python does, always with a GET. */
export type Redirects = 'none' | 'safe' | 'urllib2' | 'all'

/** Runs a script of a request with its standard input. */
export type Send = (script: string, stdin: Buffer) => Promise<ShellReply>

export interface ExchangeOptions {
  readonly redirects: Redirects
  readonly unredirected: readonly string[]
  /** What is done on the host with the last response, as script: `$d/b` is the body, `$c` the status. What it prints is `told`. */
  readonly then?: (url: string) => string
}

export interface Exchanged extends WebResponse {
  readonly url: string
  readonly redirected: boolean
  readonly told: string
}

/** One request with the redirects after it, each hop a request of its own: tools differ in what they make of methods, bodies and headers. */
export async function exchange(send: Send, first: WebRequest, { redirects, unredirected, then }: ExchangeOptions): Promise<Exchanged> {
  let request = first
  for (let hops = 0; hops <= 10; hops++) {
    const statuses = followedStatuses(request.method, redirects)
    const { script, stdin } = requestScript(request)
    const follows = statuses.length > 0 ? [`case $c in ${statuses.join('|')}) ! grep -qi '^location:' "$d/h" || follow=1 ;; esac`] : []
    const reply = await send([script, 'c=$(head -n 1 "$d/w" 2>/dev/null) follow=', ...follows, ...(then ? [`if [ -z "$follow" ]; then\n${then(request.url)}\nfi`] : []), "printf '\\000'", RESPONSE_TAIL].join('\n'), stdin)
    if (reply.code !== 0) fail(reply.stderr.toString().trim() || `the request failed with exit code ${reply.code}`, { url: first.url, status: -1 })
    const cut = reply.stdout.indexOf(0)
    const response = parseResponse(reply.stdout.subarray(cut + 1), request.url)
    const location = response.headers.get('location')
    if (location === undefined || !statuses.includes(response.status)) return { ...response, url: response.error === undefined ? request.url : first.url, redirected: hops > 0, told: reply.stdout.subarray(0, cut).toString() }
    request = redirected(request, response.status, location, { redirects, unredirected })
  }
  return fail('The HTTP server returned a redirect error that would lead to an infinite loop.', { url: first.url, status: -1 })
}

const ALL = [301, 302, 303, 307, 308]

function followedStatuses(method: string, redirects: Redirects): readonly number[] {
  if (redirects === 'none') return []
  if (redirects === 'all' || method === 'GET' || method === 'HEAD') return ALL
  return redirects === 'urllib2' && method === 'POST' ? [301, 302, 303] : []
}

/** The next request. Credentials of the task go to the same server only; headers of the task go on, but for `unredirected`. */
function redirected(request: WebRequest, status: number, location: string, { redirects, unredirected }: Pick<ExchangeOptions, 'redirects' | 'unredirected'>): WebRequest {
  const url = URL.parse(location, request.url)?.href ?? fail(`the server leads to an invalid URL: '${location}'`, { url: request.url, status, location })
  const { body, bodyFile, user, password, ...rest } = request
  const asGet = redirects === 'urllib2' || (request.method !== 'HEAD' && (status === 303 || status === 302)) || (status === 301 && request.method === 'POST')
  const left = new Set(unredirected.map((name) => name.toLowerCase()))
  const headers = request.headers.filter(([name]) => !left.has(name.toLowerCase()) && !(asGet && /^content-/i.test(name)))
  const keeps = user !== undefined && new URL(url).host === new URL(request.url).host && !(request.eager && left.has('authorization'))
  return {
    ...rest, url, headers, method: asGet ? 'GET' : request.method, ...(keeps ? { user, ...(password === undefined ? {} : { password }) } : {}),
    ...(asGet || body === undefined ? {} : { body }), ...(asGet || bodyFile === undefined ? {} : { bodyFile }),
  }
}

/** The login for a machine in a netrc file. It stands above an Authorization header of the task, as in Ansible. */
export function withNetrc(request: WebRequest, netrc: string): WebRequest {
  const words = netrc.replace(/^\s*#.*$/gm, '').split(/\s+/).filter(Boolean)
  const { hostname } = new URL(request.url)
  let machine: string | undefined
  const found: { login?: string; password?: string } = {}
  for (let at = 0; at < words.length; at++) {
    if (words[at] === 'machine') machine = words[++at]
    else if (words[at] === 'default') machine = found.login === undefined ? hostname : undefined
    else if (words[at] === 'login' || words[at] === 'password') {
      const key = words[at] as 'login' | 'password'
      at++
      if (machine === hostname) found[key] ??= words[at] ?? ''
    }
  }
  if (found.login === undefined) return request
  return { ...request, user: found.login, password: found.password ?? '', eager: true, headers: request.headers.filter(([name]) => name.toLowerCase() !== 'authorization') }
}

/** Sets $p: the file itself, or in a directory the name that the server gives, else that of the address. Only its last part counts. */
export const placeOf = (quoted: string, quotedDefault: string): string => [
  `p=$(sed -n 's/\\r$//; s/^[Cc]ontent-[Dd]isposition:.*[; ]filename="\\{0,1\\}\\([^";]*\\)"\\{0,1\\}.*$/\\1/p' "$d/h" 2>/dev/null | tail -n 1)`,
  `p=\${p##*/}; case $p in ''|.|..) p=${quotedDefault} ;; esac; p=${quoted}/$p`,
].join('\n')

export const nameInUrl = (url: string): string => decodedName((URL.parse(url)?.pathname ?? '').split('/').filter(Boolean).at(-1)) || 'index.html'

const decodedName = (name: string | undefined): string => {
  try {
    return decodeURIComponent(name ?? '').replaceAll('/', '')
  } catch {
    return name ?? ''
  }
}
