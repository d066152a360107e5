import { posix } from 'node:path'
import { Problem } from '../problem/problem.ts'
import type { Shell } from '../transport/connection.ts'
import { type Unknown, isUnknown, unknown } from '../value/value.ts'
import type { FileState } from './file.ts'
import type { PackageSource } from './package.ts'
import { type PackageContent, contentScript, oneFileScript, parseContents } from './package-content.ts'
import type { Foresight, PlannedPackage } from './resource.ts'

/** Where packages put things: nothing elsewhere is theirs. */
const PLACES = /^\/(?:etc|usr|var|opt|lib|lib64|bin|sbin|srv|boot|run)(?:\/|$)/

/**
 * What planned packages will bring, learnt from the packages themselves when somebody asks for the first time: shipped files are
 * known with their content; what a maintainer script speaks of is unknown; everything else stays as it is.
 */
export class PackageForesight implements Foresight {
  readonly #shell: Shell
  readonly #planned: () => readonly PlannedPackage[]
  readonly #contents: Map<string, Promise<PackageContent | Unknown>>

  constructor(shell: Shell, planned: () => readonly PlannedPackage[], contents = new Map<string, Promise<PackageContent | Unknown>>()) {
    this.#shell = shell
    this.#planned = planned
    this.#contents = contents
  }

  /** The same knowledge for another plan. */
  for(planned: () => readonly PlannedPackage[]): PackageForesight {
    return new PackageForesight(this.#shell, planned, this.#contents)
  }

  async file(path: string, passing = false): Promise<FileState | Unknown | undefined> {
    if (!PLACES.test(path)) return undefined
    const scripted = ({ scripts }: PackageContent, { by, name }: PlannedPackage, speaks: (scripts: string, path: string) => boolean) => (speaks(scripts, path) ? unknown(`the scripts of package ${name}, which ${by} installs, may make or change ${path}`) : undefined)
    const shipped = await this.#first(({ files }) => files.get(path) ?? files.get(merged(path)), path)
    if (isUnknown(shipped) || (passing && shipped?.kind === 'directory')) return shipped
    // Shipped files get their final owner and mode from scripts, where those speak of them.
    return (await this.#first((content, planned) => scripted(content, planned, shipped ? changes : mentions), path)) ?? shipped
  }

  async content(path: string): Promise<Buffer | Unknown | undefined> {
    return this.#first(async ({ contents, files }, { name, source }) => {
      const place = [path, merged(path)].find((one) => files.get(one)?.kind === 'file')
      if (place === undefined) return undefined
      const known = contents.get(place)
      if (known || !source) return known
      const { code, stdout } = await this.#shell.run(oneFileScript(source, place), { timeout: 300 })
      return code === 0 ? stdout : unknown(`${path} of package ${name} cannot be read before it is installed`)
    }, path)
  }

  async unit(name: string): Promise<{ readonly exists: true; readonly by: string; readonly enabled?: boolean } | Unknown | undefined> {
    const names = name.includes('@') ? [name, name.replace(/@.*(?=\.[a-z]+$)/, '@')] : [name]
    const paths = names.flatMap((one) => [`/lib/systemd/system/${one}`, `/usr/lib/systemd/system/${one}`, `/etc/systemd/system/${one}`])
    const alias = new RegExp(`^Alias=(?:.*\\s)?${escape(name)}(?:\\s|$)`, 'm')
    return this.#first(({ files, contents, scripts }, { by, name: package_ }) => {
      const path = paths.find((one) => files.has(one)) ?? [...contents].find(([one, text]) => one.includes('/systemd/system/') && alias.test(text.toString()))?.[0]
      if (path !== undefined) return { exists: true as const, by, ...enabledBy(scripts, posix.basename(path), contents.get(path)?.toString() ?? '') }
      if (files.has(`/etc/init.d/${name.replace(/\.service$/, '')}`)) return { exists: true as const, by }
      return word(name).test(scripts) ? unknown(`the scripts of package ${package_}, which ${by} installs, speak of ${name}`) : undefined
    }, name)
  }

  user(name: string): Promise<Unknown | undefined> {
    return this.#account(name, 'user')
  }

  group(name: string): Promise<Unknown | undefined> {
    return this.#account(name, 'group')
  }

  #account(name: string, kind: string): Promise<Unknown | undefined> {
    return this.#first(({ scripts }, { by, name: package_ }) => (word(name).test(scripts) ? unknown(`package ${package_}, which ${by} installs, may make the ${kind} ${name}`) : undefined), name)
  }

  /** What the first package that has to do with it says; unknown once one of them cannot be looked into, or may not come. */
  async #first<T>(look: (content: PackageContent, planned: PlannedPackage) => T | Unknown | undefined | Promise<T | Unknown | undefined>, thing: string): Promise<T | Unknown | undefined> {
    const planned = this.#planned().filter(({ action }) => action === 'install')
    const contents = await this.#load(planned)
    let doubt: Unknown | undefined
    for (const [i, one] of planned.entries()) {
      const content = contents[i]!
      if (isUnknown(content)) {
        doubt ??= unknown(`package ${one.name}, which ${one.by} installs, may bring ${thing}: ${content.reason}`)
        continue
      }
      const found = await look(content, one)
      if (found !== undefined) return one.doubtful ? unknown(`${thing} comes with package ${one.name}, if ${one.by} installs it`) : found
    }
    return doubt
  }

  /** One script for all packages that were not looked into yet. */
  async #load(planned: readonly PlannedPackage[]): Promise<readonly (PackageContent | Unknown)[]> {
    const missing = planned.filter((one) => !this.#contents.has(keyOf(one)))
    for (const one of missing) if (!one.source) this.#contents.set(keyOf(one), Promise.resolve(unknown('where it comes from is not known yet')))
    const wanted = new Map(missing.flatMap((one) => (one.source ? [[keyOf(one), one.source] as const] : [])))
    if (wanted.size > 0) {
      const loading = this.#read([...wanted])
      for (const key of wanted.keys()) this.#contents.set(key, loading.then((found) => found.get(key) ?? unknown('it could not be looked into'), (error: unknown) => {
        if (error instanceof Problem) return unknown(error.message)
        throw error
      }))
    }
    return Promise.all(planned.map((one) => this.#contents.get(keyOf(one))!))
  }

  async #read(sources: readonly (readonly [string, PackageSource])[]): Promise<ReadonlyMap<string, PackageContent>> {
    const { code, stdout, stderr } = await this.#shell.run(contentScript(sources), { timeout: 900 })
    if (code !== 0) throw new Problem({ code: 'no-foresight', summary: 'packages of the plan cannot be looked into', detail: stderr.toString().trim().split('\n').at(-1) ?? '' })
    return parseContents(stdout.toString())
  }
}

