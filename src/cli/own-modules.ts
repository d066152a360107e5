import type { Module } from '../contract/define-module.ts'
import { loadOwnModule } from '../contract/own-module.ts'
import { programModule } from '../contract/program-module.ts'
import type { ModuleRegistry } from '../engine/run.ts'
import { modules } from '../modules/registry.ts'

const loaded = new Map<string, Promise<Module>>()

/** The module in a file of a project's `library/`, loaded once: ours where it is TypeScript or JavaScript, else a program. */
function moduleAt(file: string): Promise<Module> {
  let module = loaded.get(file)
  if (!module) loaded.set(file, (module = /\.m?[jt]s$/.test(file) ? loadOwnModule(file) : programModule(file)))
  return module
}

/** The modules of tutti, and those of a project by their path. */
export const withOwnModules: ModuleRegistry = { get: (key) => (key.startsWith('/') ? () => moduleAt(key) : modules.get(key)) }
