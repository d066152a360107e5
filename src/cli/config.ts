import { readFileSync, statSync } from 'node:fs'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { showJson } from '../report/show-json.ts'
import { dumpYaml } from '../template/yaml-dump.ts'
import { fromJson } from '../value/json.ts'
import type { Dict } from '../value/value.ts'
import { type Terminal, defineCommand } from './command.ts'
import { showInit } from './config-init.ts'
import { type KnownSetting, knownSettings } from './known-settings.ts'
import { UsageProblem, type Values, choice, count, flag, text } from './options.ts'
import { type InForce, PLUGIN_KINDS, galaxyServers, inForce, settingsOf } from './setting-report.ts'
import { type SettingValue, convertSetting } from './setting-value.ts'
import { type SettingsSource, readSource, whyWithoutEffect } from './settings.ts'

const KINDS = ['all', 'base', ...PLUGIN_KINDS]
const options = {
  config: text('-c --config', 'FILE', 'Instead of the ansible.cfg that a run would take.'),
  type: choice('-t --type', KINDS, 'Settings of Ansible itself, or of the plugins of a kind.'),
  format: text('-f --format', 'FORM', 'list: yaml, json. dump: display, yaml, json. init and validate: ini, env.'),
  onlyChanged: flag('--only-changed --changed-only', 'dump: only what is not the default.'),
  disabled: flag('--disabled', 'init: everything as a comment.'),
  verbose: count('-v --verbose', 'Accepted.'),
}

interface Work {
  readonly values: Values<typeof options>
  /** Plugins that were named. */
  readonly plugins: readonly string[]
  readonly terminal: Terminal
  readonly source: SettingsSource
}
const ACTIONS: Readonly<Record<string, (work: Work) => number>> = { list, dump, view, init, validate }

export const configCommand = defineCommand({
  name: 'config',
  summary: 'The settings of ansible.cfg and the environment: which are in force, and where they come from.',
  operands: `${Object.keys(ACTIONS).join('|')} [PLUGIN…]`,
  examples: [
    ['tutti config dump --only-changed', 'What is not as usual, and which file or variable says so.'],
    ['tutti config validate -t all', 'Keys that nobody knows.'],
    ['tutti config list', 'Every setting with its default, its keys and variables, and whether it has an effect in tutti.'],
    ['tutti config init --disabled > ansible.cfg', 'A file to begin with.'],
  ],
  options,
  async run({ values, operands: [word = '', ...plugins] }, terminal) {
    const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined
    if (!action) throw new UsageProblem({ code: 'bad-operands', summary: word ? 'There is no such action' : 'An action must be named', ...(word ? { detail: `'${word}'` } : {}), hint: didYouMean(word, Object.keys(ACTIONS)) ?? `one of ${Object.keys(ACTIONS).join(', ')}` })
    const allowed = FORMATS[word] ?? []
    if (values.format !== undefined && !allowed.includes(values.format)) throw new UsageProblem({ code: 'bad-option', summary: 'The option has no such value', detail: `--format ${values.format}`, hint: allowed.length === 0 ? `${word} has none` : `one of ${allowed.join(', ')}` })
    return action({ values, plugins, terminal, source: open(values.config, terminal) })
  },
})
const FORMATS: Readonly<Record<string, readonly string[]>> = { list: ['yaml', 'json'], dump: ['display', 'yaml', 'json'], init: ['ini', 'env'], validate: ['ini', 'env'] }

function open(named: string | undefined, { env }: Terminal): SettingsSource {
  if (named === undefined || statSync(named, { throwIfNoEntry: false })?.isFile()) return readSource(env, process.cwd(), named)
  throw new UsageProblem({ code: 'no-config', summary: 'The provided configuration file is missing or not accessible', detail: named })
}