const keyOf = ({ name, version, source }: PlannedPackage): string => `${name} ${version ?? ''} ${source?.uri ?? ''}`
const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const word = (name: string): RegExp => new RegExp(`(?<![\\w.-])${escape(name)}(?![\\w-])`)

/** A system whose /bin is a link to /usr/bin finds a file under either name. */
const merged = (path: string): string => (/^\/usr\/(?:bin|sbin|lib|lib64)\//.test(path) ? path.slice(4) : /^\/(?:bin|sbin|lib|lib64)\//.test(path) ? `/usr${path}` : path)

/** A script speaks of a path by its name, by the last part of it, or by its directory with a pattern or variable behind. */
export function mentions(scripts: string, path: string): boolean {
  if (scripts.includes(path)) return true
  const [directory, base] = [posix.dirname(path), posix.basename(path)]
  if (base.length > 2 && word(base).test(scripts)) return true
  return directory.split('/').length > 2 && new RegExp(`${escape(directory)}/["']?[*$\\[{]`).test(scripts)
}

/** Programs that change what they are given; a mere test of a path is none. */
const CHANGING = /(?:^|[\s;&|(])(?:chown|chmod|chgrp|dpkg-statoverride|dpkg-divert|install|mkdir|rm|rmdir|mv|ln|cp|setfacl|setcap|chattr|sed|perl|python3?|ucfr?|tee|touch|find|xargs|[dzqwv][+!]*)(?:\s|$)|>/

/** Whether a script changes a file that is shipped: by its path, its directory with a pattern or variable, or everything below. */
export function changes(scripts: string, path: string): boolean {
  const directory = posix.dirname(path)
  const named = new RegExp(`${escape(path)}(?![\\w/.-])`)
  const assigned = new RegExp(`=["']?${escape(path)}(?![\\w/.-])`)
  if (scripts.split('\n').some((line) => named.test(line) && (CHANGING.test(line) || assigned.test(line)))) return true
  if (new RegExp(`${escape(directory)}/["']?[*$\\[{]`).test(scripts)) return true
  if (word(posix.basename(path)).test(scripts) && new RegExp(`=["']?${escape(directory)}/?["']?(?:\\s|;|$)`, 'm').test(scripts)) return true
  for (let at = directory; at.length > 1; at = posix.dirname(at)) if (new RegExp(`ch(?:own|mod|grp)[^\\n]*\\s-\\w*R[^\\n]*${escape(at)}/?["']?(?:\\s|;|$)`, 'm').test(scripts)) return true
  return false
}

function enabledBy(scripts: string, unit: string, text: string): { readonly enabled?: boolean } {
  if (text !== '' && !/^\[Install\]/m.test(text)) return {}
  if (new RegExp(`deb-systemd-helper enable ['"]?${escape(unit)}`).test(scripts)) return { enabled: true }
  return new RegExp(`systemctl[^\\n]*enable|update-rc\\.d`).test(scripts) || word(unit).test(scripts) ? {} : { enabled: false }
}
