import { dirname } from 'node:path/posix'
import { defineModule } from '../contract/define-module.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { fail } from '../contract/failure.ts'
import { writtenExists } from '../contract/glob-exists.ts'
import { known, readTarget } from '../contract/file-target.ts'
import { multipartBody } from '../contract/multipart.ts'
import { type Exchanged, type Redirects, exchange, nameInUrl, placeOf, withNetrc } from '../contract/web-exchange.ts'
import { webParams, webRequest, webTimeout } from '../contract/web-params.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { fileResource, followedResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { act } from '../host/step.ts'
import { replaceFrom, setAttributesScript } from '../host/file-script.ts'
import type { WebRequest } from '../host/web-client.ts'
import { type Params, choice, controllerFile, flag, integer, list, path, raw, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { bytesOf } from '../value/content.ts'
import { dumpJson } from '../value/dump-json.ts'
import { fromJson } from '../value/json.ts'
import { Unknown, type Value, isDict, unknown } from '../value/value.ts'

const params = {
  ...webParams,
  url: text('The address.', { required: true }),
  method: text('The method, in capitals.', { default: 'GET' }),
  body: raw('What to send; dicts and lists become JSON or a form.'),
  body_format: choice(['form-urlencoded', 'json', 'raw', 'form-multipart'], 'What the body is.', { default: 'raw' }),
  src: controllerFile('files', 'A file that is the body: of the controller, or with remote_src of the host.'),
  remote_src: flag('src is on the host.', { default: false }),
  status_code: list(integer('A status.'), 'What is no failure.', { default: [200] }),
  return_content: flag('Answer with the content.', { default: false }),
  dest: path('A file or directory of the host for the answer.'),
  creates: path('Where it exists, nothing is asked.'),
  removes: path('Where it does not exist, nothing is asked.'),
  follow_redirects: choice(['all', 'no', 'none', 'safe', 'urllib2', 'yes'], 'Which redirects to follow.', { default: 'safe' }),
  force: flag('Ask caches not to answer.', { default: false }),
  timeout: webTimeout(30),
  unix_socket: path('A Unix socket of the host to talk over.'),
  ca_path: path('Certificates of authorities to trust, on the host.'),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false }),
  ...fileParams,
} as const
type UriParams = Params<typeof params>

