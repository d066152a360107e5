import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { Problem } from '../problem/problem.ts'

/** A repository at a branch, tag or commit, without its history. */
export async function clone(source: string, version: string | undefined, directory: string): Promise<void> {
  if (version?.startsWith('-')) throw failed('A version cannot begin with a dash', version)
  await program('git', ['clone', '--quiet', '--', source, directory], `${shownAddress(source)}`)
  if (version !== undefined && version !== 'HEAD') await program('git', ['-C', directory, 'checkout', '--quiet', '--detach', version, '--'], `${version} of ${shownAddress(source)}`, ['-C', directory, 'checkout', '--quiet', '--detach', `origin/${version}`, '--'])
  await rm(join(directory, '.git'), { recursive: true, force: true })
}

export const copyDirectory = (source: string, directory: string): Promise<void> => cp(source, directory, { recursive: true, verbatimSymlinks: true, filter: (path) => !/\/\.git(?:\/|$)/.test(path.slice(source.length)) })

/** Owners are not kept, and tar itself refuses names that lead out of the directory. */
export async function unpack(archive: string, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await program('tar', ['-xf', archive, '-C', directory, '--no-same-owner'], archive)
}

export interface Download {
  readonly headers?: Readonly<Record<string, string>>
  /** In milliseconds. */
  readonly timeout?: number
  /** The SHA-256 that the file must have. */
  readonly sha256?: string | undefined
}

/** An address into a file. What has another checksum than promised is not kept. */
export async function download(address: string, file: string, { headers, timeout = 60_000, sha256 }: Download = {}): Promise<void> {
  const { body } = await ask(address, headers, timeout)
  const hash = createHash('sha256')
  const hashing = new Transform({ transform: (chunk: Buffer, _encoding, done) => void (hash.update(chunk), done(null, chunk)) })
  await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), hashing, createWriteStream(file))
  const found = hash.digest('hex')
  if (sha256 === undefined || found === sha256) return
  await rm(file, { force: true })
  throw failed('The checksum of a download is not the one that the server promised', `${shownAddress(address)}: ${found}, not ${sha256}`, 'try again; if it stays so, do not trust the file')
}

export async function getJson(address: string, { headers, timeout = 60_000 }: Download = {}): Promise<unknown> {
  const response = await ask(address, headers, timeout)
  try {
    return await response.json()
  } catch {
    throw failed('The server did not answer with JSON', shownAddress(address))
  }
}

/** Redirects to another server do not take the headers for this one along: fetch drops `authorization`. */
async function ask(address: string, headers: Readonly<Record<string, string>> | undefined, timeout: number): Promise<Response> {
  const response = await fetch(address, { headers: { 'user-agent': 'tutti', ...headers }, signal: AbortSignal.timeout(timeout) }).catch((error: Error) => {
    throw new Problem({ code: 'galaxy-unreachable', summary: 'The server could not be reached', detail: `${shownAddress(address)}: ${reasonOf(error)}`, hint: 'without the network, roles and collections come from git repositories, archives and directories' })
  })
  if (response.ok) return response
  throw new Problem({ code: response.status === 404 ? 'galaxy-not-found' : 'galaxy-refused', summary: response.status === 404 ? 'The server has no such thing' : 'The server refused', detail: `${shownAddress(address)}: ${response.status} ${response.statusText}` })
}

const reasonOf = (error: Error): string => (error.name === 'TimeoutError' ? 'no answer in time' : error.cause instanceof Error ? error.cause.message : error.message)

async function program(name: string, args: readonly string[], what: string, otherwise?: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(name, args, { env: { ...process.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' }, maxBuffer: 1 << 26 })
  } catch (error) {
    if (otherwise) return program(name, otherwise, what)
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string }
    throw code === 'ENOENT' ? failed(`The program ${name} is not installed on this machine`, what) : failed(`${name} failed`, `${what}: ${shownAddress(stderr.trim().split('\n').at(-1) ?? '')}`)
  }
}

const failed = (summary: string, detail: string, hint?: string): Problem => new Problem({ code: 'galaxy-failed', summary, detail, ...(hint ? { hint } : {}) })

/** Tokens and passwords in addresses are nobody's business. */
export const shownAddress = (address: string): string => address.replaceAll(/(\w+:\/\/)[^/@\s]+@/g, '$1')

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
