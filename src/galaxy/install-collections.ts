import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { type CollectionInfo, build, readCollectionInfo, verifyFiles } from './collection-files.ts'
import { type InstallOptions, inScratch, putInPlace } from './install.ts'
import { clone, copyDirectory, download, unpack } from './obtain.ts'
import type { CollectionRequirement } from './requirements.ts'
import { type CollectionVersion, type GalaxyServer, collectionVersion, collectionVersions } from './server.ts'
import { compareVersions, isInRange } from './version.ts'

/** A wish for a collection by its name: a range, and who has it. */
interface Wish {
  readonly name: string
  readonly range: string
  readonly by: string
  readonly server: string | undefined
}

/** Installs collections and what they depend on: those with a place of their own first, then one version of each that suits everyone who asks. */
export async function installCollections(wanted: readonly CollectionRequirement[], options: InstallOptions): Promise<void> {
  const wishes: Wish[] = wanted.filter(({ kind }) => kind === 'galaxy').map(({ source, version, server }) => ({ name: source, range: version, by: 'you', server }))
  const given = new Set<string>()
  for (const requirement of wanted.filter(({ kind }) => kind !== 'galaxy')) {
    const info = await installFrom(requirement, options)
    given.add(info.name)
    if (options.dependencies) wishes.push(...wishesOf(info.dependencies, info.name))
  }
  for (const [name, chosen] of await choose(wishes, given, options)) await installVersion(name, chosen, options)
}

const wishesOf = (dependencies: Readonly<Record<string, string>>, by: string): readonly Wish[] => Object.entries(dependencies).map(([name, range]) => ({ name, range, by, server: undefined }))

interface Chosen {
  /** Undefined where what is installed will do. */
  readonly from: { readonly server: GalaxyServer; readonly version: CollectionVersion } | undefined
  readonly version: string
}

/** Goes round until every choice suits all wishes known by then; a choice that a later wish rules out is made again. */
async function choose(wishes: Wish[], given: ReadonlySet<string>, options: InstallOptions): Promise<ReadonlyMap<string, Chosen>> {
  const chosen = new Map<string, Chosen>()
  for (let next = open(wishes, chosen, given, options); next !== undefined; next = open(wishes, chosen, given, options)) {
    const found = await pick(next, wishes.filter(({ name }) => name === next), options)
    chosen.set(next, found)
    const dependencies = found.from?.version.dependencies ?? (options.force ? {} : readCollectionInfo(placeOf(next, options))?.dependencies ?? {})
    const fresh = options.dependencies ? wishesOf(dependencies, next).filter((wish) => !wishes.some((old) => old.name === wish.name && old.range === wish.range && old.by === wish.by)) : []
    wishes.push(...fresh)
  }
  return chosen
}

const open = (wishes: readonly Wish[], chosen: ReadonlyMap<string, Chosen>, given: ReadonlySet<string>, { early }: InstallOptions): string | undefined =>
  wishes.find(({ name, range }) => !given.has(name) && !(chosen.has(name) && isInRange(chosen.get(name)!.version, range, early)))?.name

const placeOf = (name: string, { directory }: InstallOptions): string => join(directory, 'ansible_collections', ...name.split('.'))

async function pick(name: string, wishes: readonly Wish[], options: InstallOptions): Promise<Chosen> {
  const suits = (version: string): boolean => wishes.every(({ range }) => isInRange(version, range, options.early))
  const there = readCollectionInfo(placeOf(name, options))
  if (there && suits(there.version) && !options.force && !options.upgrade) return { from: undefined, version: there.version }
  const named = wishes.find(({ server }) => server !== undefined)?.server
  const servers = named === undefined ? options.servers : [options.servers.find(({ url }) => url === named) ?? { url: named, token: undefined, timeout: 60_000 }]
  const [seen, problems]: [string[], Problem[]] = [[], []]
  for (const server of servers) {
    const versions = await collectionVersions(server, name).catch((error: unknown) => (error instanceof Problem ? (problems.push(error), []) : Promise.reject(error)))
    const best = versions.filter(suits).toSorted(compareVersions).at(-1)
    if (best !== undefined && best === there?.version && !options.force) return { from: undefined, version: best }
    if (best !== undefined) return { from: { server, version: await collectionVersion(server, name, best) }, version: best }
    seen.push(...versions)
  }
  if (seen.length === 0 && problems.length > 0) throw problems[0]!
  throw new Problem({ code: 'galaxy-no-version', summary: 'No version of the collection suits all who ask for it', detail: `${name}: ${wishes.map(({ range, by }) => `${range} for ${by}`).join(', ')}`, hint: seen.length === 0 ? 'no server has it' : `there are ${seen.toSorted(compareVersions).slice(-10).join(', ')}` })
}

