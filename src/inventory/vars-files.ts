import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { type Dict, type Value, isDict } from '../value/value.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import { loadYaml } from '../yaml/load-yaml.ts'
import type { Duplicates } from '../yaml/parse-nodes.ts'
import { toValue } from '../yaml/yaml-node.ts'

// A name without an ending, a directory included, comes first; only the first that is there counts.
const ENDINGS = ['', '.yml', '.yaml', '.json']

export type VarsKind = 'group_vars' | 'host_vars'

/**
 * The `group_vars` and `host_vars` of directories. Each directory is listed once and each file read once, when somebody asks for
 * the first time, so thousands of hosts without files of their own cost no look at the disk each.
 */
export class VarsFiles {
  readonly #listed = new Map<string, ReadonlySet<string>>()
  readonly #read = new Map<string, readonly Dict[]>()
  readonly #vault: VaultSecrets
  readonly #warn: (problem: Problem) => void
  readonly #duplicates: Duplicates
  constructor(vault: VaultSecrets, warn: (problem: Problem) => void, duplicates: Duplicates = 'refuse') {
    this.#duplicates = duplicates
    this.#vault = vault
    this.#warn = warn
  }

  /** Variables for a group or host beside an inventory or playbook; later files win. */
  load(directory: string, kind: VarsKind, name: string): readonly Dict[] {
    const key = join(directory, kind, name)
    let vars = this.#read.get(key)
    if (!vars) this.#read.set(key, (vars = this.#find(join(directory, kind), name).map((file) => this.#readFile(file))))
    return vars
  }

  forget(): void {
    this.#listed.clear()
    this.#read.clear()
  }

  #find(directory: string, name: string): readonly string[] {
    // A name with a slash (a URL-like host) leads below the directory, where the listing does not reach.
    const has = name.includes('/') ? (file: string) => existsSync(join(directory, file)) : (file: string) => this.#list(directory).has(file)
    const ending = ENDINGS.find((one) => has(name + one))
    if (ending === undefined) return []
    const path = join(directory, name + ending)
    return statSync(path).isDirectory() ? filesBelow(path) : [path]
  }

  #list(directory: string): ReadonlySet<string> {
    let names = this.#listed.get(directory)
    if (!names) this.#listed.set(directory, (names = new Set(existsSync(directory) && statSync(directory).isDirectory() ? readdirSync(directory) : [])))
    return names
  }

  #readFile(file: string): Dict {
    const node = loadYaml(file, { templates: true, vault: this.#vault, duplicates: this.#duplicates, warn: this.#warn })
    const value: Value = toValue(node)
    if (value === null) return new Map()
    if (isDict(value)) return value
    throw new Problem({ code: 'vars-file', summary: 'a file of variables holds a mapping of names to values', detail: file, span: node.span })
  }
}

/** Files of a directory and those below it, in the order of their names; hidden files, backups and other endings are left out. */
function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory).sort().flatMap((name) => {
    if (name.startsWith('.') || name.endsWith('~')) return []
    const path = join(directory, name)
    if (statSync(path).isDirectory()) return filesBelow(path)
    const dot = name.lastIndexOf('.')
    return ENDINGS.includes(dot < 0 ? '' : name.slice(dot)) ? [path] : []
  })
}
