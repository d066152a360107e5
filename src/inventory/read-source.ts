import { existsSync, readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, type ProblemParts, problemsOf } from '../problem/problem.ts'
import type { InventorySettings } from './inventory-settings.ts'
import { NoPlugin, PluginNotOffered, auto } from './plugins/auto.ts'
import { constructed } from './plugins/constructed.ts'
import { generator } from './plugins/generator.ts'
import { advancedHostList, hostList } from './plugins/host-list.ts'
import { ini } from './plugins/ini.ts'
import { shortName } from './plugins/plugin-file.ts'
import { script } from './plugins/script.ts'
import { type Reading, Source, type SourceKind } from './plugins/source.ts'
import { toml } from './plugins/toml.ts'
import { yaml } from './plugins/yaml.ts'

const KINDS: readonly SourceKind[] = [hostList, advancedHostList, script, auto, yaml, ini, toml, constructed, generator]

/** Whether a source, or anything of a directory, could be read. What could not is a warning, or with `any_unparsed_is_failed` an error. */
export async function readSource(place: string, reading: Reading): Promise<boolean> {
  const parsed = existsSync(place) && statSync(place).isDirectory() ? await readDirectory(place, reading) : await readFile(place, reading)
  if (parsed) return true
  if (reading.settings.anyUnparsedFails) throw new Problem({ code: 'inventory-unparsed', summary: 'Completely failed to parse inventory source', detail: place })
  reading.warn(new Problem({ code: 'inventory-unparsed', summary: `Unable to parse ${place} as an inventory source`, ...missing(place) }))
  return false
}

const missing = (place: string): Pick<ProblemParts, 'detail' | 'hint'> => (place.includes(',') || existsSync(place) ? {} : { detail: 'it is not there', hint: 'a list of hosts needs a comma: -i web1,' })

/** Files and directories below a directory in the order of their names. */
async function readDirectory(directory: string, reading: Reading): Promise<boolean> {
  let parsed = false
  for (const name of readdirSync(directory).sort()) if (!isIgnored(name, reading.settings) && (await readSource(join(directory, name), reading))) parsed = true
  return parsed
}

function isIgnored(name: string, { ignoredExtensions, ignoredPatterns }: InventorySettings): boolean {
  if (name.startsWith('.') || ['group_vars', 'host_vars', 'vars_plugins'].includes(name)) return true
  return ignoredExtensions.some((ending) => name.endsWith(ending)) || ignoredPatterns.some((pattern) => new RegExp(pattern).test(name))
}

interface Failure {
  readonly kind: string
  readonly problem: Problem
}

/** Tries the kinds that are enabled, in their order. What a kind added before it failed stays, as in Ansible. */
async function readFile(place: string, reading: Reading): Promise<boolean> {
  const source = new Source(place, reading)
  const failures: Failure[] = []
  for (const kind of enabledKinds(reading)) {
    if (!kind.accepts(source, reading.settings)) continue
    try {
      await kind.read(source, reading)
      return true
    } catch (error) {
      const problems = problemsOf(error)
      if (!problems || problems.some((problem) => isFatal(problem, reading))) throw error
      failures.push(...problems.map((problem) => ({ kind: kind.name, problem })))
    }
  }
  for (const failure of telling(failures, source)) reading.warn(failedWith(failure))
  return false
}

/** Going on without such a source would be a worse surprise than stopping: Ansible itself would have read it. */
const isFatal = (problem: Problem, { duplicates }: Reading): boolean => problem instanceof PluginNotOffered || (problem.code === 'yaml-duplicate-key' && duplicates === 'refuse')

/** Every text fails as INI at last: that is worth a word only where nothing else was meant. */
function telling(failures: readonly Failure[], { place }: Source): readonly Failure[] {
  const meant = failures.filter(({ problem }) => !(problem instanceof NoPlugin))
  const ending = extname(place)
  const others = meant.filter(({ kind }) => kind !== 'ini' && (kind !== 'yaml' || ending !== ''))
  return others.length > 0 ? withoutRepeats(others) : meant.filter(({ kind }) => kind === 'ini').length > 0 ? meant.filter(({ kind }) => kind === 'ini') : meant
}

/** `auto` and `yaml` stumble over the same text. */
const withoutRepeats = (failures: readonly Failure[]): readonly Failure[] => failures.filter(({ problem }, index) => !failures.slice(index + 1).some((other) => other.problem === problem))

const failedWith = ({ kind, problem }: Failure): Problem => {
  const { code, hint, span } = problem
  return new Problem({ code, summary: `Failed to parse inventory with '${kind}' plugin`, detail: problem.message, ...(hint ? { hint } : {}), ...(span ? { span } : {}) })
}

/** Reports of names that are no kind come once, not for each file. */
const enabled = new WeakMap<InventorySettings, readonly SourceKind[]>()
function enabledKinds({ settings, warn }: Reading): readonly SourceKind[] {
  let kinds = enabled.get(settings)
  if (!kinds) {
    kinds = settings.enabled.flatMap((name) => {
      const kind = KINDS.find((one) => one.name === shortName(name))
      if (!kind) warn(unknownKind(name))
      return kind ?? []
    })
    enabled.set(settings, kinds)
  }
  return kinds
}

const unknownKind = (name: string): Problem => {
  const hint = didYouMean(name, KINDS.map((kind) => kind.name))
  return new Problem({ code: 'inventory-plugin', summary: 'Failed to load inventory plugin, skipping', detail: name, ...(hint ? { hint } : {}) })
}