/** The kinds that were asked for, with their plugins that were asked for. */
function asked({ values, plugins, terminal }: Work): readonly (readonly [kind: string, settings: ReadonlyMap<string, readonly KnownSetting[]>])[] {
  const kind = values.type ?? 'base'
  const kinds = kind === 'all' ? ['base', ...PLUGIN_KINDS] : [kind]
  return kinds.map((one) => {
    const all = settingsOf(one)
    if (plugins.length === 0 || one === 'base') return [one, all]
    for (const name of plugins) if (!all.has(name)) terminal.err(`warning: Skipping ${name} as we could not find matching plugin\n`)
    return [one, new Map([...all].filter(([name]) => plugins.includes(name)))]
  })
}

function list(work: Work): number {
  const described = (settings: readonly KnownSetting[]): object => Object.fromEntries(settings.map((setting) => [setting.name, describe(setting)]))
  const parts = asked(work).map(([kind, plugins]) => (kind === 'base' ? described(plugins.get('')!) : { PLUGINS: { [kind]: Object.fromEntries([...plugins].map(([name, settings]) => [name, described(settings)])) } }))
  const merged = { ...Object.assign({}, ...parts), ...(parts.some((part) => 'PLUGINS' in part) ? { PLUGINS: Object.assign({}, ...parts.map((part) => ('PLUGINS' in part ? part.PLUGINS : {}))) } : {}) }
  return print(merged, work.values.format ?? 'yaml', work.terminal)
}

const describe = (setting: KnownSetting): object => ({
  default: setting.fallback === undefined ? null : convertSetting(setting, setting.fallback, '/'), type: setting.type, env: setting.env.map((name) => ({ name })), ini: setting.ini,
  ...(setting.choices.length > 0 ? { choices: setting.choices } : {}), tutti: whyWithoutEffect(setting) === undefined ? 'honoured' : `without effect: ${whyWithoutEffect(setting)}`,
})

function dump(work: Work): number {
  const { values: { onlyChanged, format = 'display' }, source, terminal } = work
  const wanted = (settings: readonly KnownSetting[]): readonly InForce[] => [...inForce(settings, source), ...(settings[0]?.name === 'ACTION_WARNINGS' && source.file ? [{ name: 'CONFIG_FILE', value: source.file, origin: '', withoutEffect: undefined }] : [])]
    .filter(({ origin }) => !onlyChanged || origin !== 'default').toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const parts = asked(work).map(([kind, plugins]) => ({ kind, plugins: [...plugins].map(([name, settings]) => ({ name, settings: wanted(settings) })).filter(({ settings }) => kind === 'base' || !onlyChanged || settings.length > 0) }))
  if (format === 'display') terminal.out(`${parts.flatMap(({ kind, plugins }) => [...(kind === 'base' || parts.length === 1 || plugins.length === 0 ? [] : underlined(`\n${kind.toUpperCase()}:`, '=')), ...plugins.flatMap(({ name, settings }) => [...(kind === 'base' ? [] : underlined(`\n${name}:`, '_')), ...settings.map((one) => line(one, terminal))]), ...(kind === 'base' ? showServers(work) : [])]).join('\n')}\n`)
  else print(parts.flatMap(({ kind, plugins }) => records(kind, plugins, parts.length > 1, work)), format, terminal)
  return 0
}

const underlined = (title: string, sign: string): readonly string[] => [title, sign.repeat(title.trim().replace(/:$/, '').length)]

/** The tail is for people; a script that calls `ansible-config` reads the line up to its end. */
function line({ name, value, origin, withoutEffect }: InForce, { part }: Terminal): string {
  return `${name}(${origin}) = ${showPython(value)}${origin !== 'default' && withoutEffect !== undefined && part === undefined ? `   # no effect: ${withoutEffect}` : ''}`
}

function showServers({ source, values }: Work): readonly string[] {
  const servers = [...galaxyServers(source)].map(([name, keys]) => ['', ...underlined(name, '='), ...keys.filter(({ origin }) => !values.onlyChanged || origin !== 'default').toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ name: key, value, origin }) => `${key}(${origin}) = ${showPython(value)}`)])
  return ['', 'GALAXY_SERVERS:', ...(servers.length > 0 ? ['', ...servers.flat()] : [])]
}

