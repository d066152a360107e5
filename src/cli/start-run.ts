import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { withOwnPlugins } from '../contract/own-plugins.ts'
import { compareRuns } from '../engine/audit.ts'
import type { RunEvent } from '../engine/event.ts'
import { runPlaybooks } from '../engine/run-playbooks.ts'
import type { RunSettings } from '../engine/settings.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { readLimit } from '../inventory/pattern.ts'
import { modules } from '../modules/registry.ts'
import { isSelectedByTags } from '../playbook/tags.ts'
import { showPlaybook } from '../playbook/task-list.ts'
import type { Play, Playbook } from '../playbook/tree.ts'
import { Problem, problemsOf } from '../problem/problem.ts'
import { showProblem } from '../problem/show-problem.ts'
import type { Reporter } from '../report/reporter.ts'
import { defaultEnvironment } from '../template/environment.ts'
import type { Environment } from '../template/scope.ts'
import { render } from '../template/template.ts'
import { Secrets } from '../text/secrets.ts'
import { connect } from '../transport/connect.ts'
import type { Value } from '../value/value.ts'
import { createVars } from '../vars/create-vars.ts'
import { type FactCacheSettings, createFactCache } from '../vars/fact-cache.ts'
import { inventorySource } from '../vars/inventory-source.ts'
import { type VaultSecrets, decrypt } from '../vault/vault.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import { createCatalog } from './catalog.ts'
import { type Output, chooseReporter } from './choose-reporter.ts'
import type { Terminal } from './command.ts'
import { readExtraVars } from './extra-vars.ts'
import { factsByNeed } from './facts-by-need.ts'
import { knownVariables } from './known-variables.ts'
import { inventorySources, openInventory } from './inventory-options.ts'
import { type LoadedPlaybooks, loadPlaybooks } from './load-playbooks.ts'
import { openVault, remarking } from './open-vault.ts'
import { withOwnModules } from './own-modules.ts'
import { readPasswords } from './passwords.ts'
import { withLog } from './run-log.ts'
import { type PlaybookValues, runSettings } from './run-settings.ts'
import { settingLookup } from './setting-report.ts'
import { collectionsPathOf, readSettings, rolesPathOf, type Settings, readSource } from './settings.ts'

/** What a run needs, once everything was read and nothing reached. */
interface Prepared {
  readonly settings: Settings
  readonly run: RunSettings
  readonly secrets: Secrets
  readonly vault: VaultSecrets
  readonly sources: readonly string[]
  readonly files: readonly string[]
  /** With the filters, tests and lookups of the project. */
  readonly environment: Environment
  /** Where facts are kept between runs, and whether those kept so far are to be forgotten. */
  readonly factCache: Omit<FactCacheSettings, 'readOnly'> | undefined
  readonly flushCache: boolean
}

/** What another command than `run` changes in a run. */
export interface RunShape {
  /** Refuse what would fail only when it is reached; by default where something runs. */
  readonly strict?: boolean
  /** A playbook that is no file. */
  readonly documents?: ReadonlyMap<string, YamlNode>
  /** How it reports unless `--output` says so. */
  readonly output?: Output
  /** Asked with the inventory, before playbooks are read: an answer ends the run well. */
  readonly over?: (inventory: Inventory, run: RunSettings) => boolean
  /** Around the reporter that was chosen. */
  readonly reporting?: (reporter: Reporter, secrets: Secrets) => Reporter
}

export interface RunResult {
  readonly exitCode: number
  readonly changed: number
  readonly unknown: number
}

/**
 * Everything from the command line to the exit code: read, check, then list, or run and report. Throws `Problems`.
 * Not `strict`, what would fail only when it is reached is a warning: lists and `--syntax-check` refuse what Ansible refuses.
 */
