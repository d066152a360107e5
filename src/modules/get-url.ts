import { dirname } from 'node:path/posix'
import { type Outputs, type Surroundings, defineModule } from '../contract/define-module.ts'
import { fileParams, refuseAttributes, showMode } from '../contract/file-attributes.ts'
import { attributeOutputs, attributeChange, attributeLines, known, newTarget, readTarget, wish } from '../contract/file-target.ts'
import { fail } from '../contract/failure.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { type Exchanged, type Send, exchange, nameInUrl, placeOf, withNetrc } from '../contract/web-exchange.ts'
import { webParams, webRequest, webTimeout } from '../contract/web-params.ts'
import { fileResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { act, attributes } from '../host/step.ts'
import { replaceFrom, setAttributesScript } from '../host/file-script.ts'
import type { WebRequest } from '../host/web-client.ts'
import { printBytes } from '../shell/bytes.ts'
import { type Params, flag, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { Unknown, unknown } from '../value/value.ts'
import { shownUrl } from './uri.ts'

const params = {
  ...webParams,
  url: text('The address.', { required: true }),
  dest: path('The file, or a directory that keeps the name of the address.', { required: true }),
  checksum: text('What the file must be: sha256:…, or sha256: and the address of a list of checksums. sha3_… needs openssl on the host.', { default: '' }),
  force: flag('Load it though the server says that it did not change, or the checksum is right already.', { default: false, aliases: ['thirsty'] }),
  backup: flag('Keep the old file, with the time in its name.', { default: false }),
  tmp_dest: path('The directory for the file while it is loaded.'),
  timeout: webTimeout(10),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false }),
  ...fileParams,
} as const
type GetParams = Params<typeof params>

/** An algorithm with the sum that a file must have. */
interface Sum {
  readonly algorithm: string
  readonly sum: string
}