interface Shown { readonly name: string; readonly settings: readonly InForce[] }
function records(kind: string, plugins: readonly Shown[], several: boolean, { source }: Work): readonly object[] {
  const plain = ({ name, value, origin }: InForce): object => ({ name, origin, value })
  if (kind === 'base') return [...plugins.flatMap(({ settings }) => settings.map(plain)), { GALAXY_SERVERS: Object.fromEntries([...galaxyServers(source)].map(([name, keys]) => [name, keys.map((key) => ({ ...plain(key), type: null }))])) }]
  const named = plugins.map(({ name, settings }) => ({ [name]: settings.map(plain) }))
  return several ? [{ [`${kind.toUpperCase()}_PLUGINS`]: named }] : named
}

/** As Python writes it, which is what scripts that read `dump` expect. */
function showPython(value: SettingValue): string {
  if (Array.isArray(value)) return `[${value.map((item) => `'${item}'`).join(', ')}]`
  return value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : String(value)
}

function print(value: object, format: string, { out }: Terminal): number {
  const dict = fromJson(value) as Dict
  out(format === 'json' ? `${showJson(dict, 4)}\n` : dumpYaml(dict, { indent: 2, width: 80, sortKeys: true, flow: false, unicode: true, aliases: true }))
  return 0
}

function view({ source, terminal }: Work): number {
  if (source.file === undefined) throw new UsageProblem({ code: 'no-config', summary: 'Invalid or no config file was supplied', hint: 'there is no ansible.cfg; `tutti config init --disabled` writes one' })
  terminal.out(`${readFileSync(source.file, 'utf8').trimEnd()}\n`)
  return 0
}

function init(work: Work): number {
  work.terminal.out(showInit(asked(work).flatMap(([, plugins]) => [...plugins.values()].flat()), work.values.format === 'env' ? 'env' : 'ini', work.values.disabled))
  return 0
}

function validate({ values, source, terminal }: Work): number {
  const known = (values.type ?? 'base') === 'base' ? knownSettings.filter(({ name }) => !name.includes('/')) : knownSettings
  const found = values.format === 'env' ? unknownVariables(known, source) : unknownKeys(known, source)
  for (const problem of found) terminal.err(`ERROR! ${problem}\n`)
  if (found.length === 0) terminal.out('All configurations seem valid!\n')
  return found.length === 0 ? 0 : 1
}

function unknownKeys(known: readonly KnownSetting[], { file, sections }: SettingsSource): readonly string[] {
  if (file === undefined) throw new Problem({ code: 'no-config', summary: 'There is no ansible.cfg to validate' })
  const keys = Map.groupBy(known.flatMap(({ ini }) => ini), ({ section }) => section)
  return [...sections].filter(([section]) => !section.startsWith('galaxy_server.')).flatMap(([section, values]) => {
    const there = keys.get(section)?.map(({ key }) => key)
    if (!there) return [`Found unknown section '${section}' in '${file}'.${hint(section, [...keys.keys()])}`]
    return [...values.keys()].filter((key) => !there.includes(key)).map((key) => `Found unknown key '${key}' in section '${section}' in '${file}'.${hint(key, there)}`)
  })
}

function unknownVariables(known: readonly KnownSetting[], { env }: SettingsSource): readonly string[] {
  const names = known.flatMap((setting) => setting.env)
  return Object.keys(env).filter((name) => name.startsWith('ANSIBLE_') && name !== 'ANSIBLE_CONFIG' && !name.startsWith('ANSIBLE_TEST_') && !names.includes(name)).map((name) => `Found unknown environment variable '${name}'.${hint(name, names)}`)
}

const hint = (name: string, names: readonly string[]): string => {
  const nearest = didYouMean(name, names)
  return nearest === undefined ? '' : ` (${nearest})`
}
