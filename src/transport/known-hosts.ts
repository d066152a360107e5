import { createHash, createHmac, hash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { matchesPatterns } from './ssh-config.ts'

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly marker?: 'revoked' | 'cert-authority'
  /** The names as written: patterns, `[host]:port`, or one hashed name. */
  readonly names: readonly string[]
  readonly type: string
  /** The key, base64. */
  readonly key: string
  readonly file: string
  readonly line: number
}

/** The lines of a known_hosts file; those nobody can read are left out, as ssh does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const words = line.trim().split(/\s+/)
    const marker = words[0] === '@revoked' ? 'revoked' : words[0] === '@cert-authority' ? 'cert-authority' : undefined
    const [names, type, key] = marker ? words.slice(1) : words
    if (!names || names.startsWith('#') || !type || !key) return []
    return [{ ...(marker ? { marker } : {}), names: names.split(','), type, key, file, line: index + 1 }]
  })
}

/** All lines of the files; a missing file has none. Files that are as they were give the same list: a run asks once or twice for each of its hosts. */
export function loadKnownHosts(files: readonly string[]): readonly KnownHost[] {
  const state = files.map((file) => [file, stateOf(file)].join()).join('\n')
  if (loaded?.state !== state) loaded = { state, hosts: files.flatMap((file) => parseKnownHosts(readText(file), file)) }
  return loaded.hosts
}

let loaded: { readonly state: string; readonly hosts: readonly KnownHost[] } | undefined

function stateOf(file: string): string {
  const seen = statSync(file, { throwIfNoEntry: false, bigint: true })
  return seen ? [seen.ino, seen.size, seen.mtimeNs].join() : ''
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The lines about a name. Looked up once for each list: its names may be hashed, and a fleet has thousands of them. */
export function linesAbout(name: string, hosts: readonly KnownHost[]): readonly KnownHost[] {
  const known = found.get(hosts) ?? new Map<string, readonly KnownHost[]>()
  found.set(hosts, known)
  const wanted = name.toLowerCase()
  const lines = known.get(wanted) ?? hosts.filter(({ names }) => isAbout(wanted, names))
  known.set(wanted, lines)
  return lines
}

const found = new WeakMap<readonly KnownHost[], Map<string, readonly KnownHost[]>>()

function isAbout(name: string, names: readonly string[]): boolean {
  if (names[0]?.startsWith('|1|')) return isHashOf(name, names)
  return names.some((one) => /[*?!]/.test(one)) ? matchesPatterns(name, names) : names.some((one) => one.toLowerCase() === name)
}

/** `|1|salt|hash`: the HMAC of the name under the salt, in its two steps: an object of crypto's for each line would take longer than a login. */
function isHashOf(name: string, names: readonly string[]): boolean {
  const { inner, outer, sum } = pads.get(names) ?? padsOf(names)
  return hash('sha1', Buffer.concat([outer, hash('sha1', Buffer.concat([inner, Buffer.from(name)]), 'buffer')]), 'base64') === sum
}

interface Pads {
  readonly inner: Buffer
  readonly outer: Buffer
  readonly sum: string | undefined
}
const pads = new WeakMap<readonly string[], Pads>()

function padsOf(names: readonly string[]): Pads {
  const [, , salt = '', sum] = names[0]!.split('|')
  const key = Buffer.concat([Buffer.from(salt, 'base64').subarray(0, 64), Buffer.alloc(64)]).subarray(0, 64)
  const made = { inner: Buffer.from(key.map((byte) => byte ^ 0x36)), outer: Buffer.from(key.map((byte) => byte ^ 0x5c)), sum }
  pads.set(names, made)
  return made
}

/** What the files say about a key that a host has shown. */
export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown'; readonly others: readonly KnownHost[] }
  | { readonly kind: 'changed'; readonly entry: KnownHost }
  | { readonly kind: 'revoked'; readonly entry: KnownHost }

/** `names` in the order of ssh: with the port, then (port 22 or not) without it. */
export function judgeKey(names: readonly string[], key: Buffer, hosts: readonly KnownHost[]): Verdict {
  const shown = key.toString('base64')
  const revoked = linesAbout(names[0]!, hosts).find(({ marker, key: other }) => marker === 'revoked' && other === shown)
  if (revoked) return { kind: 'revoked', entry: revoked }
  const plain = (name: string) => linesAbout(name, hosts).filter(({ marker }) => marker === undefined)
  if (names.some((name) => plain(name).some((entry) => entry.key === shown))) return { kind: 'known' }
  const about = plain(names[0]!)
  const other = about.find(({ type }) => type === keyType(key))
  return other ? { kind: 'changed', entry: other } : { kind: 'unknown', others: about }
}

/** The type inside a key as the wire carries it. */
export const keyType = (key: Buffer): string => key.toString('latin1', 4, 4 + key.readUInt32BE(0))

/** As `ssh-keygen -l` shows it. */
export const fingerprint = (key: Buffer): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

const ALL = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']
const signaturesOf = (type: string): readonly string[] => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type])

/** The algorithms to ask a host for: those of the keys we know it by first, or it would show a stranger's key of another type. */
export function hostKeyAlgorithms(names: readonly string[], hosts: readonly KnownHost[]): readonly string[] {
  const types = names.flatMap((name) => linesAbout(name, hosts)).filter(({ marker }) => marker === undefined).map(({ type }) => type)
  const preferred = types.flatMap(signaturesOf).filter((algorithm) => ALL.includes(algorithm))
  return [...new Set([...preferred, ...ALL])]
}

/** Notes a new host down, as `StrictHostKeyChecking accept-new` does. A file that cannot be written costs only the note. */
export function rememberHost(file: string, name: string, key: Buffer, hashed: boolean): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const text = readText(file)
    const gap = text !== '' && !text.endsWith('\n') ? '\n' : ''
    appendFileSync(file, `${gap}${hashed ? hashName(name) : name} ${keyType(key)} ${key.toString('base64')}\n`, { mode: 0o600 })
  } catch {
    // Read-only homes are common in containers; the host is checked again next time.
  }
}

function hashName(name: string): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}
