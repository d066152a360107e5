import { existsSync, lstatSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { type Value, isDict } from '../value/value.ts'
import { loadYaml, loadYamlValue } from '../yaml/load-yaml.ts'
import { type InstallOptions, inScratch, putInPlace } from './install.ts'
import { clone, copyDirectory, download, unpack } from './obtain.ts'
import { type RoleRequirement, readRequirements, roleOfMeta } from './requirements.ts'
import { roleVersion } from './server.ts'
import { compareVersions } from './version.ts'

/** Installs roles and what they depend on, each once. */
export async function installRoles(wanted: readonly RoleRequirement[], options: InstallOptions): Promise<void> {
  const seen = new Set<string>()
  const queue = [...wanted]
  for (let role = queue.shift(); role; role = queue.shift()) {
    if (seen.has(role.name)) continue
    seen.add(role.name)
    checkName(role)
    const place = join(options.directory, role.name)
    const there = installedRole(place)
    if (there !== undefined && !options.force) {
      if (role.version !== undefined && there.version !== role.version) options.say(`- ${role.name} (${there.version ?? 'unknown version'}) is there, not ${role.version}; --force replaces it`)
      else options.say(`- ${role.name} (${there.version ?? 'unknown version'}) is already installed, skipping.`)
    } else await installRole(role, place, options)
    if (options.dependencies) queue.push(...dependenciesOf(place))
  }
}

/** A name is a directory below the directory of roles, nothing else. */
function checkName({ name, span }: RoleRequirement): void {
  if (/^[\w@-][\w@.-]*$/.test(name)) return
  throw new Problem({ code: 'bad-requirements', summary: 'This cannot be the name of a role', detail: `'${name}'`, ...(span ? { span } : {}) })
}

function installRole(role: RoleRequirement, place: string, options: InstallOptions): Promise<void> {
  return inScratch(options.directory, async (scratch) => {
    const [raw, archive] = [join(scratch, 'raw'), join(scratch, 'archive')]
    let version = role.version
    if (role.kind === 'git') await clone(role.source, role.version, raw)
    else if (role.kind === 'directory') await copyDirectory(role.source, raw)
    else if (role.kind === 'tar' && !/^https?:/.test(role.source)) await unpack(role.source, raw)
    else {
      const found = role.kind === 'galaxy' ? await onServers(role, options) : { version: role.version, address: role.source }
      version = found.version
      options.say(`- downloading role from ${found.address}`)
      await download(found.address, archive)
      await unpack(archive, raw)
    }
    const top = topOf(raw, role)
    options.say(`- extracting ${role.name} to ${place}`)
    await writeFile(join(top, 'meta/.galaxy_install_info'), `install_date: ${new Date().toUTCString()}\nversion: ${JSON.stringify(version ?? '')}\n`)
    await putInPlace(top, place, scratch)
    options.say(`- ${role.name} (${version ?? 'unknown version'}) was installed successfully`)
  })
}

async function onServers(role: RoleRequirement, { servers }: InstallOptions): ReturnType<typeof roleVersion> {
  const newest = (versions: readonly string[]): string | undefined => versions.toSorted(compareVersions).at(-1)
  let last: unknown
  for (const server of servers) {
    try {
      return await roleVersion(server, role.source, role.version, newest)
    } catch (error) {
      last = error
    }
  }
  throw last
}

/** The directory with `meta/main.yml`: archives have one directory around it. */
function topOf(directory: string, { name, source, span }: RoleRequirement): string {
  const candidates = [directory, ...readdirSync(directory).map((entry) => join(directory, entry))]
  const found = candidates.find((candidate) => ['meta/main.yml', 'meta/main.yaml'].some((file) => existsSync(join(candidate, file))))
  if (found && !lstatSync(found).isSymbolicLink() && !lstatSync(join(found, 'meta')).isSymbolicLink()) return found
  throw new Problem({ code: 'galaxy-no-role', summary: 'There is no role in it: meta/main.yml is missing', detail: `${name} from ${source}`, ...(span ? { span } : {}) })
}

function dependenciesOf(place: string): readonly RoleRequirement[] {
  const extra = ['meta/requirements.yml', 'meta/requirements.yaml'].map((file) => join(place, file)).find((file) => existsSync(file))
  if (extra) return readRequirements(extra).roles
  const meta = ['meta/main.yml', 'meta/main.yaml'].map((file) => join(place, file)).find((file) => existsSync(file))
  const node = meta ? loadYaml(meta, { templates: false, duplicates: 'warn' }) : undefined
  const dependencies = node?.kind === 'mapping' ? node.entries.find(({ key }) => key === 'dependencies')?.value : undefined
  // A dependency that is a plain name of a role beside this one comes from nowhere.
  return dependencies?.kind === 'sequence' ? dependencies.items.flatMap((item) => roleOfMeta(item, meta!)) : []
}

export interface InstalledRole {
  readonly name: string
  readonly path: string
  readonly version: string | undefined
}

/** The role at a place, if there is one. */
export function installedRole(path: string): InstalledRole | undefined {
  if (!existsSync(join(path, 'meta/main.yml')) && !existsSync(join(path, 'meta/main.yaml')) && !existsSync(join(path, 'tasks/main.yml'))) return undefined
  const info = join(path, 'meta/.galaxy_install_info')
  const value: Value = existsSync(info) && readFileSync(info, 'utf8').trim() !== '' ? loadYamlValue(info, { templates: false, duplicates: 'warn' }) : null
  const version = isDict(value) ? value.get('version') : undefined
  return { name: path.split('/').at(-1)!, path, version: version === undefined || version === null || version === '' ? undefined : String(version) }
}

export const rolesIn = (directory: string): readonly InstalledRole[] => (existsSync(directory) ? readdirSync(directory).toSorted().flatMap((name) => installedRole(join(directory, name)) ?? []) : [])

export function removeRole(directories: readonly string[], name: string): string | undefined {
  const found = directories.map((directory) => join(directory, name)).find((path) => /^[\w@-][\w@.-]*$/.test(name) && installedRole(path))
  if (found !== undefined) rmSync(found, { recursive: true, force: true })
  return found
}
