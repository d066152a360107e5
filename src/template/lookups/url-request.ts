/**
 * Makes one request and writes its answer to stdout. A program of its own, for templates are rendered without waiting. What it must not
 * show (headers, passwords) comes by stdin.
 */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import tls from 'node:tls'

export interface UrlRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Headers that a redirect does not carry on, in lower case. */
  readonly unredirected: readonly string[]
  /** Milliseconds. */
  readonly timeout: number
  readonly follow: boolean
  readonly verify: boolean
  readonly caFile?: string
  readonly ciphers?: string
  readonly socketPath?: string
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

function ask(request: UrlRequest, url: URL, left: number): void {
  const { headers, timeout, verify, caFile, ciphers, socketPath } = request
  const secure = url.protocol === 'https:'
  const ca = caFile === undefined ? [...tls.getCACertificates('default'), ...tls.getCACertificates('system')] : readFileSync(caFile, 'utf8')
  const options = { headers, timeout, ...(secure ? { rejectUnauthorized: verify, ca, ...(ciphers === undefined ? {} : { ciphers }) } : {}), ...(socketPath === undefined ? {} : { socketPath }) }
  const sent = (secure ? https : http).get(url, options, (answer) => {
    const status = answer.statusCode ?? 0
    const { location } = answer.headers
    if (request.follow && REDIRECTS.has(status) && location !== undefined) {
      answer.resume()
      if (left === 0) return refuse('it is redirected again and again')
      return ask(redirected(request), new URL(location, url), left - 1)
    }
    if (status < 200 || status > 299) return refuse(`Received HTTP error for ${request.url}: HTTP Error ${status}: ${answer.statusMessage ?? ''}`)
    answer.pipe(process.stdout)
  })
  sent.on('timeout', () => sent.destroy(new Error('timed out')))
  sent.on('error', (error: NodeJS.ErrnoException) => refuse(secure && isDistrust(error) ? `Error validating the server's certificate for ${request.url}: ${error.message}` : `Failed lookup url for ${request.url}: <urlopen error ${error.message}>`))
}
const isDistrust = ({ code = '' }: NodeJS.ErrnoException): boolean => /CERT|SELF_SIGNED|SIGNATURE|ALTNAME/.test(code)
const redirected = (request: UrlRequest): UrlRequest =>
  ({ ...request, headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => !request.unredirected.includes(name.toLowerCase()))) })
function refuse(why: string): void {
  process.stderr.write(why)
  process.exitCode = 1
}

if (import.meta.main) {
  const request = JSON.parse(readFileSync(0, 'utf8')) as UrlRequest
  ask(request, new URL(request.url), 10)
}
