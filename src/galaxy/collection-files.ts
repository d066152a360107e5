import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join, matchesGlob } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { toJson } from '../value/json.ts'
import { type Value, isDict } from '../value/value.ts'
import { loadYamlValue } from '../yaml/load-yaml.ts'
import { sha256Of } from './obtain.ts'

/** What a collection says of itself, in MANIFEST.json where it was built, in galaxy.yml where it was not. */
export interface CollectionInfo {
  readonly name: string
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  /** Everything there is, for the MANIFEST.json of an installed one. */
  readonly all: Readonly<Record<string, unknown>>
}

export function readCollectionInfo(directory: string): CollectionInfo | undefined {
  const [built, source] = [join(directory, 'MANIFEST.json'), join(directory, 'galaxy.yml')]
  if (existsSync(built)) return infoOf((JSON.parse(readFileSync(built, 'utf8')) as { collection_info?: Record<string, unknown> }).collection_info ?? {}, built)
  if (!existsSync(source)) return undefined
  const value: Value = loadYamlValue(source, { templates: false, duplicates: 'warn' })
  return infoOf(isDict(value) ? (toJson(value) as Record<string, unknown>) : {}, source)
}

function infoOf(all: Readonly<Record<string, unknown>>, file: string): CollectionInfo {
  const { namespace, name, version, dependencies } = all
  if (typeof namespace !== 'string' || typeof name !== 'string' || !/^\w+$/.test(namespace) || !/^\w+$/.test(name)) throw new Problem({ code: 'bad-collection', summary: 'A collection must say its namespace and its name', detail: file })
  return { name: `${namespace}.${name}`, version: String(version ?? '*'), dependencies: (dependencies ?? {}) as Record<string, string>, all }
}

/** Checks the files of a built collection against the checksums it brings; throws with the first that differ. */
export async function verifyFiles(directory: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(directory, 'MANIFEST.json'), 'utf8')) as { file_manifest_file?: { name?: string; chksum_sha256?: string } }
  const { name = 'FILES.json', chksum_sha256: expected } = manifest.file_manifest_file ?? {}
  const list = join(directory, name)
  if (!existsSync(list)) return
  const wrong = expected !== undefined && expected !== (await sha256Of(list)) ? [name] : []
  const { files = [] } = JSON.parse(readFileSync(list, 'utf8')) as { files?: readonly { name: string; ftype: string; chksum_sha256: string | null }[] }
  for (const file of files) {
    if (file.ftype !== 'file' || file.chksum_sha256 === null) continue
    const path = join(directory, file.name)
    if (!existsSync(path) || (await sha256Of(path)) !== file.chksum_sha256) wrong.push(file.name)
  }
  if (wrong.length > 0) throw new Problem({ code: 'galaxy-checksum', summary: 'Files of the collection are not those that its list of checksums names', detail: wrong.slice(0, 5).join(', ') })
}

/** Makes an installed collection of a source tree: what is not built is removed, and the two lists are written. */
export async function build(directory: string, info: CollectionInfo): Promise<void> {
  const ignored = ((info.all['build_ignore'] ?? []) as readonly string[]).concat(['galaxy.yml', '*.pyc', '*.retry', '.git', 'tests/output', `${info.name.replace('.', '-')}-*.tar.gz`])
  const isIgnored = (path: string): boolean => ignored.some((pattern) => matchesGlob(path, pattern) || (!pattern.includes('/') && matchesGlob(path.split('/').at(-1)!, pattern) && pattern.startsWith('*')))
  const files: object[] = [{ name: '.', ftype: 'dir', chksum_type: null, chksum_sha256: null, format: 1 }]
  const walk = async (below: string): Promise<void> => {
    for (const name of readdirSync(join(directory, below)).toSorted()) {
      const path = below === '' ? name : `${below}/${name}`
      const isDirectory = lstatSync(join(directory, path)).isDirectory()
      if (isIgnored(path)) await rm(join(directory, path), { recursive: true, force: true })
      else if (isDirectory) {
        files.push({ name: path, ftype: 'dir', chksum_type: null, chksum_sha256: null, format: 1 })
        await walk(path)
      } else if (existsSync(join(directory, path))) files.push({ name: path, ftype: 'file', chksum_type: 'sha256', chksum_sha256: await sha256Of(join(directory, path)), format: 1 })
    }
  }
  await walk('')
  const list = JSON.stringify({ files, format: 1 }, undefined, 1)
  await writeFile(join(directory, 'FILES.json'), list)
  const { build_ignore: _ignore, manifest: _manifest, ...collectionInfo } = info.all
  const sum = createHash('sha256').update(list).digest('hex')
  await writeFile(join(directory, 'MANIFEST.json'), JSON.stringify({ collection_info: collectionInfo, file_manifest_file: { name: 'FILES.json', ftype: 'file', chksum_type: 'sha256', chksum_sha256: sum, format: 1 }, format: 1 }, undefined, 1))
}