export async function startRun(files: readonly string[], values: PlaybookValues, shown: Terminal, shape: RunShape = {}): Promise<RunResult> {
  const strict = shape.strict ?? !lists(values)
  const terminal = withLog(shown, readSettings(shown.env, process.cwd()).paths('logPath', '\0')?.[0])
  const prepared = await prepare(files, values, terminal)
  const warn = (problem: Problem): void => terminal.err(`${prepared.secrets.redact(showProblem(problem, 'warning:'))}\n`)
  if (prepared.settings.unhonoured.length > 0) terminal.err(`warning: these settings have no effect in tutti: ${prepared.settings.unhonoured.join(', ')}\n`)
  // Where nobody says which hosts there are, a check takes every play for one that runs.
  const checking = lists(values) && prepared.sources.length === 0
  const inventory = await readInventory(prepared, warn, strict)
  if (shape.over?.(inventory, prepared.run)) return { exitCode: 0, changed: 0, unknown: 0 }
  const loaded = await readPlaybooks(prepared, inventory, warn, { strict, checking, ...(shape.documents ? { documents: shape.documents } : {}) })
  if (lists(values)) return list(loaded.playbooks, values, prepared, inventory, terminal)
  const chosen = await chooseReporter(values.output ?? shape.output, prepared.run, prepared.settings, terminal, prepared.secrets)
  const reporter = shape.reporting?.(chosen, prepared.secrets) ?? chosen
  if (prepared.run.verbosity > 0 && showsConfig(values.output ?? shape.output, terminal)) terminal.out(prepared.settings.file === undefined ? 'No config file found; using defaults\n' : `Using ${prepared.settings.file} as config file\n`)
  const counts = { changed: 0, unknown: 0 }
  const emit = (event: RunEvent): void => {
    if (event.type === 'recap') for (const tally of event.hosts.values()) Object.assign(counts, { changed: counts.changed + tally.changed, unknown: counts.unknown + tally.unknown })
    reporter.onEvent(event)
  }
  try {
    const exitCode = values.audit && !prepared.run.check ? await auditedRun(prepared, inventory, loaded, terminal, emit) : await oneRun(prepared, inventory, loaded, terminal, emit)
    return { exitCode, ...counts }
  } finally {
    await reporter.end()
  }
}

/** With -v Ansible's outputs begin with the settings file; on a terminal and for programs there is none. */
const showsConfig = (output: Output | undefined, terminal: Terminal): boolean => (output === undefined ? !terminal.isTerminal || terminal.part !== undefined : ['ansible', 'minimal', 'oneline'].includes(output))

const lists = (values: PlaybookValues): boolean => values.listHosts || values.listTasks || values.listTags || values.syntaxCheck

async function prepare(files: readonly string[], values: PlaybookValues, terminal: Terminal): Promise<Prepared> {
  const settings = readSettings(terminal.env, process.cwd())
  const secrets = new Secrets()
  const passwords = await readPasswords(values, settings, terminal)
  for (const password of [passwords.connection, passwords.become]) if (password) secrets.add(password)
  const vault = await openVault(values, settings, terminal, secrets)
  const run = runSettings(values, settings, readExtraVars(values.extraVars, vault, settings.duplicates, terminal.part === undefined ? undefined : remarking(terminal)), passwords)
  const sources = inventorySources(values.inventory, settings)
  const first = files[0]
  const environment = await withOwnPlugins(defaultEnvironment, pluginFolders(files, rolesPathOf(settings)))
  return { settings, run: first === undefined ? run : { ...run, playbookDirectory: dirname(resolve(first)) }, secrets, vault, sources, files, environment, factCache: factCacheOf(settings), flushCache: values.flushCache }
}

/** `fact_caching = jsonfile`. */
function factCacheOf(settings: Settings): Prepared['factCache'] {
  if (settings.text('factCaching')?.replace(/^ansible\.builtin\./, '') !== 'jsonfile') return undefined
  const directory = settings.paths('factCachingConnection', '\0')?.[0]
  if (directory === undefined) throw new Problem({ code: 'bad-setting', summary: 'The cache of facts needs a directory', detail: 'fact_caching is jsonfile', hint: 'set `fact_caching_connection`' })
  return { directory, prefix: settings.text('factCachingPrefix') ?? '', timeout: settings.integer('factCachingTimeout') ?? 86_400 }
}

