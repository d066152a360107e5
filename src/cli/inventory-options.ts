import { existsSync } from 'node:fs'
import type { Inventory } from '../inventory/inventory.ts'
import { DEFAULT_INVENTORY_SETTINGS, type InventorySettings, PRECEDENCE_STEPS } from '../inventory/inventory-settings.ts'
import { loadInventory } from '../inventory/load-inventory.ts'
import { Problem } from '../problem/problem.ts'
import type { Environment } from '../template/scope.ts'
import type { Dict } from '../value/value.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import type { SettingName, Settings } from './settings.ts'

/** Where Ansible looks when nobody names an inventory. */
const USUAL_PLACE = '/etc/ansible/hosts'

/** The sources of the command line, or those of the settings, or the usual place. */
export function inventorySources(given: readonly string[], settings: Settings): readonly string[] {
  if (given.length > 0) return given
  const text = settings.text('inventory')
  if (text !== undefined) return text.includes(',') && !settings.file ? [text] : (settings.paths('inventory', ',') ?? [])
  return existsSync(USUAL_PLACE) ? [USUAL_PLACE] : []
}

export interface OpenOptions {
  readonly vault: VaultSecrets
  readonly extraVars: Dict
  readonly warn: (problem: Problem) => void
  /** Filters and tests for `constructed` sources; ours alone without it. */
  readonly environment?: Environment
}

/** Reads them under the settings of ansible.cfg and the environment. */
export const openInventory = (sources: readonly string[], settings: Settings, { vault, extraVars, warn, environment }: OpenOptions): Promise<Inventory> =>
  loadInventory(sources, { vault, extraVars, warn, ...(environment ? { environment } : {}), duplicates: settings.duplicates, settings: inventorySettings(settings) })

export function inventorySettings(settings: Settings): InventorySettings {
  const usual = DEFAULT_INVENTORY_SETTINGS
  const list = (name: SettingName): readonly string[] | undefined => settings.text(name)?.split(',').map((part) => part.trim()).filter(Boolean)
  return {
    enabled: list('inventoryEnabled') ?? usual.enabled,
    ignoredExtensions: list('inventoryIgnore') ?? usual.ignoredExtensions, ignoredPatterns: list('inventoryIgnorePatterns') ?? [],
    yamlExtensions: list('yamlExtensions') ?? usual.yamlExtensions, unparsedFails: settings.flag('inventoryUnparsedFails') ?? false, unparsedWarns: settings.flag('inventoryUnparsedWarns') ?? true,
    anyUnparsedFails: settings.flag('inventoryAnyUnparsedFails') ?? false, groupNaming: (settings.oneOf('groupNaming', ['never', 'always', 'ignore', 'silently']) ?? 'never'),
    precedence: precedenceOf(list('precedence') ?? PRECEDENCE_STEPS), merge: (settings.oneOf('hashBehaviour', ['replace', 'merge']) ?? 'replace') === 'merge',
    mismatch: (settings.oneOf('hostPatternMismatch', ['warning', 'error', 'ignore']) ?? 'warning'),
  }
}

function precedenceOf(names: readonly string[]): InventorySettings['precedence'] {
  return names.map((name) => {
    const step = PRECEDENCE_STEPS.find((one) => one === name)
    if (!step) throw new Problem({ code: 'bad-setting', summary: 'A setting has no such value', detail: `precedence has '${name}'`, hint: `it is a list of ${PRECEDENCE_STEPS.join(', ')}` })
    return step
  })
}