export const getUrl = defineModule({
  name: 'get_url',
  summary: 'Let the host load a file from an address.',
  notes: ['Needs curl or GNU wget on the host.', 'Credentials of the task are sent to no other server than the one that the task names, wherever a redirect leads.'],
  examples: `
- name: A program, checked
  get_url:
    url: https://get.example.com/tool
    dest: /usr/local/bin/tool
    checksum: "sha256:{{ tool_sha256 }}"
    mode: "0755"
- name: Checked by the list beside it
  get_url: { url: "https://get.example.com/app-1.0.tar.gz", dest: /opt/, checksum: "sha256:https://get.example.com/SHA256SUMS" }
- name: With a password, and a header of our own
  get_url:
    url: https://get.example.com/list.txt
    dest: /etc/app/list.txt
    url_username: app
    url_password: "{{ app_password }}"
    force_basic_auth: true
    headers: { X-Site: shop }
    timeout: 30
`,
  params,
  eager: false,
  probe: probeUrl,
  whenChecked: checkUrl,
  plan(given, before) {
    const { seen, more } = before
    const { file, right } = more.value
    if (before.kind === 'directory') fail(`${file} is a directory`, { dest: file, url: given.url })
    if (seen.value.parent.kind !== 'directory') fail(`Destination ${file.slice(0, file.lastIndexOf('/')) || '/'} does not exist`, { dest: file, url: given.url })
    if (seen.value.me.uid !== 0 && seen.value.mayMake === false) fail(`Destination ${file.slice(0, file.lastIndexOf('/')) || '/'} is not writable`, { dest: file, url: given.url })
    if (right === true) return { ...before, ...wish(before, given, before) }
    const base = before.kind === 'file' ? before : { ...before, ...newTarget('file', before, given) }
    return { ...base, ...wish(base, given, before, before.kind === 'file'), checksum: unknown(`the content of ${shownUrl(given.url)}`) }
  },
  apply({ params: given, before, after }) {
    const { file, inside, request, netrc, wanted, environment } = before.more.value
    const isNew = before.kind !== 'file'
    const change = attributeChange(isNew ? newTarget('file', before, { owner: undefined, group: undefined, mode: undefined }) : before, after)
    const set = Object.keys(change).length > 0 ? [attributes(file, change)] : []
    if (!(after.checksum instanceof Unknown)) return set
    const { followed, me } = before.seen.value
    const planned = { ...followed, ...(isNew ? { ...before.seen.value.parent, kind: 'file' as const, mode: 0o666 & ~me.umask, owner: me.user, uid: me.uid } : {}), size: after.checksum, modified: after.checksum, inode: after.checksum }
    return [act(`load ${shownUrl(given.url)} into ${file}`, async (host) => {
      const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`)
      const started = performance.now()
      const login = netrc === undefined ? undefined : await host.run(`cat -- ${quote(netrc)} 2>/dev/null`)
      const place = (url: string) => [inside ? placeOf(quote(dirname(file)), quote(nameInUrl(url))) : `p=$(readlink -f -- ${quote(file)}) || p=${quote(file)}`, placeScript(given, inside, wanted)].join('\n')
      const loaded = await exchange((script, stdin) => host.run([...exports, script].join('\n'), { stdin }), login === undefined ? request : withNetrc(request, login.stdout.toString()), { redirects: 'urllib2', unredirected: given.unredirected_headers, then: place })
      const elapsed = Math.floor((performance.now() - started) / 1000)
      const [saved = '', sum = '', md5 = '', backup = '', size = '', found = '', was = '', is = ''] = loaded.told.split('\n')
      if (saved === 'wrong') fail(`The checksum for ${file} did not match ${wanted?.sum}; it was ${sum}.`, { dest: file, url: given.url })
      refuse(loaded, file, given, elapsed)
      return { saved: saved === 'saved', sum, md5, backup, size: Number(size), status: loaded.status, msg: said(loaded, size), elapsed, found: inside ? found : file, was, is } satisfies Loaded
    }, [leaves(fileResource, file, planned)]), ...(inside ? [] : set)]
  },
  diff: ({ before, after }) => attributeLines(before, after, before.more.value.file),
  result({ params: given, before, after, replies: [reply] }) {
    const { file, right, inside } = before.more.value
    const about: Outputs = { dest: file, url: given.url, ...attributeOutputs(after, before) }
    if (right === true) return { outputs: { ...about, msg: 'file already exists', size: before.seen.value.followed.size, elapsed: 0 } }
    const loaded = reply?.value as Loaded | undefined
    if (!loaded) return { outputs: { ...about, checksum_src: after.checksum, checksum_dest: before.checksum === '' ? null : before.checksum, size: after.checksum, status_code: after.checksum, msg: after.checksum, elapsed: after.checksum, md5sum: after.checksum } }
    const { saved, sum, md5, backup, size, status, msg, elapsed, found, was, is } = loaded
    const attributed = inside ? was !== '' && was !== is : Object.keys(attributeChange(before, { ...after, checksum: before.checksum } as typeof after)).length > 0
    const ended = { ...about, dest: found, ...(inside ? ownedOutputs(is) : {}), status_code: status < 0 ? null : status, msg, elapsed }
    if (status === 304) return { changed: attributed, outputs: { ...ended, size: before.seen.value.followed.size } }
    return { changed: saved || attributed, outputs: { ...ended, checksum_src: sum, checksum_dest: before.checksum === '' ? null : before.checksum, md5sum: md5, size, ...(backup ? { backup_file: backup } : {}) } }
  },
})

interface Loaded {
  readonly saved: boolean
  readonly sum: string
  readonly md5: string
  readonly backup: string
  readonly size: number
  readonly status: number
  readonly msg: string
  readonly elapsed: number
  readonly found: string
  /** Owner, group and mode before and after. */
  readonly was: string
  readonly is: string
}

async function probeUrl(host: Reader, given: GetParams, { environment }: Pick<Surroundings, 'environment'>) {
  refuseAttributes(given)
  await refuseSelinux(host, given)
  const request = webRequest(given, { method: 'GET' })
  const dest = await resolvePath(host, given.dest, environment)
  const inside = dest.endsWith('/') || known(await host.get(followedResource, dest)).kind === 'directory'
  const file = inside ? `${dest.replace(/\/+$/, '')}/${nameInUrl(given.url)}` : dest
  const target = await readTarget(host, file, given, true)
  const wanted = await wantedSum(host, given, request)
  // Into a directory it is always loaded: only the answer tells the name.
  const present = wanted && target.kind === 'file' && !inside ? await sumOf(host, file, wanted.algorithm) : undefined
  const right = given.force || present === undefined ? false : present instanceof Unknown ? present : present === wanted!.sum
  const { modified } = target.seen.value.followed
  const asks = target.kind === 'file' && !inside && !given.force && wanted === undefined && typeof modified === 'number'
  const headers = given.force ? [['cache-control', 'no-cache'] as const] : asks ? [['If-Modified-Since', new Date(Math.floor(modified) * 1000).toUTCString()] as const] : []
  const netrc = given.use_netrc && request.user === undefined ? await resolvePath(host, environment.NETRC ?? '~/.netrc', environment) : undefined
  return { ...target, more: aside({ file, inside, request: { ...request, headers: [...request.headers, ...headers] }, netrc, wanted, right, environment }) }
}

/** `check_mode: true` in a real run: the server is asked for the headers alone. */
async function checkUrl(host: Reader, given: GetParams, around: Pick<Surroundings, 'environment'>) {
  const before = await probeUrl(host, given, around)
  const { file, request, right } = before.more.value
  const about = { dest: file, url: given.url }
  const attributed = before.kind === 'file' && Object.keys(attributeChange(before, wish(before, given, before))).length > 0
  if (right === true) return { changed: attributed, outputs: { ...about, msg: 'file already exists' } }
  const answer = await exchange(reading(host), { ...request, method: 'HEAD' }, { redirects: 'urllib2', unredirected: given.unredirected_headers })
  refuse(answer, file, given, 0)
  if (answer.status === 304) return { changed: attributed, outputs: { ...about, msg: said(answer, ''), status_code: 304 } }
  return { changed: true, outputs: { ...about, msg: said(answer, ''), status_code: answer.status, checksum_src: EMPTY_SHA1, checksum_dest: before.checksum === '' ? null : before.checksum } }
}

/** In check mode Ansible compares with an empty file. */
const EMPTY_SHA1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'

function refuse({ error, status, reason }: Exchanged, dest: string, { url }: GetParams, elapsed: number): void {
  if (error !== undefined) fail(`Request failed: ${error}`, { dest, url, elapsed })
  if (status >= 400) fail('Request failed', { response: `HTTP Error ${status}: ${reason}`, status_code: status, dest, url, elapsed })
}

const said = ({ status, reason, headers }: Exchanged, size: string): string => (status === 304 ? `HTTP Error 304: ${reason}` : `OK (${headers.get('content-length') ?? (size || 'unknown')} bytes)`)

function ownedOutputs(stat: string): Outputs {
  const [owner, group, uid, gid, mode] = stat.split(' ')
  return mode === undefined ? {} : { owner: owner!, group: group!, uid: Number(uid), gid: Number(gid), mode: showMode(Number.parseInt(mode, 8)), state: 'file' }
}

/** `sha256:abc…`, or `sha256:https://…/SHA256SUMS` in which the name of the file is looked up. */
async function wantedSum(host: Reader, { checksum, url, unredirected_headers }: GetParams, request: WebRequest): Promise<Sum | undefined> {
  if (checksum === '') return undefined
  const match = /^([a-z0-9_-]+):([^]*)$/i.exec(checksum.trim())
  if (!match) return fail('The checksum parameter has to be in format <algorithm>:<checksum>')
  const [algorithm, value] = [match[1]!.toLowerCase(), match[2]!.trim()]
  if (!sumCommand(algorithm)) fail(`Could not hash file with algorithm '${algorithm}'`)
  if (/^(?:https?|ftp|file):\/\//.test(value)) return { algorithm, sum: sumInList(await load(host, { ...request, url: value }, unredirected_headers), url, value).replace(/\W+/g, '') }
  if (!/^[0-9a-f]+$/i.test(value.replace(/\W+/g, ''))) fail('The checksum format is invalid')
  return { algorithm, sum: value.replace(/\W+/g, '').toLowerCase() }
}

/** A reader has no standard input to give; what travels is still never an argument. */
const reading = (host: Reader): Send => async (script, stdin) => known(await host.run(`{ ${printBytes(stdin)}; } | {\n${script}\n}`, [], { now: true }))

async function load(host: Reader, request: WebRequest, unredirected: readonly string[]): Promise<string> {
  const { status, error, body } = await exchange(reading(host), request, { redirects: 'urllib2', unredirected })
  return error === undefined && status < 400 ? body.toString() : fail(`Unable to load the checksums from ${shownUrl(request.url)}: ${error ?? status}`)
}

function sumInList(list: string, url: string, from: string): string {
  const name = nameInUrl(url)
  const lines = list.split('\n').map((line) => line.trim()).filter(Boolean)
  if (lines.length === 1 && !/\s/.test(lines[0]!)) return lines[0]!.toLowerCase()
  for (const line of lines) {
    const [sum, ...rest] = line.split(/\s+/)
    const file = rest.join(' ').replace(/^[*.\\/]+/, '')
    if (file === name || file.endsWith(`/${name}`)) return sum!.toLowerCase()
    // BSD's way: SHA256 (name) = sum.
    const bsd = /^\w+ \((.+)\) = ([0-9a-f]+)$/i.exec(line)
    if (bsd?.[1] === name) return bsd[2]!.toLowerCase()
  }
  return fail(`Unable to find a checksum for file '${name}' in '${shownUrl(from)}'`)
}

/** The program that prints a sum first; undefined for what none is known for. */
function sumCommand(algorithm: string): string | undefined {
  if (/^(?:md5|sha1|sha224|sha256|sha384|sha512)$/.test(algorithm)) return `${algorithm}sum`
  const sha3 = /^sha3[-_](224|256|384|512)$/.exec(algorithm)
  if (sha3) return `openssl dgst -r -sha3-${sha3[1]}`
  return algorithm === 'blake2b' ? 'b2sum' : algorithm === 'blake2s' ? 'openssl dgst -r -blake2s256' : undefined
}

async function sumOf(host: Reader, file: string, algorithm: string): Promise<string | Unknown> {
  const reply = await host.run(`${sumCommand(algorithm)} < ${quote(file)}`, [file])
  return reply instanceof Unknown ? reply : reply.stdout.toString().split(' ')[0]!
}

/** Checks what came and puts it at $p where that is another file. Says: saved, same or wrong, its SHA-1 and MD5, the backup, its size, the place, owner and mode before and after. */
function placeScript(given: GetParams, inside: boolean, wanted: Sum | undefined): string {
  const { backup, tmp_dest, unsafe_writes } = given
  const program = wanted && sumCommand(wanted.algorithm)!
  return [
    'w=same; k=; o=$(stat -c "%U %G %u %g %a" -- "$p" 2>/dev/null)', 'if [ $s = 0 ] && [ "${c:-0}" -lt 400 ] && [ "$c" != 304 ]; then', 'touch "$d/b"',
    ...(wanted ? [`x=$(${program} < "$d/b") || exit; x=\${x%% *}; [ "$x" = ${quote(wanted.sum)} ] || { printf 'wrong\\n%s\\000%s' "$x" '0\n0\n0\n0\n0\n'; exit 0; }`] : []),
    'if ! cmp -s -- "$d/b" "$p"; then w=saved',
    ...(tmp_dest === undefined ? [] : [`[ -d ${quote(tmp_dest)} ] || { echo ${quote(`${tmp_dest} is not a directory`)} >&2; exit 1; }`]),
    `k=$(${replaceFrom('"$d/b"', { backup, unsafe: unsafe_writes })}\n); [ $? = 0 ] || exit 1`, 'fi', ...(inside ? [setAttributesScript('"$p"', given)] : []), 'fi',
    `touch "$d/b"; x=$(sha1sum < "$d/b"); y=$(md5sum < "$d/b"); printf '%s\\n' "$w" "\${x%% *}" "\${y%% *}" "$k" "$(wc -c < "$d/b")" "$p" "$o" "$(stat -c "%U %G %u %g %a" -- "$p" 2>/dev/null)"`,
  ].filter(Boolean).join('\n')
}