/** Where a project keeps filters, tests and lookups of its own: beside playbooks and in roles. */
const pluginFolders = (files: readonly string[], rolesPath: readonly string[]): readonly string[] => {
  const beside = [...new Set(files.map((file) => dirname(resolve(file))))]
  return [...beside, ...[...beside.map((folder) => join(folder, 'roles')), ...rolesPath].flatMap((folder) => (existsSync(folder) ? readdirSync(folder).sort().map((role) => join(folder, role)) : []))]
}

async function readInventory({ settings, run, vault, sources, environment }: Prepared, warn: (problem: Problem) => void, strict: boolean): Promise<Inventory> {
  const inventory = await openInventory(sources, settings, { environment, vault, extraVars: run.extraVars, warn })
  if (sources.length === 0 && strict) warn(new Problem({ code: 'no-inventory', summary: 'There is no inventory, only localhost', hint: 'name one with -i, or set `inventory` in ansible.cfg' }))
  if (readLimit(run.limit ?? '') !== '' && inventory.hostsMatching('all,localhost', run.limit).length === 0) {
    throw new Problem({ code: 'limit-empty', summary: 'The limit leaves no host', detail: `--limit ${run.limit}`, hint: '`tutti inventory --graph` shows the hosts and groups there are' })
  }
  return inventory
}

interface Reading {
  readonly strict: boolean
  readonly checking: boolean
  readonly documents?: ReadonlyMap<string, YamlNode>
}

function readPlaybooks({ settings, run, vault, files, environment, sources }: Prepared, inventory: Inventory, warn: (problem: Problem) => void, { strict, checking, documents }: Reading): Promise<LoadedPlaybooks> {
  return loadPlaybooks(files, createCatalog(modules), {
    rolesPath: rolesPathOf(settings), collectionsPath: collectionsPathOf(settings), vault, duplicates: settings.duplicates, extraVars: run.extraVars, environment, libraries: settings.paths('library') ?? [], warn,
    ...(documents ? { documents: new Map(documents) } : { variables: knownVariables(inventory, sources.length > 0, run.extraVars) }),
    playLocal: (hosts) => strict && playLocal(inventory, hosts),
    playReached: (hosts) => strict && (checking || playReached(inventory, hosts, run)), tagsReached: (tags) => isSelectedByTags(tags, run.tags, run.skipTags),
  })
}

/** Whether tasks of a play may leave files on this machine. Reads the variables of its hosts, so that what is wrong with those files is told before the first connection. */
function playLocal(inventory: Inventory, hosts: Value): boolean {
  const patterns = Array.isArray(hosts) ? hosts : [hosts]
  if (!patterns.every((pattern) => typeof pattern === 'string')) return true
  const local = (host: string): boolean => host === 'localhost' || inventory.layersOf(host).some(({ vars }) => vars.has('ansible_connection') && vars.get('ansible_connection') !== 'ssh')
  return inventory.match(patterns.join(',')).hosts.some(local)
}

/** A play on hosts that are not there never runs: its mistakes are remarks. Patterns that only the run can know count as reached. */
function playReached(inventory: Inventory, hosts: Value, run: RunSettings): boolean {
  const patterns = Array.isArray(hosts) ? hosts : [hosts]
  if (!patterns.every((pattern) => typeof pattern === 'string')) return true
  const { hosts: found } = inventory.match(patterns.join(','))
  const limit = readLimit(run.limit ?? '')
  if (found.length === 0 || limit === '') return found.length > 0
  const within = new Set(inventory.match(limit).hosts)
  return found.some((host) => within.has(host))
}

function list(playbooks: readonly Playbook[], values: PlaybookValues, { run }: Prepared, inventory: Inventory, terminal: Terminal): RunResult {
  const only = values.syntaxCheck
  const patterns = (hosts: Value): string => (Array.isArray(hosts) ? hosts.join(',') : String(hosts))
  for (const loaded of playbooks) {
    const playbook = { ...loaded, plays: loaded.plays.map((play) => knownHosts(play, run)) }
    if (only) terminal.out(`\nplaybook: ${playbook.file}\n`)
    else terminal.out(`${showPlaybook(playbook, {
      tags: run.tags, skipTags: run.skipTags, extraVars: run.extraVars, tasks: values.listTasks, listTags: values.listTags,
      ...(values.listHosts ? { hosts: ({ hosts }) => inventory.hostsMatching(patterns(hosts), run.limit) } : {}),
    })}\n`)
  }
  return { exitCode: 0, changed: 0, unknown: 0 }
}

