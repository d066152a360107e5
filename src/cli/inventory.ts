import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Inventory } from '../inventory/inventory.ts'
import { type Listed, encodedVarsOfHost, graphInventory, listInventory, nestInventory, tableInventory, unmarked, varsOfHost } from '../inventory/inventory-list.ts'
import { readLimit } from '../inventory/pattern.ts'
import { showToml } from '../inventory/show-toml.ts'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { showProblem } from '../problem/show-problem.ts'
import { showJson } from '../report/show-json.ts'
import { dumpYaml } from '../template/yaml-dump.ts'
import { Secrets } from '../text/secrets.ts'
import type { Dict } from '../value/value.ts'
import { type Terminal, defineCommand } from './command.ts'
import { readExtraVars } from './extra-vars.ts'
import { inventorySources, openInventory } from './inventory-options.ts'
import { openVault } from './open-vault.ts'
import { UsageProblem, type Values, flag, text } from './options.ts'
import { playbookOptions } from './playbook-options.ts'
import { readSettings } from './settings.ts'

const { inventory, limit, extraVars, verbose, flushCache, vaultId, vaultPasswordFile, askVaultPass } = playbookOptions

const options = {
  inventory, limit, extraVars, verbose, flushCache, vaultId, vaultPasswordFile, askVaultPass,
  list: flag('--list', 'Everything, as JSON.'), graph: flag('--graph', 'Groups and hosts as a tree, below GROUP or all.'), host: text('--host', 'NAME', 'The variables of one host.'),
  yaml: flag('-y --yaml', 'With --list and --host: as YAML.'), toml: flag('--toml', 'With --list and --host: as TOML.'), vars: flag('--vars', 'With --graph: variables too.'),
  export: flag('--export', 'Variables where they are written: those of groups with the groups.'), output: text('--output', 'FILE', 'Write into a file.'),
  playbookDir: text('--playbook-dir', 'DIR', 'Where more group_vars and host_vars are.'),
} as const
type InventoryValues = Values<typeof options>

export const inventoryCommand = defineCommand({
  name: 'inventory',
  summary: 'The hosts, groups and variables of an inventory.',
  operands: '[GROUP]',
  examples: [
    ['tutti inventory -i hosts --graph', 'Groups and hosts as a tree.'],
    ['tutti inventory -i hosts --host web1', 'All variables of a host.'],
    ['tutti inventory -i hosts --list', 'Everything as JSON, in the form of ansible-inventory.'],
  ],
  options,
  async run({ values, operands }, terminal) {
    checkUse(values, operands)
    const listed = await read(values, terminal)
    const shown = show(listed, values, operands[0] ?? 'all')
    if (values.output === undefined) terminal.out(`${shown}\n`)
    else write(values.output, shown)
    return 0
  },
})

function checkUse({ list, graph, host }: InventoryValues, operands: readonly string[]): void {
  const actions = [list, graph, host !== undefined].filter(Boolean).length
  if (actions === 0) throw misused('No action selected, at least one of --host, --graph or --list needs to be specified.')
  if (actions > 1) throw misused('Conflicting options used, only one of --host, --graph or --list can be used at the same time.')
  if (operands.length > 1) throw misused(`unrecognized arguments: ${operands.slice(1).join(' ')}`)
}

async function read(values: InventoryValues, terminal: Terminal): Promise<Listed> {
  const settings = readSettings(terminal.env, process.cwd())
  const vault = await openVault(values, settings, terminal, new Secrets())
  const given = readExtraVars(values.extraVars, vault, settings.duplicates)
  const warn = (problem: Problem): void => terminal.err(`${showProblem(problem, 'warning:')}\n`)
  const loaded = await openInventory(inventorySources(values.inventory, settings), settings, { vault, extraVars: given, warn })
  const within = values.limit.length > 0 ? new Set(loaded.hostsMatching(readLimit(values.limit.join(',')) || 'all')) : undefined
  const directory = values.playbookDir ?? settings.paths('playbookDir', '\0')?.[0]
  return {
    inventory: loaded, extraVars: given, asWritten: values.export || settings.flag('inventoryExport') === true,
    ...(directory === undefined ? {} : { playbookDirectory: resolve(directory) }), ...(within ? { includes: (host: string) => within.has(host) } : {}),
  }
}

function show(listed: Listed, values: InventoryValues, root: string): string {
  const { includes: _, ...everything } = listed
  if (values.graph) return graphInventory(everything, { root: getGroup(listed.inventory, root), vars: values.vars })
  if (values.host !== undefined) return print((values.yaml || values.toml ? varsOfHost : encodedVarsOfHost)(getHost(listed.inventory, values.host), everything), values)
  if (values.yaml) return print(nestInventory(listed), values)
  return print(values.toml ? tableInventory(listed) : listInventory(listed), values)
}

function print(value: Dict, { yaml, toml }: InventoryValues): string {
  if (yaml) return dumpYaml(value, { indent: 2, width: 80, sortKeys: true, flow: false, unicode: true, aliases: true }).trimEnd()
  return toml ? showToml(unmarked(value) as Dict).trimEnd() : showJson(value, 4)
}

function write(file: string, shown: string): void {
  try {
    writeFileSync(file, `${shown}\n`)
  } catch (error) {
    throw new Problem({ code: 'file-unwritable', summary: 'Unable to write to destination file', detail: `${file}: ${(error as Error).message}` })
  }
}

function getHost(loaded: Inventory, name: string): string {
  const hosts = loaded.hostsMatching(name)
  if (hosts.length === 1) return hosts[0]!
  throw misused('You must pass a single valid host to --host parameter', `'${name}'`, didYouMean(name, loaded.hosts.keys()))
}

function getGroup(loaded: Inventory, name: string): string {
  if (loaded.groups.has(name)) return name
  throw misused('Pattern must be valid group name when using --graph', `'${name}'`, didYouMean(name, loaded.groups.keys()))
}

const misused = (summary: string, detail?: string, hint?: string): UsageProblem => new UsageProblem({ code: 'bad-option', summary, ...(detail ? { detail } : {}), ...(hint ? { hint } : {}) })