async function installVersion(name: string, { from, version }: Chosen, options: InstallOptions): Promise<void> {
  if (!from) return options.say(`'${name}:${version}' is already installed, skipping.`)
  await inScratch(options.directory, async (scratch) => {
    const [archive, raw] = [join(scratch, 'archive.tar.gz'), join(scratch, 'raw')]
    options.say(`Downloading ${from.version.address}`)
    const headers = from.server.token !== undefined && new URL(from.version.address).origin === new URL(from.server.url).origin ? { headers: { authorization: `Token ${from.server.token}` } } : {}
    await download(from.version.address, archive, { timeout: from.server.timeout, sha256: from.version.sha256, ...headers })
    await unpack(archive, raw)
    const info = await finished(raw, name)
    if (info.name !== name || info.version !== version) throw new Problem({ code: 'bad-collection', summary: 'The archive holds another collection than was asked for', detail: `${info.name}:${info.version}, not ${name}:${version}` })
    await place(raw, info, scratch, options)
  })
}

/** From a repository, an archive or a directory: what it is called it says itself. */
function installFrom(requirement: CollectionRequirement, options: InstallOptions): Promise<CollectionInfo> {
  return inScratch(options.directory, async (scratch) => {
    const raw = join(scratch, 'raw')
    if (requirement.kind === 'git') await clone(requirement.source, requirement.version === '*' ? undefined : requirement.version, raw)
    else if (requirement.kind === 'directory') await copyDirectory(requirement.source, raw)
    else await unpack(await archiveOf(requirement.source, join(scratch, 'archive')), raw)
    const top = join(raw, requirement.path ?? '.')
    const info = await finished(top, requirement.source, requirement)
    const there = readCollectionInfo(placeOf(info.name, options))
    // A branch may have moved on; of an archive with the same version nothing new is to be had.
    if (requirement.kind === 'tar' && there?.version === info.version && !options.force) options.say(`'${info.name}:${info.version}' is already installed, skipping.`)
    else await place(top, info, scratch, options)
    return info
  })
}

async function archiveOf(source: string, file: string): Promise<string> {
  if (!/^https?:/.test(source)) return source
  await download(source, file)
  return file
}

/** Verified where it was built, built where it is a source tree. */
async function finished(directory: string, what: string, { span }: Partial<CollectionRequirement> = {}): Promise<CollectionInfo> {
  const info = existsSync(directory) ? readCollectionInfo(directory) : undefined
  if (!info) throw new Problem({ code: 'bad-collection', summary: 'There is no collection in it: galaxy.yml and MANIFEST.json are missing', detail: what, ...(span ? { span } : {}) })
  if (existsSync(join(directory, 'MANIFEST.json'))) await verifyFiles(directory)
  else await build(directory, info)
  return info
}

async function place(finishedDirectory: string, { name, version }: CollectionInfo, scratch: string, options: InstallOptions): Promise<void> {
  options.say(`Installing '${name}:${version}' to '${placeOf(name, options)}'`)
  await putInPlace(finishedDirectory, placeOf(name, options), scratch)
  options.say(`${name}:${version} was installed successfully`)
}

export interface InstalledCollection {
  readonly name: string
  readonly version: string
}

/** The collections below a directory with `ansible_collections`. */
export function collectionsIn(directory: string): readonly InstalledCollection[] {
  const root = join(directory, 'ansible_collections')
  const below = (path: string): readonly string[] => (existsSync(path) ? readdirSync(path, { withFileTypes: true }).filter((entry) => !entry.name.startsWith('.') && !entry.isFile()).map(({ name }) => name).toSorted() : [])
  return below(root).flatMap((namespace) => below(join(root, namespace)).flatMap((name) => {
    const info = readCollectionInfo(join(root, namespace, name))
    return info ? [{ name: `${namespace}.${name}`, version: info.version }] : []
  }))
}
