import type { Inventory } from '../inventory/inventory.ts'
import { loadInventory } from '../inventory/load-inventory.ts'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { showProblem } from '../problem/show-problem.ts'
import { showJson } from '../report/show-json.ts'
import { defaultEnvironment } from '../template/environment.ts'
import { Secrets } from '../text/secrets.ts'
import { type Dict, type Value, dict } from '../value/value.ts'
import { defineCommand } from './command.ts'
import { openVault } from './open-vault.ts'
import { UsageProblem, flag, text } from './options.ts'
import { playbookOptions } from './playbook-options.ts'
import { readSettings } from './settings.ts'

const { inventory, limit, vaultId, vaultPasswordFile, askVaultPass } = playbookOptions

export const inventoryCommand = defineCommand({
  name: 'inventory',
  summary: 'The hosts, groups and variables of an inventory.',
  operands: '[GROUP]',
  examples: [
    ['tutti inventory -i hosts --graph', 'Groups and hosts as a tree.'],
    ['tutti inventory -i hosts --host web1', 'All variables of a host.'],
    ['tutti inventory -i hosts --list', 'Everything as JSON, in the form of ansible-inventory.'],
  ],
  options: {
    inventory, limit, vaultId, vaultPasswordFile, askVaultPass,
    list: flag('--list', 'Everything, as JSON.'), graph: flag('--graph', 'Groups and hosts as a tree, below GROUP or all.'), host: text('--host', 'NAME', 'The variables of one host, as JSON.'),
    vars: flag('--vars', 'With --graph: variables too.'), playbookDir: text('--playbook-dir', 'DIR', 'Where more group_vars and host_vars are.'),
  },
  async run({ values, operands }, terminal) {
    if ([values.list, values.graph, values.host !== undefined].filter(Boolean).length !== 1) throw new UsageProblem({ code: 'bad-option', summary: 'One of --list, --graph and --host must be given' })
    const settings = readSettings(terminal.env, process.cwd())
    const vault = await openVault(values, settings, terminal, new Secrets())
    const sources = values.inventory.length > 0 ? values.inventory : (settings.paths('inventory', ',') ?? [])
    const loaded = await loadInventory(sources, { environment: defaultEnvironment, vault, duplicates: settings.duplicates, warn: (problem) => terminal.err(`${showProblem(problem).replace(/^error:/, 'warning:')}\n`) })
    const shown = values.limit.length > 0 ? new Set(loaded.hostsMatching('all', values.limit.join(','))) : undefined
    const view: View = { inventory: loaded, directory: values.playbookDir, includes: (host) => shown?.has(host) ?? true }
    if (values.host !== undefined) terminal.out(`${showJson(varsOf(view, getHost(loaded, values.host)), 4)}\n`)
    else if (values.list) terminal.out(`${showJson(listing(view), 4)}\n`)
    else terminal.out(`${graph(view, getGroup(loaded, operands[0] ?? 'all'), 0, values.vars).join('\n')}\n`)
    return 0
  },
})

interface View {
  readonly inventory: Inventory
  readonly directory: string | undefined
  readonly includes: (host: string) => boolean
}

function getHost(inventory: Inventory, name: string): string {
  if (inventory.find(name)) return name
  const hint = didYouMean(name, inventory.hosts.keys())
  throw new Problem({ code: 'host-not-found', summary: 'The inventory has no such host', detail: `'${name}'`, ...(hint ? { hint } : {}) })
}

function getGroup(inventory: Inventory, name: string): string {
  if (inventory.groups.has(name)) return name
  const hint = didYouMean(name, inventory.groups.keys())
  throw new Problem({ code: 'group-not-found', summary: 'The inventory has no such group', detail: `'${name}'`, ...(hint ? { hint } : {}) })
}

const varsOf = ({ inventory, directory }: View, host: string): Dict => new Map(inventory.layersOf(host, directory).flatMap(({ vars }) => [...vars]))

/** The JSON that inventory scripts print and Ansible reads back. */
function listing(view: View): Dict {
  const { inventory, includes } = view
  const hosts = [...inventory.hosts.values()].filter(({ implicit, name }) => !implicit && includes(name)).map(({ name }) => name)
  const hostvars = hosts.map((host) => [host, varsOf(view, host)] as const).filter(([, vars]) => vars.size > 0)
  const groups = [...inventory.groups.values()].flatMap((group): [Value, Value][] => {
    const own = group.name === 'all' ? [] : [...group.hosts].filter(includes)
    const entry = dict({ ...(own.length > 0 ? { hosts: own } : {}), ...(group.children.size > 0 ? { children: [...group.children] } : {}) })
    return entry.size > 0 ? [[group.name, entry]] : []
  })
  return new Map<Value, Value>([['_meta', dict({ hostvars: new Map<Value, Value>(hostvars), profile: 'inventory_legacy' })], ...groups])
}

function graph(view: View, name: string, depth: number, withVars: boolean): readonly string[] {
  const group = view.inventory.groups.get(name)!
  const mark = (level: number): string => (level === 0 ? '' : `${'  |'.repeat(level)}--`)
  const vars = (values: Dict, level: number): string[] => (withVars ? [...values].map(([key, value]) => `${mark(level)}{${String(key)} = ${typeof value === 'string' ? value : showJson(value)}}`) : [])
  return [
    `${mark(depth)}@${name}:`,
    ...[...group.children].sort().flatMap((child) => graph(view, child, depth + 1, withVars)),
    ...(name === 'all' ? [] : [...group.hosts].filter(view.includes).sort().flatMap((host) => [`${mark(depth + 1)}${host}`, ...vars(varsOf(view, host), depth + 2)])),
    ...vars(group.vars, depth + 1),
  ]
}