/** A pattern that variables of the play or of `-e` make; others stay as they are written. */
function knownHosts(play: Play, run: RunSettings): Play {
  const vars = new Map([...play.vars, ...run.extraVars])
  try {
    const hosts = render(play.hosts, { get: (name) => vars.get(name), names: () => [...vars.keys()].map(String), environment: defaultEnvironment })
    return { ...play, hosts, name: play.name === play.hosts ? hosts : play.name }
  } catch (error) {
    if (problemsOf(error)) return play
    throw error
  }
}

async function oneRun(prepared: Prepared, inventory: Inventory, { playbooks, loader }: LoadedPlaybooks, terminal: Terminal, emit: (event: RunEvent) => void): Promise<number> {
  const factCache = prepared.factCache && createFactCache({ ...prepared.factCache, readOnly: prepared.run.check })
  if (prepared.flushCache) for (const host of inventory.hosts.keys()) factCache?.forget(host)
  const { run, secrets, vault, sources, settings, environment, files } = prepared
  const open = (text: string): string => decrypt(text, vault)
  const vars = createVars({
    inventory: inventorySource(inventory, sources), environment, extraVars: run.extraVars,
    hashBehaviour: run.hashBehaviour, secrets, openVault: open, ...(factCache ? { factCache } : {}), privateRoles: run.privateRoleVars === true, setting: settingLookup(readSource(terminal.env, process.cwd())),
    magic: { check: run.check, diff: run.diff, verbosity: run.verbosity, forks: run.forks, tags: run.tags, skipTags: run.skipTags, ...(run.limit === undefined ? {} : { limit: run.limit }), ...(settings.file === undefined ? {} : { configFile: settings.file }) },
  })
  // What is kept for later runs must be whole.
  const gathers = playbooks.some(({ plays }) => plays.some(({ gatherFacts, gatherSubset }) => gatherFacts !== false && gatherSubset === undefined))
  const factSubset = factCache || !gathers ? undefined : factsByNeed(loader, files, inventory, run.extraVars, vault)
  const { exitCode } = await runPlaybooks({ playbooks, inventory, settings: factSubset ? { ...run, factSubset } : run, modules: withOwnModules, connect, loader, emit, ask: terminal.ask, signal: terminal.signal, secrets, openVault: open, vars })
  return exitCode
}

/** The dry run, unseen, then the run; then how they differ. Each has an inventory of its own, for `add_host` changes it. */
async function auditedRun(prepared: Prepared, inventory: Inventory, loaded: LoadedPlaybooks, terminal: Terminal, emit: (event: RunEvent) => void): Promise<number> {
  const [dry, real]: [RunEvent[], RunEvent[]] = [[], []]
  const quiet = (): void => undefined
  const planned = await readInventory(prepared, quiet, true)
  await oneRun({ ...prepared, run: { ...prepared.run, check: true, diff: true } }, planned, await readPlaybooks(prepared, planned, quiet, { strict: true, checking: false }), terminal, (event) => dry.push(event))
  if (terminal.signal.aborted) return 99
  // Differences are compared too: both runs make them, whatever is shown.
  const exitCode = await oneRun({ ...prepared, run: { ...prepared.run, diff: true } }, inventory, loaded, terminal, (event) => {
    real.push(event)
    emit(prepared.run.diff ? event : withoutDiff(event))
  })
  const differences = compareRuns(dry, real)
  emit({ type: 'audit', differences, text: differences.length === 0 ? 'the run did what its dry run said' : `the run differs from its dry run in ${differences.length} results` })
  return exitCode
}

/** What was compared and not asked for. */
function withoutDiff(event: RunEvent): RunEvent {
  if (event.type !== 'result' && event.type !== 'item') return event
  const { diff: _diff, ...result } = event.result
  return { ...event, result }
}
