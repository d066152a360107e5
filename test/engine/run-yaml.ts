import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Module } from '../../src/contract/define-module.ts'
import type { HostResult, RunEvent } from '../../src/engine/event.ts'
import { runPlaybooks } from '../../src/engine/run-playbooks.ts'
import type { RunSettings } from '../../src/engine/settings.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { registry } from '../../src/modules/registry.ts'
import { createLoader } from '../../src/playbook/load-playbook.ts'
import { defaultEnvironment } from '../../src/template/environment.ts'
import { Secrets } from '../../src/text/secrets.ts'
import { connect } from '../../src/transport/connect.ts'
import { toJson } from '../../src/value/json.ts'
import type { Value } from '../../src/value/value.ts'
import { createVars } from '../../src/vars/create-vars.ts'
import { inventorySource } from '../../src/vars/inventory-source.ts'

export interface Ran {
  readonly events: readonly RunEvent[]
  readonly exitCode: number
  /** "host status name" for every task result, in order. */
  readonly results: readonly string[]
  /** The result of a task by its name, on the first host that has one or the given one. */
  result(name: string, host?: string): HostResult
  outputs(name: string, host?: string): any
  /** What people were asked, in order. */
  readonly asked: readonly string[]
  /** Directory of the playbook. */
  readonly directory: string
}

interface Options {
  readonly hosts?: readonly string[]
  readonly check?: boolean
  readonly files?: Readonly<Record<string, string>>
  readonly settings?: Partial<RunSettings>
  readonly extraVars?: Readonly<Record<string, Value>>
  readonly answers?: readonly string[]
}

/** Runs a playbook given as text against hosts that are all this machine, in a temporary directory; `DIR` in it means that directory. */
export async function runYaml(source: string, options: Options = {}): Promise<Ran> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-engine-'))
  try {
    return await runIn(directory, source, options)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export async function runIn(directory: string, source: string, { hosts = ['h1'], check = false, files = {}, settings = {}, extraVars = {}, answers = [] }: Options = {}): Promise<Ran> {
  for (const [name, text] of Object.entries({ ...files, 'playbook.yml': source })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text.replaceAll('DIR', directory))
  }
  const secrets = new Secrets()
  const extra = new Map<Value, Value>(Object.entries(extraVars))
  const all: RunSettings = {
    check, diff: true, verbosity: 0, forks: 20, tags: [], skipTags: [], step: false, forceHandlers: false, anyErrorsFatal: false, errorOnMissingHandler: true, gathering: 'explicit', extraVars: extra, connection: 'local', timeout: 10,
    hostKeyChecking: true, become: false, becomeMethod: 'sudo', becomeUser: 'root', strategy: 'linear', audit: false, lookAhead: true, rolesPath: [], hashBehaviour: 'replace', ...settings,
  }
  const loader = createLoader({ catalog: { find: () => ({ problems: () => [] }), names: () => Object.keys(registry) } })
  const inventory = await inventoryOf(hosts, directory)
  const vars = createVars({ inventory: inventorySource(inventory, [join(directory, 'hosts.ini')]), environment: defaultEnvironment, extraVars: extra, hashBehaviour: 'replace', magic: { check, diff: true, verbosity: 0, forks: 20, tags: all.tags, skipTags: all.skipTags }, secrets, openVault: (text) => text })
  const events: RunEvent[] = []
  const left = [...answers]
  const asked: string[] = []
  const { exitCode } = await runPlaybooks({
    playbooks: [loader.playbook(join(directory, 'playbook.yml'))], inventory, settings: all, modules: new Map(Object.entries(registry)) as ReadonlyMap<string, () => Promise<Module>>,
    connect, loader, vars, secrets, openVault: (text) => text, ask: async (question) => (asked.push(question), left.shift()), signal: new AbortController().signal, emit: (event) => events.push(event),
  })
  return { ...ranFrom(events, exitCode, directory), asked }
}

function ranFrom(events: readonly RunEvent[], exitCode: number, directory: string): Omit<Ran, 'asked'> {
  const names = new Map(events.flatMap((event) => (event.type === 'task-start' ? [[event.task, event.name] as const] : [])))
  const results = events.flatMap((event) => (event.type === 'result' ? [{ host: event.host, name: names.get(event.task)!, result: event.result }] : []))
  const find = (name: string, host?: string) => {
    const found = results.find((one) => one.name === name && (host === undefined || one.host === host))
    if (!found) throw new Error(`no result of '${name}' among ${results.map((one) => one.name).join(', ')}`)
    return found.result
  }
  return {
    events, exitCode, directory, results: results.map(({ host, name, result }) => `${host} ${result.status} ${name}`), result: find,
    outputs: (name, host) => toJson(find(name, host).outputs as Value),
  }
}

/** Hosts in the groups `odd` and `even` by their place; all of them are this machine. */
async function inventoryOf(names: readonly string[], directory: string): Promise<Inventory> {
  const group = (remainder: number) => names.filter((_, i) => i % 2 === remainder)
  const text = [...names, '[odd]', ...group(0), '[even]', ...group(1), '[all:vars]', 'ansible_connection=local'].join('\n')
  writeFileSync(join(directory, 'hosts.ini'), text)
  return loadInventory([join(directory, 'hosts.ini')])
}
