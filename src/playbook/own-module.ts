import { closeSync, openSync, readSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isFile } from './find-files.ts'

/**
 * A module that a project brings along, in `library/` beside a playbook or in a role. `here`: written for tutti, in TypeScript
 * or JavaScript. `program`: in any language, run on the host by Ansible's protocols for modules that are not Python's.
 * `ansible`: needs Ansible's own Python library, or PowerShell, and cannot run.
 */
export interface OwnModule {
  readonly file: string
  readonly kind: 'here' | 'program' | 'ansible'
}

const HERE = ['.ts', '.mts', '.js', '.mjs']
/** Endings of what is documentation or data beside modules. */
const NO_MODULE = /\.(?:pyc|pyo|md|rst|ini|yml|yaml|json|txt|d\.ts)$|~$/

/** Remembers folders as they were at the first question: one is made for each loading. */
export function createOwnModules(): (directories: Iterable<string>, name: string) => OwnModule | undefined {
  const folders = new Map<string, ReadonlyMap<string, OwnModule>>()
  return (directories, name) => {
    for (const directory of directories) {
      let folder = folders.get(directory)
      if (!folder) folders.set(directory, (folder = listFolder(directory)))
      const found = folder.get(name)
      if (found) return found
    }
    return undefined
  }
}

/** All modules of a folder by name; what is written for tutti stands before what is not. */
function listFolder(directory: string): ReadonlyMap<string, OwnModule> {
  const modules = new Map<string, OwnModule>()
  for (const entry of entriesOf(directory)) {
    const file = join(directory, entry)
    if (NO_MODULE.test(entry) || !isFile(file)) continue
    const name = entry.replace(/\.\w+$/, '')
    const kind = kindOf(file)
    if (!modules.has(name) || kind === 'here') modules.set(name, { file, kind })
  }
  return modules
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}

/** What imports Ansible's Python library says so near its top; a script without an interpreter in its first line cannot be started. */
function kindOf(file: string): OwnModule['kind'] {
  if (HERE.some((ending) => file.endsWith(ending))) return 'here'
  const top = Buffer.alloc(65536)
  const handle = openSync(file, 'r')
  const bytes = top.subarray(0, readSync(handle, top))
  closeSync(handle)
  if (bytes.includes(0)) return 'program'
  const text = bytes.toString()
  const needsAnsible = /\.ps1$/.test(file) || !text.startsWith('#!') || /^\s*(?:from|import)\s+ansible(?:_collections)?[.\s]|^#!.*\b(?:powershell|pwsh)\b|INCLUDE_ANSIBLE_MODULE_COMMON/m.test(text)
  return needsAnsible ? 'ansible' : 'program'
}
