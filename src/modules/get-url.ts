import { type Outputs, defineModule } from '../contract/define-module.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { attributeOutputs, attributeChange, attributeLines, known, newTarget, readTarget, wish } from '../contract/file-target.ts'
import { fail } from '../contract/failure.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { webParams, webRequest, webTimeout } from '../contract/web-params.ts'
import { fileResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { act, attributes } from '../host/step.ts'
import { type WebRequest, requestScript } from '../host/web-client.ts'
import { RESPONSE_TAIL, parseResponse } from '../host/web-response.ts'
import { type Params, flag, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { Unknown, unknown } from '../value/value.ts'
import { shownUrl } from './uri.ts'

const params = {
  ...webParams,
  url: text('The address.', { required: true }),
  dest: path('The file, or a directory that keeps the name of the address.', { required: true }),
  checksum: text('What the file must be: sha256:…, or sha256: and the address of a list of checksums.', { default: '' }),
  force: flag('Ask again though the file is there; it is replaced where it differs.', { default: false, aliases: ['thirsty'] }),
  backup: flag('Keep the old file, with the time in its name.', { default: false }),
  tmp_dest: path('The directory for the file while it is loaded.'),
  timeout: webTimeout(10),
  unredirected_headers: text('Headers that are not sent to where a redirect leads.', { inert: 'curl never sends credentials to another host' }),
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
  notes: ['Needs curl or GNU wget on the host.'],
  params,
  eager: false,
  async probe(host, given, { environment }) {
    refuseAttributes(given)
    await refuseSelinux(host, given)
    const request = webRequest(given, { method: 'GET', follow: true })
    const dest = await resolvePath(host, given.dest, environment)
    const directory = dest.endsWith('/') || known(await host.get(followedResource, dest)).kind === 'directory'
    const file = directory ? `${dest.replace(/\/+$/, '')}/${nameOf(given.url)}` : dest
    const target = await readTarget(host, file, given, true)
    const wanted = await wantedSum(host, given, request)
    const present = wanted && target.kind === 'file' ? await sumOf(host, file, wanted.algorithm) : undefined
    const right = wanted === undefined ? target.kind === 'file' && !given.force : present instanceof Unknown ? present : present === wanted.sum
    return { ...target, more: aside({ file, request, wanted, right, environment }) }
  },
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
    const { file, request, wanted, environment } = before.more.value
    const isNew = before.kind !== 'file'
    const change = attributeChange(isNew ? newTarget('file', before, { owner: undefined, group: undefined, mode: undefined }) : before, after)
    const set = Object.keys(change).length > 0 ? [attributes(file, change)] : []
    if (!(after.checksum instanceof Unknown)) return set
    const { followed, me } = before.seen.value
    const planned = { ...followed, ...(isNew ? { ...before.seen.value.parent, kind: 'file' as const, mode: 0o666 & ~me.umask, owner: me.user, uid: me.uid } : {}), size: after.checksum, modified: after.checksum, inode: after.checksum }
    return [act(`load ${shownUrl(given.url)} into ${file}`, async (host) => {
      const { script, stdin } = requestScript(request)
      const started = performance.now()
      const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`)
      const { code, stdout, stderr } = await host.run([...exports, script, placeScript(given, file, wanted), RESPONSE_TAIL].join('\n'), { stdin })
      if (code === 3) fail(`The checksum for ${file} did not match ${wanted?.sum}; it was ${stderr.toString().trim()}.`, { dest: file, url: given.url })
      if (code !== 0) fail(stderr.toString().trim() || `exit code ${code}`, { dest: file, url: given.url })
      const cut = stdout.indexOf(0)
      const [saved, source, backup, size] = stdout.subarray(0, cut).toString().split('\n')
      const response = parseResponse(stdout.subarray(cut + 1), given.url)
      const loaded = { saved: saved === 'saved', sum: source ?? '', backup: backup ?? '', size: Number(size), status: response.status, elapsed: Math.floor((performance.now() - started) / 1000) }
      if (response.error !== undefined) fail(`Request failed: ${response.error}`, { dest: file, url: given.url, elapsed: loaded.elapsed })
      if (response.status >= 400) fail(`Request failed`, { response: `HTTP Error ${response.status}: ${response.reason}`, status_code: response.status, dest: file, url: given.url, elapsed: loaded.elapsed })
      return loaded
    }, [leaves(fileResource, file, planned)]), ...set]
  },
  diff: ({ before, after }) => attributeLines(before, after, before.more.value.file),
  result({ params: given, before, after, replies: [reply] }) {
    const { file, right } = before.more.value
    const about: Outputs = { dest: file, url: given.url, ...attributeOutputs(after, before) }
    if (right === true) return { outputs: { ...about, msg: 'file already exists', size: before.seen.value.followed.size, elapsed: 0 } }
    const loaded = reply?.value as { saved: boolean; sum: string; backup: string; size: number; status: number; elapsed: number } | undefined
    if (!loaded) return { outputs: { ...about, checksum_src: after.checksum, checksum_dest: before.checksum === '' ? null : before.checksum, size: after.checksum, status_code: after.checksum, msg: after.checksum, elapsed: after.checksum, md5sum: after.checksum } }
    const changed = loaded.saved || Object.keys(attributeChange(before, { ...after, checksum: before.checksum } as typeof after)).length > 0
    return { changed, outputs: { ...about, checksum_src: loaded.sum, checksum_dest: before.checksum === '' ? null : before.checksum, size: loaded.size, status_code: loaded.status, msg: `OK (${loaded.size} bytes)`, elapsed: loaded.elapsed, ...(loaded.backup ? { backup_file: loaded.backup } : {}) } }
  },
})

const nameOf = (url: string): string => decodeURIComponent(new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? 'index.html')

/** `sha256:abc…`, or `sha256:https://…/SHA256SUMS` in which the name of the file is looked up. */
async function wantedSum(host: Reader, { checksum, url }: GetParams, request: WebRequest): Promise<Sum | undefined> {
  if (checksum === '') return undefined
  const match = /^([a-z0-9_-]+):([^]*)$/i.exec(checksum.trim())
  if (!match) return fail('The checksum parameter has to be in format <algorithm>:<checksum>')
  const [algorithm, value] = [match[1]!.toLowerCase(), match[2]!.trim()]
  if (!/^(?:md5|sha1|sha224|sha256|sha384|sha512)$/.test(algorithm)) fail(`Could not hash file with algorithm '${algorithm}'`)
  if (/^(?:https?|ftp|file):\/\//.test(value)) return { algorithm, sum: sumInList(await load(host, { ...request, url: value }), url, value).replace(/\W+/g, '') }
  if (!/^[0-9a-f]+$/i.test(value.replace(/\W+/g, ''))) fail('The checksum format is invalid')
  return { algorithm, sum: value.replace(/\W+/g, '').toLowerCase() }
}

async function load(host: Reader, request: WebRequest): Promise<string> {
  const { script, stdin } = requestScript(request)
  // A reader has no standard input to give; what travels is still never an argument.
  const { printBytes } = await import('../shell/bytes.ts')
  const reply = known(await host.run(`{ ${printBytes(stdin)}; } | {\n${script}\n${RESPONSE_TAIL}\n}`, []))
  if (reply.code !== 0) fail(reply.stderr.toString().trim())
  const { status, error, body } = parseResponse(reply.stdout, request.url)
  return error === undefined && status < 400 ? body.toString() : fail(`Unable to load the checksums from ${shownUrl(request.url)}: ${error ?? status}`)
}

function sumInList(list: string, url: string, from: string): string {
  const name = nameOf(url)
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

async function sumOf(host: Reader, file: string, algorithm: string): Promise<string | Unknown> {
  const reply = await host.run(`${algorithm}sum < ${quote(file)}`, [file])
  return reply instanceof Unknown ? reply : reply.stdout.toString().split(' ')[0]!
}

/** Checks what came and puts it into place where it is another file. Says: saved or same, its SHA-1, the backup, its size. */
function placeScript({ backup, tmp_dest, unsafe_writes }: GetParams, file: string, wanted: Sum | undefined): string {
  const target = quote(file)
  return [
    'c=$(head -n 1 "$d/w"); w=same; k=', 'if [ $s = 0 ] && [ "${c:-0}" -lt 400 ]; then', 'touch "$d/b"',
    ...(wanted ? [`x=$(${wanted.algorithm}sum < "$d/b"); x=\${x%% *}; [ "$x" = ${quote(wanted.sum)} ] || { echo "$x" >&2; exit 3; }`] : []),
    `p=$(readlink -f -- ${target}) || p=${target}`, 'if ! cmp -s -- "$d/b" "$p"; then w=saved',
    ...(tmp_dest === undefined ? [] : [`[ -d ${quote(tmp_dest)} ] || { echo ${quote(`${tmp_dest} is not a directory`)} >&2; exit 1; }`]),
    `t=$(mktemp "$p.tutti.XXXXXX") && cat "$d/b" > "$t" || exit`,
    `if [ -e "$p" ]; then chown "$(stat -c %u:%g -- "$p")" "$t" 2>/dev/null; chmod "$(stat -c %a -- "$p")" "$t"; else chmod "$(printf %o $((0666 & ~0$u)))" "$t"; fi`,
    ...(backup ? ['if [ -e "$p" ]; then k="$p.$$.$(date +%Y-%m-%d@%H:%M:%S)~"; cp -p -- "$p" "$k"; fi'] : []),
    `mv -f -- "$t" "$p"${unsafe_writes ? ' || cat "$d/b" > "$p"' : ''} || exit`, 'fi; fi',
    `x=$(sha1sum < "$d/b"); printf '%s\\n%s\\n%s\\n%s\\000' "$w" "\${x%% *}" "$k" "$(wc -c < "$d/b")"`,
  ].join('\n')
}
