import { accessSync, closeSync, constants, existsSync, openSync, readSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import { Problem, type Span } from '../../problem/problem.ts'
import type { Environment } from '../../template/scope.ts'
import type { Dict, Value } from '../../value/value.ts'
import type { VaultSecrets } from '../../vault/vault.ts'
import { loadText, loadYaml } from '../../yaml/load-yaml.ts'
import type { Duplicates } from '../../yaml/parse-nodes.ts'
import type { YamlNode } from '../../yaml/yaml-node.ts'
import type { InventoryData, Origin } from '../inventory-data.ts'
import { type HostAddress, expandHosts } from '../host-address.ts'
import type { InventorySettings } from '../inventory-settings.ts'

/** Variables of a host as the sources before this one give them. */
export type VarsOf = (host: string) => { get(name: string): Value | undefined; names(): Iterable<string> }

/** What every kind of source works with. */
export interface Reading {
  readonly data: InventoryData
  readonly vault: VaultSecrets
  readonly duplicates: Duplicates
  /** Filters and tests for `constructed`. */
  readonly environment: Environment
  readonly warn: (problem: Problem) => void
  readonly settings: InventorySettings
  /** Variables of the command line, above all others. */
  readonly extraVars: Dict
  /** What is known of hosts so far; with the variables of files where a source asks for them. */
  readonly varsBefore: (withFiles: boolean) => VarsOf
}

/** One kind of source. The kinds that accept a source try to read it, in the order of the settings, until one can. */
export interface SourceKind {
  readonly name: string
  accepts(source: Source, settings: InventorySettings): boolean
  /** Throws problems where the source is not of this kind, or wrong. */
  read(source: Source, reading: Reading): Promise<void> | void
}

/** A file, or a list of hosts with commas. What several kinds look at is read once. */
export class Source {
  readonly place: string
  readonly exists: boolean
  readonly #reading: Pick<Reading, 'vault' | 'duplicates' | 'warn'>
  #node: { readonly node?: YamlNode; readonly error?: unknown } | undefined

  constructor(place: string, reading: Pick<Reading, 'vault' | 'duplicates' | 'warn'>) {
    this.place = place
    this.exists = existsSync(place)
    this.#reading = reading
  }

  /** `.yml`, with the dot; nothing for a name without one, or with one only in front. */
  get ending(): string {
    return extname(this.place)
  }
  get origin(): Origin {
    return { file: this.place, directory: dirname(this.place) }
  }
  /** The first place of the file, for problems that have no other. */
  get span(): Span {
    return { file: this.place, line: 1, column: 1 }
  }

  text(): string {
    return loadText(this.place, this.#reading.vault)
  }

  yaml(): YamlNode {
    this.#node ??= this.#parse()
    if (this.#node.node) return this.#node.node
    throw this.#node.error
  }

  #parse(): { node?: YamlNode; error?: unknown } {
    try {
      return { node: loadYaml(this.place, { templates: true, ...this.#reading }) }
    } catch (error) {
      return { error }
    }
  }

  get isExecutable(): boolean {
    try {
      accessSync(this.place, constants.X_OK)
      return true
    } catch {
      return false
    }
  }

  /** The first characters, as bytes. */
  beginning(): string {
    const buffer = Buffer.alloc(512)
    try {
      const handle = openSync(this.place, 'r')
      try {
        return buffer.toString('latin1', 0, readSync(handle, buffer))
      } finally {
        closeSync(handle)
      }
    } catch (error) {
      throw new Problem({ code: 'file-unreadable', summary: 'a file cannot be read', detail: `${this.place}: ${(error as Error).message}` })
    }
  }
}

/** Adds all hosts of a pattern; a port that is said becomes `ansible_port`. */
export function addHosts({ data }: Reading, pattern: string, group: string | undefined, origin: Origin, span?: Span): readonly HostAddress[] {
  const hosts = expandHosts(pattern, span)
  for (const { name, port } of hosts) {
    const host = data.addHost(name, origin)
    if (port) host.vars.set('ansible_port', port)
    if (group !== undefined) data.join(name, group)
  }
  return hosts
}
