import { isAbsolute, join, resolve } from 'node:path'
import { Problem, type Span } from '../problem/problem.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import { type Dict, isDict } from '../value/value.ts'
import { loadYaml } from '../yaml/load-yaml.ts'
import type { Duplicates } from '../yaml/parse-nodes.ts'
import { toValue } from '../yaml/yaml-node.ts'
import { findFile } from './find-files.ts'

export interface VarsFileOptions {
  readonly playbookDirectory: string
  readonly vault?: VaultSecrets
  readonly duplicates?: Duplicates
  readonly span?: Span
}

/**
 * The variables of one entry of `vars_files`: the first of the names that is there, looked for in the playbook's `vars/` and
 * its directory. Names are rendered by the caller. Throws a `Problem` where none is there or the file holds no mapping.
 */
export function readVarsFile(names: readonly string[], { playbookDirectory, vault, duplicates, span }: VarsFileOptions): { readonly file: string; readonly vars: Dict } {
  const places = names.flatMap((name) => (isAbsolute(name) ? [name] : [resolve(playbookDirectory, name), join(playbookDirectory, 'vars', name)]))
  const file = findFile(places)
  const where = span ? { span } : {}
  if (!file) throw new Problem({ code: 'vars-file-not-found', summary: 'A file of variables is not there', detail: `looked for at ${places.join(', ')}`, ...where })
  return { file, vars: readVars(file, vault, duplicates, undefined, true) }
}

/** The variables of a YAML or JSON file. An empty file has none. With `lists`, as in `vars_files`, a list of mappings is one of their keys, later ones above. */
export function readVars(file: string, vault?: VaultSecrets, duplicates: Duplicates = 'refuse', warn?: (problem: Problem) => void, lists = false): Dict {
  const node = loadYaml(file, { templates: true, duplicates, ...(vault ? { vault } : {}), ...(warn ? { warn } : {}) })
  const value = toValue(node)
  if (value === null) return new Map()
  if (value instanceof Map) return value
  if (lists && Array.isArray(value) && value.every((item) => isDict(item))) return new Map(value.flatMap((item) => [...item]))
  throw new Problem({ code: 'vars-file-not-a-mapping', summary: 'A file of variables must hold a mapping', detail: file, span: node.span })
}
