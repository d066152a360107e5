import { homedir } from 'node:os'
import { join } from 'node:path'
import { type KnownSetting, knownSettings } from './known-settings.ts'
import { type SettingValue, convertSetting } from './setting-value.ts'
import type { Value } from '../value/value.ts'
import { type SettingsSource, findSet, whyWithoutEffect } from './settings.ts'

/** A setting with the value in force. */
export interface InForce {
  readonly name: string
  readonly value: SettingValue
  /** `default`, a file, or `env: NAME`. */
  readonly origin: string
  /** Why it does nothing here; undefined where it is honoured. */
  readonly withoutEffect: string | undefined
}

/** Kinds of plugins whose options can be shown, as `-t` names them. */
export const PLUGIN_KINDS = [...new Set(knownSettings.flatMap(({ name }) => (name.includes('/') ? [name.split('/')[0]!] : [])))].toSorted()

/** The settings of Ansible itself (`base`) or of the plugins of a kind, by plugin. */
export function settingsOf(kind: string): ReadonlyMap<string, readonly KnownSetting[]> {
  const plugins = new Map<string, KnownSetting[]>()
  for (const setting of knownSettings) {
    const [ofKind, plugin, option] = setting.name.includes('/') ? (setting.name.split('/') as [string, string, string]) : ['base', '', setting.name]
    if (ofKind === kind) plugins.set(plugin, [...(plugins.get(plugin) ?? []), { ...setting, name: option }])
  }
  return plugins
}

/** The values in force, by name. What comes from `ANSIBLE_HOME` follows it. */
export function inForce(settings: readonly KnownSetting[], source: SettingsSource): readonly InForce[] {
  const home = findSet(HOME, source)
  const all = settings.map((setting): InForce => {
    const found = findSet(setting, source)
    const fallback = setting.fallback === undefined ? null : convertSetting(setting, setting.fallback, source.directory)
    return { name: setting.name, value: found ? (SECRETS.test(setting.name) ? HIDDEN : convertSetting(setting, found.text, found.base)) : below(home?.text, fallback), origin: found?.origin ?? 'default', withoutEffect: whyWithoutEffect(setting) }
  })
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
const HOME = knownSettings.find(({ name }) => name === 'ANSIBLE_HOME')!

function below(home: string | undefined, value: SettingValue): SettingValue {
  if (home === undefined) return value
  const moved = (path: string): string => (path.startsWith(USUAL_HOME) ? join(home, path.slice(USUAL_HOME.length)) : path)
  return typeof value === 'string' ? moved(value) : Array.isArray(value) ? value.map(moved) : value
}
const USUAL_HOME = join(homedir(), '.ansible')

/** For the lookup `config`: one setting by its name. */
export const settingLookup = (source: SettingsSource) => (name: string, kind: string, plugin: string): { value: Value; origin: string } | undefined => {
  const known = settingsOf(kind).get(plugin)?.find((setting) => setting.name === name)
  const found = known && inForce([known], source)[0]!
  return found && { value: found.value, origin: found.origin }
}

/** A server of `[galaxy] server_list` and what its section says, without its secrets. */
export function galaxyServers(source: SettingsSource): ReadonlyMap<string, readonly InForce[]> {
  const list = findSet(knownSettings.find(({ name }) => name === 'GALAXY_SERVER_LIST')!, source)
  const names = list ? (convertSetting({ type: 'list' }, list.text, '/') as readonly string[]) : []
  return new Map(names.map((name) => [name, SERVER_KEYS.map((key) => serverKey(name, key, source))]))
}
const SERVER_KEYS = ['url', 'username', 'password', 'token', 'auth_url', 'api_version', 'validate_certs', 'client_id', 'client_secret', 'timeout']
/** Passwords and tokens; what their files are called is none. */
const SECRETS = /^(?:password|token|client_secret|become_pass|private_key|private_key_passphrase)$/
const HIDDEN = '********'

function serverKey(server: string, key: string, source: SettingsSource): InForce {
  const found = findSet({ ini: [{ section: `galaxy_server.${server}`, key }], env: [`ANSIBLE_GALAXY_SERVER_${server.toUpperCase()}_${key.toUpperCase()}`] }, source)
  const value = found === undefined ? (key === 'timeout' ? 60 : null) : SECRETS.test(key) ? HIDDEN : found.text
  return { name: key, value, origin: found?.origin ?? 'default', withoutEffect: undefined }
}
