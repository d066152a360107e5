import { dirname } from 'node:path/posix'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Account, groupAccount, userAccount } from '../host/account.ts'
import { type FileState, atOnce, kindOf } from '../host/file.ts'
import type { Identity, Reader } from '../host/reader.ts'
import { textOfBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { Unknown, unknown } from '../value/value.ts'
import { parseMode } from './file-attributes.ts'
import { type Seen, viewOf } from './file-target.ts'
import { type PutState, sumOf } from './put-file.ts'
import type { Entry } from './put-tree.ts'

/** Trees smaller than this are asked about path by path, which costs no more. */
const WORTH = 64
/** Paths in one script: an argument list has an end. */
const CHUNK = 500
// A name with one of these is printed by sha1sum in a way of its own.
const ODD = /[\n\r\\]/

/**
 * The entries of a tree that stand on the host exactly as they should: found by one listing of kinds, owners, modes and checksums,
 * which costs a tenth of asking about each path. Whatever differs in anything, or is not plain, is left for the careful way.
 */
export async function settledEntries(host: Reader, entries: readonly Entry[]): Promise<ReadonlyMap<string, PutState>> {
  const root = entries.find(({ above }) => !above)
  const inside = root?.kind === 'directory' && entries.length >= WORTH ? entries.filter(({ path, kind }) => kind !== 'link' && path.startsWith(`${root.path}/`) && !ODD.test(path)) : []
  if (inside.length === 0) return new Map()
  const chunks = Array.from({ length: Math.ceil(inside.length / CHUNK) }, (_, i) => inside.slice(i * CHUNK, (i + 1) * CHUNK))
  const asked = Promise.all([host.whoami(), ...chunks.map((some) => listing(host, root!.path, some))] as const)
  // Where ours cannot be read, nobody waits for the answer.
  asked.catch(() => undefined)
  // While the host reads its files we read ours, once the question is out.
  await nextTurn()
  for (const { content } of inside) if (content) sumOf(content)
  const [me, ...listings] = await asked
  const named = await accountNames(host, listings.flatMap(({ states }) => [...states.values()]))
  const found = new Map<string, PutState>()
  const directories = new Map<string, FileState>()
  chunks.forEach((some, i) => {
    const { states, sums } = listings[i]!
    for (const entry of some) {
      const name = entry.path.slice(root!.path.length + 1)
      const state = states.get(name)
      // Below a link to a directory, what is planned elsewhere might count.
      const parent = dirname(entry.path) === root!.path ? states.get('') : directories.get(dirname(entry.path))
      if (!state || !parent) continue
      const whole = named(state)
      if (!isSettled(entry, whole, sums.get(name), me)) continue
      if (entry.kind === 'directory') directories.set(entry.path, whole)
      found.set(entry.path, settledState(entry, whole, parent, me))
    }
  })
  return found
}

/** Asked for once each: stat would look them up anew for every file. */
async function accountNames(host: Reader, states: readonly FileState[]): Promise<(state: FileState) => FileState> {
  const names = async (resource: typeof userAccount, ids: Iterable<FileState['uid']>) =>
    new Map(await Promise.all([...new Set(ids)].map(async (id) => [id, nameOf(await host.get(resource, String(id))) ?? String(id)] as const)))
  const [users, groups] = await Promise.all([names(userAccount, states.map(({ uid }) => uid)), names(groupAccount, states.map(({ gid }) => gid))])
  return (state) => ({ ...state, owner: users.get(state.uid)!, group: groups.get(state.gid)! })
}

const nameOf = (account: Account | Unknown | undefined): string | undefined => (account instanceof Unknown ? undefined : account?.name)

interface Listing {
  readonly states: ReadonlyMap<string, FileState>
  readonly sums: ReadonlyMap<string, string>
}

const UNASKED = unknown('not asked about, for everything is as it should be')

/** Kinds, attributes and checksums by path below the root. Nothing where a dry run has planned something there. */
async function listing(host: Reader, root: string, entries: readonly Entry[]): Promise<Listing> {
  const names = entries.map(({ path }) => quote(`./${path.slice(root.length + 1)}`)).join(' ')
  const script = `export LC_ALL=C; [ ! -h ${quote(root)} ] && cd -- ${quote(root)} 2>/dev/null || exit 0; set -- ${names}; stat -c '%f %u %g %n' -- ./ "$@" 2>/dev/null; echo; ${atOnce('sha1sum -- "$@" 2>/dev/null')}`
  const reply = await host.run(script, [root])
  if (reply instanceof Unknown) return { states: new Map(), sums: new Map() }
  const [stats = '', sums = ''] = textOfBytes(reply.stdout).split('\n\n')
  return { states: new Map(linesOf(stats).map(parseLine)), sums: new Map(linesOf(sums).map((line) => [line.slice(44), line.slice(0, 40)])) }
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter(Boolean)

function parseLine(line: string): [string, FileState] {
  const [raw = '', uid = '', gid = ''] = line.split(' ', 3)
  const bits = Number.parseInt(raw, 16)
  return [line.slice(raw.length + uid.length + gid.length + 5), {
    kind: kindOf(bits), mode: bits & 0o7777, uid: Number(uid), gid: Number(gid), owner: uid, group: gid,
    size: UNASKED, accessed: UNASKED, modified: UNASKED, changed: UNASKED, inode: UNASKED, device: UNASKED, links: UNASKED,
  }]
}

/** Whether kind, content and everything that is asked for are right. Directories keep their mode where they exist. */
function isSettled({ kind, wanted, content }: Entry, state: FileState, sum: string | undefined, me: Identity): boolean {
  if (state.kind !== kind) return false
  const { owner, group } = viewOf(state, wanted)
  if ((wanted.owner ?? owner) !== owner || (wanted.group ?? group) !== group) return false
  if (kind === 'directory') return true
  return content !== undefined && sumOf(content) === sum && (wanted.mode === undefined || parseMode(wanted.mode, { mode: state.mode, directory: false }, me.umask) === state.mode)
}

function settledState({ path, wanted, content }: Entry, state: FileState, parent: FileState, me: Identity): PutState {
  const seen: Seen = { path, me, own: state, followed: state, parent, mayMake: UNASKED, mayWrite: UNASKED, user: undefined, group: undefined }
  return { ...viewOf(state, wanted), checksum: content ? sumOf(content) : '', seen: aside(seen), content: aside(undefined), settled: aside(true) }
}
