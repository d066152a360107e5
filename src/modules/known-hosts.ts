import { createHash, createHmac } from 'node:crypto'
import { dirname } from 'node:path/posix'
import { defineModule } from '../contract/define-module.ts'
import { diffEntry } from '../contract/register-diff.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource, followedResource } from '../host/file.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { mkdir, write } from '../host/step.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'

const params = {
  name: text('The host, as ssh is told it; [name]:port where the port is not 22.', { required: true, aliases: ['host'] }),
  key: text('Its line in the file: names, type and key.'),
  path: path('The file.', { default: '~/.ssh/known_hosts' }),
  hash_host: flag('Write the name so that nobody can read it from the file.', { default: false }),
  state: choice(['present', 'absent'], 'Whether it is known.', { default: 'present' }),
} as const
type KnownParams = Params<typeof params>

interface KnownHosts {
  readonly text: string | undefined
  readonly seen: Aside<{ readonly place: string; readonly directory: boolean; readonly salt: Buffer }>
}

export const knownHosts = defineModule({
  name: 'known_hosts',
  summary: "Keep a host's key in a known_hosts file, or out of it.",
  notes: ['Needs nothing on the host but its shell: hashed names are read and made here.'],
  examples: `
- name: The key of our forge
  known_hosts: { name: git.example.com, key: "git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYfHyPXA/ckj4oT4QbkKCGMCCFR8U6qiVDFChJLbvGj", path: /etc/ssh/ssh_known_hosts }
- name: On another port, and nobody reads the name
  known_hosts:
    name: "[backup.example.com]:2222"
    key: "[backup.example.com]:2222 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYfHyPXA/ckj4oT4QbkKCGMCCFR8U6qiVDFChJLbvGj"
    hash_host: true
- name: It has gone
  known_hosts: { name: old.example.com, state: absent }
`,
  params,
  rules: { requiredIf: [['state', 'present', ['key']]] },
  async probe(host, given, { environment }): Promise<KnownHosts> {
    const place = await resolvePath(host, given.path, environment)
    const [content, above] = await Promise.all([host.get(contentResource, place), host.get(followedResource, dirname(place))])
    return { text: known(content)?.toString(), seen: aside({ place, directory: known(above).kind === 'directory', salt: saltOf(given) }) }
  },
  plan: (given, before) => ({ ...before, text: editKnownHosts(before.text, given, before.seen.value.salt) }),
  *apply({ before, after }) {
    const { place, directory } = before.seen.value
    if (!directory) yield mkdir(dirname(place), { mode: 0o700 })
    yield write(place, bytesContent(after.text ?? ''), before.text === undefined ? { mode: 0o644 } : {})
  },
  diff: ({ before, after }) => [{ header: { before: before.seen.value.place, after: before.seen.value.place }, before: before.text ?? '', after: after.text ?? '' }],
  registerDiff: ({ before, after }) => diffEntry({ header: { before: before.seen.value.place, after: before.seen.value.place }, before: before.text ?? '', after: after.text ?? '' }),
  result: ({ params: { name, key, state, hash_host }, before }) => ({ outputs: { name, key: key ?? null, state, hash_host, path: before.seen.value.place } }),
})

interface Line {
  readonly marker: string
  readonly hosts: string
  readonly type: string
  readonly blob: string
}

function parseLine(line: string): Line | undefined {
  if (/^\s*(?:#|$)/.test(line)) return undefined
  const words = line.trim().split(/\s+/)
  const marker = words[0]!.startsWith('@') ? words.shift()! : ''
  const [hosts, type, blob] = words
  return hosts && type && blob ? { marker, hosts, type, blob } : undefined
}

/** Made of what it is for, so that a dry run shows the line that the run writes: a salt is no secret, it only has to differ from that of other hosts. */
const saltOf = ({ name, key }: KnownParams): Buffer => createHash('sha1').update(`${name}\n${key ?? ''}`).digest()

/** Hashed names are `|1|salt|HMAC-SHA1(salt, name)`. */
const hashed = (name: string, salt: Buffer): string => `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`

function names({ hosts }: Line, name: string): boolean {
  const [, version, salt] = hosts.split('|')
  if (version === '1' && salt !== undefined) return hashed(name, Buffer.from(salt, 'base64')) === hosts
  return hosts.split(',').includes(name)
}

/** Other keys of the host stay, but for one of the same type; a line of several names loses the name alone. */
export function editKnownHosts(text: string | undefined, { name, key, state, hash_host }: Pick<KnownParams, 'name' | 'key' | 'state' | 'hash_host'>, salt: Buffer): string | undefined {
  const host = name.toLowerCase()
  if (name.includes(',')) fail('Comma separated list of names is not supported. Please pass a single name to lookup in the known_hosts file.')
  const wanted = (key ?? '').split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#')).map((line) => parseLine(line) ?? fail(`Host parameter does not match hashed host field in supplied key: ${line}`))
  for (const line of wanted) if (!names(line, host)) fail('Host parameter does not match hashed host field in supplied key')
  if (text === undefined && state === 'absent') return undefined
  const lines = (text ?? '') === '' ? [] : text!.replace(/\n$/, '').split('\n')
  const placed = new Set<Line>()
  const kept = lines.flatMap((line) => {
    const found = parseLine(line)
    if (!found || !names(found, host)) return [line]
    if (state === 'absent') return key === undefined || wanted.some(({ blob, type }) => blob === found.blob && type === found.type) ? without(line, found, host) : [line]
    // Authorities may have several keys of one type.
    const wish = wanted.find(({ type, marker, blob }) => type === found.type && marker === found.marker && (marker === '' || blob === found.blob))
    if (!wish) return [line]
    const right = wish.blob === found.blob && found.hosts.startsWith('|1|') === (hash_host || wish.hosts.startsWith('|1|'))
    // Several authorities and revoked keys may stand for the same names.
    if (!right) return wish.marker !== '' && wish.blob !== found.blob ? [line] : without(line, found, host)
    placed.add(wish)
    return [line]
  })
  const added = state === 'present' ? wanted.filter((line) => !placed.has(line)).map((line) => shown(line, host, hash_host, salt)) : []
  const all = [...kept, ...added]
  return added.length === 0 && all.length === lines.length && all.every((line, i) => line === lines[i]) ? text : all.map((line) => `${line}\n`).join('')
}

function without(line: string, { hosts }: Line, name: string): readonly string[] {
  const left = hosts.startsWith('|1|') ? [] : hosts.split(',').filter((one) => one !== name)
  return left.length === 0 ? [] : [line.replace(hosts, () => left.join(','))]
}

const shown = ({ marker, hosts, type, blob }: Line, name: string, hash: boolean, salt: Buffer): string => [marker, hash && !hosts.startsWith('|1|') ? hashed(name, salt) : hosts, type, blob].filter(Boolean).join(' ')