export const uri = defineModule({
  name: 'uri',
  summary: 'Let the host make an HTTP request.',
  notes: ['Needs curl or GNU wget on the host.', 'In a dry run nothing is asked: what another machine answers is unknown.', 'Credentials of the task are sent to no other server than the one that the task names, wherever a redirect leads.'],
  examples: `
- name: The service is well
  uri: { url: "https://shop.example.com/health.json", return_content: true }
  register: health
  until: health.json.status == 'up'
  retries: 5
  delay: 2
- name: Something is told to it
  uri:
    url: https://shop.example.com/api/hooks
    method: POST
    body_format: json
    body: { name: deploy, version: 3 }
    headers: { Authorization: "Bearer {{ shop_token }}" }
    status_code: [200, 201]
- name: A page that must not be there
  uri: { url: "https://shop.example.com/admin", status_code: 404 }
- name: Kept in a file
  uri: { url: "https://shop.example.com/health.json", dest: /var/tmp/health.json }
`,
  params,
  eager: false,
  whenChecked: 'This action (uri) does not support check mode.',
  async probe(host, given, { environment, readFile }) {
    refuseAttributes(given)
    const there = async (one: string | undefined) => (one === undefined ? undefined : known(await writtenExists(host, one, environment)))
    const [made, present] = await Promise.all([there(given.creates), there(given.removes)])
    const settled = made === true ? `skipped, since '${given.creates}' exists` : present === false ? `skipped, since '${given.removes}' does not exist` : undefined
    const dest = given.dest === undefined ? undefined : await resolvePath(host, given.dest, environment)
    const inside = dest !== undefined && known(await host.get(followedResource, dest.replace(/(.)\/+$/, '$1'))).kind === 'directory'
    const file = dest === undefined ? undefined : inside ? `${dest.replace(/\/+$/, '')}/${nameInUrl(given.url)}` : dest
    const target = file === undefined ? undefined : await readTarget(host, file, given, true)
    if (target && target.seen.value.parent.kind !== 'directory') fail(`Could not replace file: [Errno 2] No such file or directory: '${file}'`)
    const modified = inside || given.force || target?.kind !== 'file' ? undefined : target.seen.value.followed.modified
    const request = requestOf(given, readFile, typeof modified === 'number' ? modified : undefined)
    const netrc = given.use_netrc && request.user === undefined ? await resolvePath(host, environment.NETRC ?? '~/.netrc', environment) : undefined
    return { answered: false as boolean | Unknown, seen: aside({ settled, file, inside, request, netrc, environment }) }
  },
  plan: (_params, before) => (before.seen.value.settled === undefined ? { ...before, answered: unknown('asks another machine') } : before),
  apply({ params: given, before }) {
    const { request, netrc, file, inside, environment } = before.seen.value
    const effects = file === undefined ? [] : [leaves(fileResource, file, unknown('what another machine answers'))]
    return [act(`${request.method} ${shownUrl(given.url)}`, async (host) => {
      const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`)
      const started = performance.now()
      const login = netrc === undefined ? undefined : await host.run(`cat -- ${quote(netrc)} 2>/dev/null`)
      const send = (script: string, stdin: Buffer) => host.run([...exports, script].join('\n'), { stdin })
      const response = await exchange(send, login === undefined ? request : withNetrc(request, login.stdout.toString()), {
        redirects: redirectsOf(given), unredirected: given.unredirected_headers,
        ...(file === undefined ? {} : { then: (url: string) => [inside ? placeOf(quote(dirname(file)), quote(nameInUrl(url))) : `p=${quote(file)}`, saveScript(given)].join('\n') }),
      })
      const [saved, place] = response.told.split('\n')
      return { response, saved: saved === 'saved', place: place || file, elapsed: Math.floor((performance.now() - started) / 1000) }
    }, effects)]
  },
  diff: () => [],
  result({ params: given, before, after, replies: [reply] }) {
    const { settled } = before.seen.value
    if (settled !== undefined) return { outputs: { stdout: settled, msg: settled } }
    if (!reply) return { outputs: Object.fromEntries(['status', 'url', 'content', 'json', 'msg', 'redirected', 'elapsed', 'cookies', 'cookies_string', 'content_type', 'content_length', 'date', 'server', 'location', 'connection'].map((name) => [name, after.answered as Value])) }
    const { response, saved, place, elapsed } = reply.value as { readonly response: Exchanged; readonly saved: boolean; readonly place: string | undefined; readonly elapsed: number }
    return { changed: saved, ...answer(given, response, elapsed, place) }
  },
})

/** Credentials inside an address are nobody's business. */
export const shownUrl = (url: string): string => url.replace(/^([a-z]+:\/\/)[^@/]*@/i, '$1********@')

const redirectsOf = ({ follow_redirects: rule }: UriParams): Redirects => (rule === 'yes' ? 'all' : rule === 'no' ? 'none' : rule)

/** `modified`: seconds of the epoch, of the file that is there already. */
function requestOf(given: UriParams, readFile: (name: string) => Buffer, modified: number | undefined): WebRequest {
  const body = bodyOf(given, readFile)
  const request = webRequest(given, {
    method: given.method.toUpperCase(), ...(body === undefined ? {} : { body: body.bytes }), ...(typeof given.src === 'string' ? { bodyFile: given.src } : {}),
    ...(given.unix_socket === undefined ? {} : { unixSocket: given.unix_socket }), ...(given.ca_path === undefined ? {} : { caPath: given.ca_path }),
  })
  const type = body?.type ?? TYPES[given.body_format]
  const has = (name: string) => request.headers.some(([one]) => one.toLowerCase() === name)
  const kept = body?.type === undefined ? request.headers : request.headers.filter(([name]) => name.toLowerCase() !== 'content-type')
  const added = [
    ...((body !== undefined || given.src !== undefined) && type !== undefined && (body?.type !== undefined || !has('content-type')) ? [['Content-Type', type] as const] : []),
    ...(given.force ? [['cache-control', 'no-cache'] as const] : modified === undefined ? [] : [['If-Modified-Since', new Date(Math.floor(modified) * 1000).toUTCString()] as const]),
  ]
  return { ...request, headers: [...kept, ...added] }
}

const TYPES: { readonly [format in UriParams['body_format']]?: string } = { json: 'application/json', 'form-urlencoded': 'application/x-www-form-urlencoded' }

/** `type` only where the body itself decides it. */
function bodyOf({ body, body_format, src }: UriParams, readFile: (name: string) => Buffer): { readonly bytes: Buffer; readonly type?: string } | undefined {
  if (src !== undefined && body !== undefined) fail('parameters are mutually exclusive: body|src')
  if (src !== undefined) return typeof src === 'string' ? undefined : { bytes: bytesOf(src) }
  if (body === undefined || body === null) return undefined
  if (body_format === 'form-multipart') return multipartBody(body, readFile)
  if (typeof body === 'string') return { bytes: Buffer.from(body) }
  return { bytes: Buffer.from(body_format === 'form-urlencoded' ? formOf(body) : dumpJson(body)) }
}

const BAD_FORM = 'failed to parse body as form_urlencoded: '

function formOf(body: Value): string {
  const pairs = isDict(body) ? [...body] : Array.isArray(body) ? body.map(pairOf) : fail(`${BAD_FORM}a dict or a list of pairs is wanted`)
  const form = new URLSearchParams()
  for (const [name, value] of pairs) for (const one of Array.isArray(value) ? value : [value]) form.append(String(name), typeof one === 'boolean' ? (one ? 'True' : 'False') : String(one))
  return form.toString()
}

function pairOf(pair: Value): readonly [Value, Value] {
  // A text stands for its characters, as in Python.
  const parts = typeof pair === 'string' ? [...pair] : Array.isArray(pair) ? pair : isDict(pair) ? [...pair.keys()] : []
  return parts.length === 2 ? [parts[0]!, parts[1]!] : fail(parts.length > 2 ? `${BAD_FORM}too many values to unpack (expected 2)` : `${BAD_FORM}not enough values to unpack (expected 2, got ${parts.length})`)
}

/** Puts the body at $p if it is another one; says whether it did, and where. */
function saveScript(given: UriParams): string {
  const statuses = given.status_code.map((status) => `[ "$c" = ${status} ]`).join(' || ')
  return [
    'touch "$d/b"; w=same', `if [ $s = 0 ] && [ "$c" != 304 ] && { ${statuses}; }; then`, 'if ! cmp -s -- "$d/b" "$p"; then w=saved',
    `(${replaceFrom('"$d/b"')}\n); [ $? = 0 ] || exit 1; fi`,
    setAttributesScript('"$p"', given), 'fi', `printf '%s\\n%s' "$w" "$p"`,
  ].filter(Boolean).join('\n')
}

function answer(given: UriParams, { status, url, redirected, headers, reason, body, error }: Exchanged, elapsed: number, file: string | undefined) {
  const names = Object.fromEntries([...headers].map(([name, value]) => [name.replaceAll('-', '_'), value]))
  const type = headers.get('content-type') ?? ''
  const text = decode(body, type)
  const okay = given.status_code.includes(status)
  const json = /^[\w/.+-]*(?:json|javascript)/i.test(type) ? parsed(text) : undefined
  const length = headers.get('content-length')
  const outputs = {
    ...names, ...(length !== undefined && /^\d+$/.test(length) ? { content_length: length } : {}), status, url, redirected, elapsed, ...(status < 400 && status > 0 ? cookiesOf(headers.get('set-cookie')) : {}),
    ...(headers.has('location') ? { location: URL.parse(headers.get('location')!, url)?.href ?? headers.get('location')! } : {}),
    msg: error === undefined ? `${status === 200 ? 'OK' : status >= 300 ? `HTTP Error ${status}: ${reason}` : reason || 'OK'}${status === 200 ? ` (${length ?? 'unknown'} bytes)` : ''}` : `Status code was -1 and not [${given.status_code.join(', ')}]: Request failed: ${error}`,
    ...(file === undefined ? {} : { path: file, dest: file }), ...(json === undefined ? {} : { json }), ...(given.return_content ? { content: text } : {}),
  }
  if (okay) return { outputs }
  const msg = error === undefined ? `Status code was ${status} and not [${given.status_code.join(', ')}]: ${outputs.msg}` : outputs.msg
  return { outputs: { ...outputs, msg }, failed: msg }
}

const decode = (body: Buffer, type: string): string => (/charset=["']?(?:iso-8859-1|latin-?1)/i.test(type) ? body.toString('latin1') : body.toString('utf8'))

function parsed(text: string): Value | undefined {
  try {
    return fromJson(JSON.parse(text))
  } catch {
    return undefined // Called JSON, but none: Ansible leaves `json` out as well.
  }
}

function cookiesOf(header: string | undefined): { readonly cookies: Value; readonly cookies_string: string } {
  const cookies = new Map<Value, Value>()
  for (const one of header?.split(/,\s*(?=[^;,\s=]+=)/) ?? []) {
    const match = /^\s*([^=;\s]+)=([^;]*)/.exec(one)
    if (match) cookies.set(match[1]!, match[2]!)
  }
  return { cookies, cookies_string: [...cookies].map(([name, value]) => `${String(name)}=${String(value)}`).join('; ') }
}
