import { quote } from '../shell/quote.ts'
import { temporaryPlace } from './temporary-place.ts'

/** One HTTP request that the host is to make. */
export interface WebRequest {
  readonly url: string
  readonly method: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body?: Uint8Array
  /** A file of the host that is the body. */
  readonly bodyFile?: string
  readonly user?: string
  readonly password?: string
  /** Send the credentials at once, without being asked. */
  readonly eager: boolean
  readonly validate: boolean
  /** Seconds without an answer, not of the whole transfer. */
  readonly timeout: number
  readonly proxy: boolean
  readonly unixSocket?: string
  readonly clientCert?: string
  readonly clientKey?: string
  readonly caPath?: string
  readonly ciphers?: readonly string[]
  readonly agent: string
  readonly compressed: boolean
}

/**
 * A script that makes one request, without following redirects, with curl, or where there is none with wget, and its standard input: addresses, headers and
 * credentials travel there and never in an argument list. It leaves the body in `$d/b`, the response headers in `$d/h`, and in `$s`
 * the tool's exit code; `$d` is a directory of its own that is removed at the end.
 */
export function requestScript(request: WebRequest): { readonly script: string; readonly stdin: Buffer } {
  const config = Buffer.from(curlConfig(request))
  const body = request.body ? Buffer.from(request.body) : Buffer.alloc(0)
  const script = [
    'export LC_ALL=C; u=$(umask); umask 077', temporaryPlace('d', { directory: true }),
    // Both parts come over standard input: first the settings, by their length, then the body.
    `head -c ${config.length} > "$d/c"; cat > "$d/i"`,
    `if command -v curl > /dev/null 2>&1; then curl -q --config "$d/c" ${bodyOption(request)}-D "$d/h" -o "$d/b" -w '%{http_code}\\n' > "$d/w" 2> "$d/e"; s=$?`,
    `elif wget --version 2> /dev/null | grep -q '^GNU Wget'; then ${wgetPart(request)}`,
    `else echo 'neither curl nor GNU wget is on the host' >&2; exit 127; fi`,
  ].join('\n')
  return { script, stdin: Buffer.concat([config, body]) }
}

const bodyOption = ({ body, bodyFile }: WebRequest): string => (bodyFile !== undefined ? `--data-binary @${quote(bodyFile)} ` : body ? '--data-binary @"$d/i" ' : '')

/** A value in curl's settings: between double quotes, with its own escapes. */
const word = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`

function curlConfig(request: WebRequest): string {
  const { url, method, headers, user, password, eager, validate, timeout, proxy, unixSocket, clientCert, clientKey, caPath, ciphers, agent, compressed, body, bodyFile } = request
  const sendsBody = body !== undefined || bodyFile !== undefined
  return [
    'silent', 'show-error', 'globoff', 'http1.1', `url = ${word(url)}`, ...(method === 'HEAD' ? ['head'] : [`request = ${word(method)}`]), `user-agent = ${word(agent)}`,
    ...headers.map(([name, value]) => `header = ${word(value === '' ? `${name};` : `${name}: ${value}`)}`),
    ...(sendsBody ? ['header = "Expect:"'] : []),
    ...(user === undefined ? [] : [`user = ${word(`${user}:${password ?? ''}`)}`, eager ? 'basic' : 'anyauth']), ...(validate ? [] : ['insecure']),
    `connect-timeout = ${timeout}`, 'speed-limit = 1', `speed-time = ${timeout}`, ...(proxy ? [] : ['noproxy = "*"']), ...(unixSocket === undefined ? [] : [`unix-socket = ${word(unixSocket)}`]), ...(clientCert === undefined ? [] : [`cert = ${word(clientCert)}`]),
    ...(clientKey === undefined ? [] : [`key = ${word(clientKey)}`]), ...(caPath === undefined ? [] : [`cacert = ${word(caPath)}`]), ...(ciphers && ciphers.length > 0 ? [`ciphers = ${word(ciphers.join(':'))}`] : []), ...(compressed ? ['compressed'] : []), '',
  ].join('\n')
}

/** GNU wget takes everything secret from a file as well. What it cannot do is refused by the script. */
function wgetPart(request: WebRequest): string {
  const { url, method, headers, user, password, eager, validate, timeout, proxy, unixSocket, clientCert, clientKey, caPath, body, bodyFile } = request
  if (unixSocket !== undefined) return "echo 'a Unix socket needs curl on the host' >&2; exit 127"
  const settings = [
    ...headers.map(([name, value]) => `header = ${name}: ${value}`), ...(user === undefined ? [] : [`http_user = ${user}`, `http_password = ${password ?? ''}`]), ...(eager && user !== undefined ? ['auth_no_challenge = on'] : []),
    'max_redirect = 0', ...(validate ? [] : ['check_certificate = off']), `timeout = ${timeout}`, 'tries = 1', ...(proxy ? [] : ['use_proxy = off']), ...(clientCert === undefined ? [] : [`certificate = ${clientCert}`]),
    ...(clientKey === undefined ? [] : [`private_key = ${clientKey}`]), ...(caPath === undefined ? [] : [`ca_certificate = ${caPath}`]), `user_agent = ${request.agent}`, 'content_on_error = on', 'quiet = on', 'server_response = on', '',
  ].join('\n')
  const data = bodyFile !== undefined ? `--body-file=${quote(bodyFile)} ` : body ? '--body-file="$d/i" ' : ''
  return [
    `cat > "$d/c" <<'tutti-settings'`, `${settings}tutti-settings`, `cat > "$d/u" <<'tutti-settings'`, url, 'tutti-settings',
    `wget --config="$d/c" --method=${quote(method)} ${data}-O "$d/b" -i "$d/u" 2> "$d/e"; s=$?`, `sed -n 's/^  //p' "$d/e" > "$d/h"`,
    // A response that is an error is still a response: exit code 8.
    `[ $s = 8 ] && s=0; awk 'toupper($1) ~ /^HTTP/ {c=$2} END {print c}' "$d/h" > "$d/w"`,
  ].join('\n')
}
