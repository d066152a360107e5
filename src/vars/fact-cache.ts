import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { fromJson, toJson } from '../value/json.ts'
import { type Dict, type Value, findUnknown, isDict } from '../value/value.ts'

/** Where facts outlive a run: a file a host, as Ansible's `jsonfile` writes them, so that both can read each other's. */
export interface FactCacheSettings {
  readonly directory: string
  readonly prefix: string
  /** Seconds after which facts are too old; 0 for never. */
  readonly timeout: number
  /** A dry run leaves no trace: it only reads. */
  readonly readOnly: boolean
}

/** The facts of hosts under the names they came with. */
export interface FactCache {
  load(host: string): Dict
  save(host: string, facts: Dict): void
  forget(host: string): void
}

export function createFactCache({ directory, prefix, timeout, readOnly }: FactCacheSettings): FactCache {
  const fileOf = (host: string): string => join(directory, `${prefix}${host.replaceAll('/', '_')}`)
  return {
    load: (host) => (isFresh(fileOf(host), timeout) ? read(fileOf(host)) : new Map()),
    save(host, facts) {
      if (readOnly) return
      const known = new Map([...facts].filter(([, value]) => findUnknown(value) === undefined))
      write(fileOf(host), `${JSON.stringify(toJson(new Map<Value, Value>([...known, ['_ansible_facts_gathered', known.has('ansible_module_setup') || known.has('module_setup')]])), undefined, 4)}`)
    },
    forget: (host) => void (readOnly || rmSync(fileOf(host), { force: true })),
  }
}

function isFresh(file: string, timeout: number): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  return found !== undefined && (timeout === 0 || Date.now() - found.mtimeMs <= timeout * 1000)
}

/** A file that is broken is no cache. */
function read(file: string): Dict {
  try {
    const value = fromJson(JSON.parse(readFileSync(file, 'utf8')))
    return isDict(value) ? new Map([...value].filter(([name]) => name !== '_ansible_facts_gathered')) : new Map()
  } catch {
    return new Map()
  }
}

function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, text, { mode: 0o644 })
    renameSync(`${file}.new`, file)
  } catch (error) {
    throw new Problem({ code: 'fact-cache', summary: 'The cache of facts cannot be written', detail: `${file}: ${(error as Error).message}`, hint: 'mend `fact_caching_connection`, or set `fact_caching = memory`' })
  }
}
