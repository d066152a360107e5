/** What becomes of group names that could not be names of variables (`force_valid_group_names`). */
export type GroupNaming = 'never' | 'always' | 'ignore' | 'silently'

/** The order in which variables of groups apply, lowest first (`precedence`): those of the inventory, then files beside it and beside the playbook. */
export const PRECEDENCE_STEPS = ['all_inventory', 'groups_inventory', 'all_plugins_inventory', 'all_plugins_play', 'groups_plugins_inventory', 'groups_plugins_play'] as const
export type PrecedenceStep = (typeof PRECEDENCE_STEPS)[number]

/** The settings of ansible.cfg that say how inventories are read, under the names of Ansible's documentation. */
export interface InventorySettings {
  /** Kinds of sources that are tried, in this order (`enable_plugins`). */
  readonly enabled: readonly string[]
  /** Endings and expressions of files that a directory leaves out. */
  readonly ignoredExtensions: readonly string[]
  readonly ignoredPatterns: readonly string[]
  readonly yamlExtensions: readonly string[]
  /** No source at all could be read: an error; or not even a warning. */
  readonly unparsedFails: boolean
  readonly unparsedWarns: boolean
  /** One source could not be read: an error. */
  readonly anyUnparsedFails: boolean
  readonly groupNaming: GroupNaming
  readonly precedence: readonly PrecedenceStep[]
  /** Dicts of one name at several levels are joined (`hash_behaviour`). */
  readonly merge: boolean
  /** A part of a pattern that finds nothing. */
  readonly mismatch: 'warning' | 'error' | 'ignore'
}

export const DEFAULT_INVENTORY_SETTINGS: InventorySettings = {
  enabled: ['host_list', 'script', 'auto', 'yaml', 'ini', 'toml'],
  ignoredExtensions: ['.pyc', '.pyo', '.swp', '.bak', '~', '.rpm', '.md', '.txt', '.rst', '.orig', '.cfg', '.retry'],
  ignoredPatterns: [], yamlExtensions: ['.yml', '.yaml', '.json'],
  unparsedFails: false, unparsedWarns: true, anyUnparsedFails: false, groupNaming: 'never', precedence: PRECEDENCE_STEPS, merge: false, mismatch: 'warning',
}
