import { createHash } from 'node:crypto'
import { createWriteStream, existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, posix, resolve } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import type { Acting } from '../host/act.ts'
import { type FileKind, checksumResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { act } from '../host/step.ts'
import { Problem } from '../problem/problem.ts'
import { flag, raw, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { Unknown } from '../value/value.ts'

const DIRECTORY = 'remote file is a directory, fetch cannot work on directories'
const MISSING = 'the remote file does not exist, not transferring, ignored'

const UNREADABLE = 'file is not readable'

export const fetch = defineModule({
  name: 'fetch',
  summary: 'Bring a file of the host to the controller.',
  notes: ['Needs nothing on the host but its shell. A dry run says which files would come, and writes none.'],
  examples: `
- name: A log, below the name of the host
  fetch: { src: /var/log/app.log, dest: fetched/ }
- name: One file, exactly there
  fetch: { src: /etc/hostname, dest: "names/{{ inventory_hostname }}", flat: true }
- name: Where it may be missing
  fetch: { src: /var/log/app.err, dest: fetched/, fail_on_missing: false }
`,
  params: {
    src: raw('The file on the host.', { required: true }),
    dest: text('Where it goes on the controller: below a directory of the name of the host, unless flat.', { required: true }),
    flat: flag('dest is the file, or with a slash at its end the directory.', { default: false }),
    fail_on_missing: flag('A file that is not there is a failure.', { default: true }),
    validate_checksum: flag('Compare checksums after the transfer.', { default: true }),
  },
  rules: { words: { missing: 'src and dest are required' } },
  whenChecked: 'check mode not (yet) supported for this module',
  async probe(host, params, { environment, hostName, playbookDirectory }) {
    if (typeof params.src !== 'string') return fail('Invalid type supplied for source option, it must be a string')
    const source = await resolvePath(host, params.src, environment)
    const [found, checksum] = await Promise.all([kindOf(host, source), host.get(checksumResource, source)])
    const kind = known(found)
    if (kind === 'unreadable' && params.fail_on_missing) fail(`${UNREADABLE}: ${source} (Permission denied)`, { file: source })
    if (kind === 'absent' && params.fail_on_missing) fail(MISSING, { file: source })
    if (kind === 'directory' && params.fail_on_missing) fail(DIRECTORY)
    // What is relative on the host stays below the directory of the host here.
    const dest = destination(params, /^[^/~$]/.test(params.src) ? posix.join('/', params.src) : source, hostName, playbookDirectory)
    const ignored = kind === 'absent' ? MISSING : kind === 'directory' ? `${DIRECTORY}, not transferring, ignored` : kind === 'unreadable' ? `${UNREADABLE}, not transferring, ignored` : undefined
    return { local: (ignored === undefined ? localSum(dest) : null) as string | null | Unknown, seen: aside({ source, dest, checksum, ignored }) }
  },
  plan: (_params, before) => (before.local === null ? before : { ...before, local: before.seen.value.checksum }),
  apply({ params: { validate_checksum }, before }) {
    const { source, dest, checksum } = before.seen.value
    return [act(`fetch ${source} to ${dest} on the controller`, (host) => bring(host, source, dest, validate_checksum && !(checksum instanceof Unknown) ? checksum : undefined))]
  },
  diff: () => [],
  result({ before, changed, taken }) {
    const { source, dest, checksum, ignored } = before.seen.value
    if (ignored !== undefined) return { outputs: { file: source, msg: ignored } }
    const md5sum = (changed && !taken) || !existsSync(dest) ? undefined : createHash('md5').update(readFileSync(dest)).digest('hex')
    return { outputs: { checksum, dest, md5sum, ...(changed ? { remote_checksum: checksum, remote_md5sum: null } : { file: source }) } }
  },
})

/** What is there, or that the user may not read it (or what it is in). */
async function kindOf(host: Reader, path: string): Promise<FileKind | 'unreadable' | Unknown> {
  try {
    const [found, readable] = await Promise.all([host.get(followedResource, path), host.run(`[ ! -f ${quote(path)} ] || [ -r ${quote(path)} ]`, [path])])
    if (found instanceof Unknown) return found
    return !(readable instanceof Unknown) && readable.code !== 0 ? 'unreadable' : found.kind
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'permission-denied') return 'unreadable'
    throw thrown
  }
}

function destination({ dest, flat }: { readonly dest: string; readonly flat: boolean }, source: string, hostName: string, directory: string): string {
  const local = resolve(directory, dest.replace(/^~(?=\/|$)/, homedir()))
  if (!flat) return join(local, hostName, source)
  if (dest.endsWith('/')) return join(local, basename(source))
  if (isDirectory(local)) fail('dest is an existing directory, use a trailing slash if you want to fetch src into that directory', { file: dest })
  return local
}

const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

function localSum(dest: string): string {
  if (!existsSync(dest)) return ''
  if (isDirectory(dest)) fail(`calculated dest '${dest}' is an existing directory, use another path that does not point to an existing directory`)
  return createHash('sha1').update(readFileSync(dest)).digest('hex')
}

/** Streams into a file beside the destination and renames it, so that half a file is never taken for the whole. */
async function bring(host: Acting, source: string, dest: string, wanted: string | undefined): Promise<string> {
  await mkdir(dirname(dest), { recursive: true })
  const part = `${dest}.part${process.pid}`
  const hash = createHash('sha1')
  try {
    const { stdout, done } = host.output(`exec cat < ${quote(source)}`)
    const summing = new Transform({ transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk)
      next(null, chunk)
    } })
    await pipeline(stdout, summing, createWriteStream(part))
    const { code, stderr } = await done
    if (code !== 0) fail(`cannot read ${source}: ${stderr.toString().trim()}`)
    const sum = hash.digest('hex')
    if (wanted !== undefined && sum !== wanted) fail('checksum mismatch', { checksum: sum, remote_checksum: wanted, dest, file: source })
    await rename(part, dest)
    return sum
  } finally {
    await rm(part, { force: true })
  }
}
