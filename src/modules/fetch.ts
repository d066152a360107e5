import { createHash } from 'node:crypto'
import { createWriteStream, existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import type { Acting } from '../host/act.ts'
import { checksumResource, followedResource } from '../host/file.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { act } from '../host/step.ts'
import { flag, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { Unknown } from '../value/value.ts'

const MISSING = 'the remote file does not exist, not transferring, ignored'

export const fetch = defineModule({
  name: 'fetch',
  summary: 'Bring a file of the host to the controller.',
  params: {
    src: path('The file on the host.', { required: true }),
    dest: text('Where it goes on the controller: below a directory of the name of the host, unless flat.', { required: true }),
    flat: flag('dest is the file, or with a slash at its end the directory.', { default: false }),
    fail_on_missing: flag('A file that is not there is a failure.', { default: true }),
    validate_checksum: flag('Compare checksums after the transfer.', { default: true }),
  },
  whenChecked: 'check mode not (yet) supported for this module',
  async probe(host, params, { environment, hostName, playbookDirectory }) {
    const source = await resolvePath(host, params.src, environment)
    const [found, checksum] = await Promise.all([host.get(followedResource, source), host.get(checksumResource, source)])
    const { kind } = known(found)
    if (kind === 'absent' && params.fail_on_missing) fail(MISSING, { file: source })
    if (kind === 'directory') fail('remote file is a directory, fetch cannot work on directories', { file: source })
    const dest = destination(params, source, hostName, playbookDirectory)
    return { local: (kind === 'absent' ? null : localSum(dest)) as string | null | Unknown, seen: aside({ source, dest, checksum }) }
  },
  plan: (_params, before) => (before.local === null ? before : { ...before, local: before.seen.value.checksum }),
  apply({ params: { validate_checksum }, before }) {
    const { source, dest, checksum } = before.seen.value
    return [act(`fetch ${source} to ${dest} on the controller`, (host) => bring(host, source, dest, validate_checksum && !(checksum instanceof Unknown) ? checksum : undefined))]
  },
  diff: () => [],
  result({ before, after, changed, taken }) {
    const { source, dest, checksum } = before.seen.value
    if (after.local === null) return { outputs: { file: source, msg: MISSING } }
    const md5sum = (changed && !taken) || !existsSync(dest) ? undefined : createHash('md5').update(readFileSync(dest)).digest('hex')
    return { outputs: { checksum, dest, md5sum, ...(changed ? { remote_checksum: checksum, remote_md5sum: null } : { file: source }) } }
  },
})

function destination({ dest, flat }: { readonly dest: string; readonly flat: boolean }, source: string, hostName: string, directory: string): string {
  const local = resolve(directory, dest)
  if (!flat) return join(local, hostName, source)
  return dest.endsWith('/') || (existsSync(local) && statSync(local).isDirectory()) ? join(local, basename(source)) : local
}

function localSum(dest: string): string {
  if (!existsSync(dest)) return ''
  if (statSync(dest).isDirectory()) fail(`${dest} is a directory on the controller`)
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
