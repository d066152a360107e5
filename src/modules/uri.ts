import { defineModule } from '../contract/define-module.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { fail } from '../contract/failure.ts'
import { globExists } from '../contract/glob-exists.ts'
import { known, readTarget } from '../contract/file-target.ts'
import { webParams, webRequest, webTimeout } from '../contract/web-params.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { fileResource, followedResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { act } from '../host/step.ts'
import { setAttributesScript } from '../host/take.ts'
import { type WebRequest, requestScript } from '../host/web-client.ts'
import { RESPONSE_TAIL, type WebResponse, parseResponse } from '../host/web-response.ts'
import { type Params, choice, flag, integer, list, path, raw, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { dumpJson } from '../value/dump-json.ts'
import { fromJson } from '../value/json.ts'
import { Unknown, type Value, isDict, unknown } from '../value/value.ts'

const params = {
  ...webParams,
  url: text('The address.', { required: true }),
  method: text('The method, in capitals.', { default: 'GET' }),
  body: raw('What to send; dicts and lists become JSON or a form.'),
  body_format: choice(['form-urlencoded', 'json', 'raw', 'form-multipart'], 'What the body is.', { default: 'raw' }),
  src: path('A file that is the body, on the host unless remote_src is false.'),
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
  notes: ['Needs curl or GNU wget on the host.', 'In a dry run nothing is asked: what another machine answers is unknown.'],
  params,
  eager: false,
  async probe(host, given, { environment }) {
    refuseAttributes(given)
    const there = async (one: string | undefined) => (one === undefined ? undefined : known(await globExists(host, await resolvePath(host, one, environment))))
    const [made, present] = await Promise.all([there(given.creates), there(given.removes)])
    const settled = made === true ? `skipped, since '${given.creates}' exists` : present === false ? `skipped, since '${given.removes}' does not exist` : undefined
    const dest = given.dest === undefined ? undefined : await resolvePath(host, given.dest, environment)
    const inside = dest !== undefined && known(await host.get(followedResource, dest.replace(/(.)\/+$/, '$1'))).kind === 'directory'
    const file = dest === undefined ? undefined : inside ? `${dest.replace(/\/$/, '')}/${basenameOf(given.url)}` : dest
    const target = file === undefined ? undefined : await readTarget(host, file, given, true)
    if (target && target.seen.value.parent.kind !== 'directory') fail(`Destination directory for ${file} does not exist`)
    if (given.src !== undefined && !given.remote_src) fail('src of the controller cannot be sent; put it on the host and use remote_src: true')
    return { answered: false as boolean | Unknown, seen: aside({ settled, target, file, request: requestOf(given), environment }) }
  },
  plan: (_params, before) => (before.seen.value.settled === undefined ? { ...before, answered: unknown('asks another machine') } : before),
  apply({ params: given, before }) {
    const { request, target, file, environment } = before.seen.value
    const effects = file === undefined ? [] : [leaves(fileResource, file, unknown('what another machine answers'))]
    return [act(`${request.method} ${shownUrl(given.url)}`, async (host) => {
      const { script, stdin } = requestScript(request)
      const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`)
      const started = performance.now()
      const reply = await host.run([...exports, script, ...(file === undefined ? [] : [saveScript(file, given, target?.checksum)]), RESPONSE_TAIL].join('\n'), { stdin })
      if (reply.code !== 0) fail(reply.stderr.toString().trim() || `the request failed with exit code ${reply.code}`, { url: given.url, status: -1 })
      const cut = reply.stdout.indexOf(0)
      const [saved, rest] = file === undefined ? ['', reply.stdout] : [reply.stdout.subarray(0, cut).toString(), reply.stdout.subarray(cut + 1)]
      return { response: parseResponse(rest, given.url), saved: saved === 'saved', elapsed: Math.floor((performance.now() - started) / 1000) }
    }, effects)]
  },
  diff: () => [],
  result({ params: given, before, after, replies: [reply] }) {
    const { settled, file } = before.seen.value
    if (settled !== undefined) return { outputs: { stdout: settled, msg: settled } }
    if (!reply) return { outputs: Object.fromEntries(['status', 'url', 'content', 'json', 'msg', 'redirected', 'elapsed', 'cookies', 'cookies_string', 'content_type', 'content_length', 'date', 'server', 'location', 'connection'].map((name) => [name, after.answered as Value])) }
    const { response, saved, elapsed } = reply.value as { readonly response: WebResponse; readonly saved: boolean; readonly elapsed: number }
    return { changed: saved, ...answer(given, response, elapsed, file) }
  },
})

const basenameOf = (url: string): string => new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? 'index.html'

/** Credentials inside an address are nobody's business. */
export const shownUrl = (url: string): string => url.replace(/^([a-z]+:\/\/)[^@/]*@/i, '$1********@')

function requestOf(given: UriParams): WebRequest {
  if (given.body_format === 'form-multipart') fail('body_format form-multipart is not supported')
  const method = given.method.toUpperCase()
  const follows = given.follow_redirects === 'all' || given.follow_redirects === 'yes' || ((given.follow_redirects === 'safe' || given.follow_redirects === 'urllib2') && /^(?:GET|HEAD)$/.test(method))
  const body = bodyOf(given)
  const request = webRequest(given, {
    method, follow: follows, ...(body === undefined ? {} : { body: Buffer.from(body) }), ...(given.src === undefined ? {} : { bodyFile: given.src }),
    ...(given.unix_socket === undefined ? {} : { unixSocket: given.unix_socket }), ...(given.ca_path === undefined ? {} : { caPath: given.ca_path }),
  })
  const has = (name: string) => request.headers.some(([one]) => one.toLowerCase() === name)
  const type = given.body_format === 'json' ? 'application/json' : given.body_format === 'form-urlencoded' ? 'application/x-www-form-urlencoded' : undefined
  const more = [...(body !== undefined && type && !has('content-type') ? [['Content-Type', type] as const] : []), ...(given.force ? [['cache-control', 'no-cache'] as const] : [])]
  return { ...request, headers: [...request.headers, ...more] }
}

function bodyOf({ body, body_format }: UriParams): string | undefined {
  if (body === undefined || body === null) return undefined
  if (body_format === 'json') return typeof body === 'string' ? body : dumpJson(body)
  if (body_format === 'form-urlencoded' && typeof body !== 'string') return formOf(body)
  return typeof body === 'string' ? body : dumpJson(body)
}

function formOf(body: Value): string {
  const pairs = isDict(body) ? [...body] : Array.isArray(body) ? body.map((pair) => (Array.isArray(pair) && pair.length === 2 ? [pair[0]!, pair[1]!] as const : fail('body of form-urlencoded: a list of pairs is wanted'))) : fail('body of form-urlencoded: a dict or a list of pairs is wanted')
  const form = new URLSearchParams()
  for (const [name, value] of pairs) for (const one of Array.isArray(value) ? value : [value]) form.append(String(name), typeof one === 'boolean' ? (one ? 'True' : 'False') : String(one))
  return form.toString()
}

/** Puts the body where it belongs if it is another one, and says so before everything else. */
function saveScript(file: string, given: UriParams, old: string | Unknown | undefined): string {
  const statuses = given.status_code.map((status) => `[ "$c" = ${status} ]`).join(' || ')
  void old
  return [
    'touch "$d/b" "$d/w"; c=$(head -n 1 "$d/w"); w=same', `if [ $s = 0 ] && { ${statuses}; } && ! cmp -s -- "$d/b" ${quote(file)}; then w=saved`,
    `t=$(mktemp ${quote(`${file}.tutti.XXXXXX`)}) && cat "$d/b" > "$t" || exit`, `if [ -e ${quote(file)} ]; then chmod "$(stat -c %a -- ${quote(file)})" "$t"; else chmod "$(printf %o $((0666 & ~0$u)))" "$t"; fi`, `mv -f -- "$t" ${quote(file)} || exit; fi`,
    setAttributesScript(quote(file), given), `printf '%s\\000' "$w"`,
  ].filter(Boolean).join('\n')
}

function answer(given: UriParams, { status, url, redirects, headers, reason, body, error }: WebResponse, elapsed: number, file: string | undefined) {
  const names = Object.fromEntries([...headers].map(([name, value]) => [name.replaceAll('-', '_'), value]))
  const type = headers.get('content-type') ?? ''
  const text = decode(body, type)
  const okay = given.status_code.includes(status)
  const json = /^[\w/.+-]*(?:json|javascript)/i.test(type) ? parsed(text) : undefined
  const length = headers.get('content-length')
  const outputs = {
    ...names, ...(length !== undefined && /^\d+$/.test(length) ? { content_length: length } : {}), status, url: error === undefined ? url : given.url, redirected: redirects > 0, elapsed, ...cookiesOf(headers.get('set-cookie')),
    msg: error === undefined ? `${status === 200 ? 'OK' : status >= 400 ? `HTTP Error ${status}: ${reason}` : reason || 'OK'}${status === 200 ? ` (${length ?? 'unknown'} bytes)` : ''}` : `Status code was -1 and not [${given.status_code.join(', ')}]: Request failed: ${error}`,
    ...(file === undefined ? {} : { path: file, dest: file }), ...(json === undefined ? {} : { json }), ...(given.return_content || !okay ? { content: text } : {}),
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
