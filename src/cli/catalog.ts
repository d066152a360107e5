import { checkRules } from '../contract/check-rules.ts'
import type { Module } from '../contract/define-module.ts'
import { loadOwnModule } from '../contract/own-module.ts'
import { controlList } from '../engine/control/controls.ts'
import type { KnownModule, ModuleCatalog } from '../playbook/load-playbook.ts'
import type { OwnModule } from '../playbook/own-module.ts'
import { convertParams } from '../schema/convert-params.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Dict, TemplateString, type Value, isDict } from '../value/value.ts'

type Modules = ReadonlyMap<string, () => Promise<Module<any, any>>>

/** The modules as loading sees them. Only those that a playbook uses are imported: first names are noted, then `loadMissing` brings them. */
export interface Catalog extends ModuleCatalog {
  /** Imports what was asked for since; whether there was something. */
  loadMissing(): Promise<boolean>
}

/** Actions of the engine that have no declaration to check against. */
const ENGINE = ['include_tasks', 'include_role', 'import_tasks', 'import_role', 'meta', 'set_fact', 'debug', 'assert', 'fail', 'pause', 'add_host', 'group_by', 'include_vars', 'set_stats', 'validate_argument_spec']

export function createCatalog(modules: Modules): Catalog {
  const loaded = new Map<string, Module<any, any>>()
  const missing = new Set<string>()
  const engine = new Map(controlList.map((control) => [control.name, control]))
  const findOwn = ({ file, kind }: OwnModule): KnownModule | undefined => {
    if (kind === 'ansible') return undefined
    const module = loaded.get(file)
    if (kind === 'here' && !module) missing.add(file)
    return { problems: (args, spans, nodes) => (module ? problemsOf(module, args, spans, nodes) : []), files: (args) => (module ? filesOf(module, args) : []) }
  }
  return {
    names: () => [...new Set([...modules.keys(), ...ENGINE, ...engine.keys()])],
    find(action, own) {
      if (own) return findOwn(own)
      const control = engine.get(action)
      if (control) return { problems: (args, spans) => (control.open ? [] : convertParams(control.params, freeForm(args, control.freeForm), { owner: `'${action}'`, spans }).problems) }
      if (ENGINE.includes(action)) return { problems: () => [] }
      if (!modules.has(action)) return undefined
      const module = loaded.get(action)
      if (!module) missing.add(action)
      return { problems: (args, spans, nodes) => (module ? problemsOf(module, args, spans, nodes) : []), files: (args) => (module ? filesOf(module, args) : []) }
    },
    async loadMissing() {
      const names = [...missing].filter((name) => !loaded.has(name))
      for (const [name, module] of await Promise.all(names.map(async (name) => [name, await (modules.get(name) ?? (() => loadOwnModule(name)))()] as const))) loaded.set(name, module)
      return names.length > 0
    },
  }
}

/** Places of the arguments, and the arguments with the place of each part. */
type Tail = Parameters<KnownModule['problems']> extends readonly [Dict, ...infer Rest] ? Rest : never

function problemsOf(module: Module<any, any>, args: Dict, ...[spans, nodes]: Tail) {
  const given = freeForm(args, module.freeForm)
  const { params, problems } = convertParams(module.params, given, { owner: `module '${module.name}'`, spans, refused: module.refused }, (field) => (field.type === 'file' ? {} : undefined))
  // A template counts as given: what it will say is not known yet.
  const names = new Set([...given.keys()].flatMap((key) => Object.entries(module.params as Module['params']).filter(([name, field]) => name === key || field.aliases.includes(String(key))).map(([name]) => name)))
  const broken = checkRules(module.name, module.rules, (name) => names.has(name), (name) => params[name])
  const found = [...problems, ...broken]
  return found.length > 0 || !module.check || !nodes ? found : module.check(args, nodes)
}

/** Names with templates are known only when they are rendered; with `remote_src` they are paths on the host. */
function filesOf(module: Module<any, any>, args: Dict): ReturnType<NonNullable<KnownModule['files']>> {
  const given = freeForm(args, module.freeForm)
  return Object.entries(module.params as Module['params']).flatMap(([param, { file, aliases }]) => {
    const key = [param, ...aliases].find((name) => given.has(name))
    const value = key === undefined ? undefined : given.get(key)
    // `copy: false` is how unarchive said `remote_src: true` once.
    if (!file || value === undefined || given.has('copy') || (given.get('remote_src') ?? file.onHost ?? false) !== false) return []
    return namesIn(value, file.many === true).filter((name) => name !== '').map((name) => ({ param: key!, name: file.words && typeof name === 'string' ? (splitWords(name)[0] ?? '') : name, directory: file.directory, render: file.render }))
  })
}

const namesIn = (value: Value, many: boolean): readonly (string | TemplateString)[] =>
  typeof value === 'string' || value instanceof TemplateString ? [value] : !many ? [] : Array.isArray(value) ? (value as readonly Value[]).flatMap((item) => namesIn(item, true)) : isDict(value) && value.size === 1 ? namesIn(value.get('path') ?? '', false) : []

function freeForm(args: Dict, name: string | undefined): Dict {
  const raw = args.get('_raw_params')
  if (raw === undefined || name === undefined) return args
  return new Map<Value, Value>([...args].map(([key, value]) => (key === '_raw_params' ? [name, value] : [key, value])))
}
