import { Problem } from '../../problem/problem.ts'
import { type Dict, isDict } from '../../value/value.ts'
import { toValue } from '../../yaml/yaml-node.ts'
import type { InventorySettings } from '../inventory-settings.ts'
import type { Source } from './source.ts'

/** Whether a file could be options of a plugin by its ending: those of YAML, `.config`, or none. */
export const isPluginFile = ({ exists, ending }: Source, { yamlExtensions }: InventorySettings): boolean => exists && (ending === '' || ending === '.config' || yamlExtensions.includes(ending))

/** `constructed` for `plugin: ansible.builtin.constructed`. */
export const shortName = (plugin: unknown): string => String(plugin).replace(/^ansible\.(builtin|legacy)\./, '')

/** The options of a file that names this plugin. */
export function optionsOf(name: string, source: Source): Dict {
  const content = toValue(source.yaml())
  const plugin = isDict(content) ? content.get('plugin') : undefined
  if (isDict(content) && shortName(plugin) === name) return content
  throw new Problem({ code: 'inventory-plugin', summary: 'Incorrect plugin name in file', detail: plugin === undefined ? 'none found' : String(plugin), span: source.span })
}
