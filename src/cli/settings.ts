import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { DEFAULT_COLLECTIONS_PATH, DEFAULT_ROLES_PATH } from '../playbook/find-role.ts'
import { Problem } from '../problem/problem.ts'
import type { Duplicates } from '../yaml/parse-nodes.ts'
import { parseIniFile } from './ini-file.ts'
import { type KnownSetting, knownSettings } from './known-settings.ts'
import { absolute, convertSetting } from './setting-value.ts'

/** The settings that are honoured, under the names they have here. */
const HONOURED = {
  home: 'ANSIBLE_HOME',
  inventory: 'DEFAULT_HOST_LIST',
  inventoryIgnore: 'INVENTORY_IGNORE_EXTS',
  library: 'DEFAULT_MODULE_PATH',
  inventoryIgnorePatterns: 'INVENTORY_IGNORE_PATTERNS',
  inventoryEnabled: 'INVENTORY_ENABLED',
  inventoryUnparsedFails: 'INVENTORY_UNPARSED_IS_FAILED',
  inventoryUnparsedWarns: 'INVENTORY_UNPARSED_WARNING',
  inventoryAnyUnparsedFails: 'INVENTORY_ANY_UNPARSED_IS_FAILED',
  inventoryExport: 'INVENTORY_EXPORT',
  hostPatternMismatch: 'HOST_PATTERN_MISMATCH',
  groupNaming: 'TRANSFORM_INVALID_GROUP_CHARS',
  yamlExtensions: 'inventory/yaml/yaml_extensions',
  precedence: 'VARIABLE_PRECEDENCE',
  rolesPath: 'DEFAULT_ROLES_PATH',
  collectionsPath: 'COLLECTIONS_PATHS',
  hostKeyChecking: 'connection/ssh/host_key_checking',
  remoteUser: 'DEFAULT_REMOTE_USER',
  privateKeyFile: 'DEFAULT_PRIVATE_KEY_FILE',
  forks: 'DEFAULT_FORKS',
  timeout: 'connection/ssh/timeout',
  connection: 'DEFAULT_TRANSPORT',
  moduleName: 'DEFAULT_MODULE_NAME',
  moduleArgs: 'DEFAULT_MODULE_ARGS',
  playbookDir: 'PLAYBOOK_DIR',
  binCallbacks: 'DEFAULT_LOAD_CALLBACK_PLUGINS',
  strategy: 'DEFAULT_STRATEGY',
  gathering: 'DEFAULT_GATHERING',
  hashBehaviour: 'DEFAULT_HASH_BEHAVIOUR',
  jinja2Native: 'DEFAULT_JINJA2_NATIVE',
  factCaching: 'CACHE_PLUGIN',
  factCachingConnection: 'CACHE_PLUGIN_CONNECTION',
  factCachingPrefix: 'CACHE_PLUGIN_PREFIX',
  factCachingTimeout: 'CACHE_PLUGIN_TIMEOUT',
  anyErrorsFatal: 'ANY_ERRORS_FATAL',
  forceHandlers: 'DEFAULT_FORCE_HANDLERS',
  pollInterval: 'DEFAULT_POLL_INTERVAL',
  asyncDirectory: 'shell/sh/async_dir',
  errorOnMissingHandler: 'ERROR_ON_MISSING_HANDLER',
  taskDebugger: 'ENABLE_TASK_DEBUGGER',
  debugIgnored: 'TASK_DEBUGGER_IGNORE_ERRORS',
  privateRoleVars: 'DEFAULT_PRIVATE_ROLE_VARS',
  askPass: 'DEFAULT_ASK_PASS',
  askVaultPass: 'DEFAULT_ASK_VAULT_PASS',
  vaultPasswordFile: 'DEFAULT_VAULT_PASSWORD_FILE',
  vaultIdentityList: 'DEFAULT_VAULT_IDENTITY_LIST',
  vaultIdMatch: 'DEFAULT_VAULT_ID_MATCH',
  vaultEncryptIdentity: 'DEFAULT_VAULT_ENCRYPT_IDENTITY',
  vaultEncryptSalt: 'VAULT_ENCRYPT_SALT',
  editor: 'EDITOR',
  pager: 'PAGER',
  connectionPasswordFile: 'CONNECTION_PASSWORD_FILE',
  stdoutCallback: 'DEFAULT_STDOUT_CALLBACK',
  displaySkippedHosts: 'DISPLAY_SKIPPED_HOSTS',
  displayOkHosts: 'callback/default/display_ok_hosts',
  showCustomStats: 'SHOW_CUSTOM_STATS',
  displayFailedStderr: 'callback/default/display_failed_stderr',
  pathOnFailure: 'callback/default/show_task_path_on_failure',
  checkMarkers: 'callback/default/check_mode_markers',
  resultFormat: 'callback/default/result_format',
  resultPretty: 'callback/default/pretty_results',
  verbosity: 'DEFAULT_VERBOSITY',
  nocolor: 'ANSIBLE_NOCOLOR',
  forceColor: 'ANSIBLE_FORCE_COLOR',
  runTags: 'TAGS_RUN',
  skipTags: 'TAGS_SKIP',
  become: 'DEFAULT_BECOME',
  becomeMethod: 'DEFAULT_BECOME_METHOD',
  becomeUser: 'DEFAULT_BECOME_USER',
  becomeProgram: 'DEFAULT_BECOME_EXE',
  becomeFlags: 'DEFAULT_BECOME_FLAGS',
  remotePort: 'DEFAULT_REMOTE_PORT',
  noLog: 'DEFAULT_NO_LOG',
  taskTimeout: 'TASK_TIMEOUT',
  managed: 'DEFAULT_MANAGED_STR',
  duplicateKeys: 'DUPLICATE_YAML_DICT_KEY',
  becomeAskPass: 'DEFAULT_BECOME_ASK_PASS',
  becomePasswordFile: 'BECOME_PASSWORD_FILE',
  sshArgs: 'connection/ssh/ssh_args',
  sshCommonArgs: 'connection/ssh/ssh_common_args',
  sshExtraArgs: 'connection/ssh/ssh_extra_args',
  diffAlways: 'DIFF_ALWAYS',
  logPath: 'DEFAULT_LOG_PATH',
  galaxyServer: 'GALAXY_SERVER',
  galaxyServerList: 'GALAXY_SERVER_LIST',
  galaxyTimeout: 'GALAXY_SERVER_TIMEOUT',
} as const satisfies Record<string, string>
export type SettingName = keyof typeof HONOURED

/** Further spellings of older versions, and of our own; below those of the table. */
const SPELLINGS: { readonly [K in SettingName]?: Partial<Pick<KnownSetting, 'ini' | 'env'>> } = {
  inventory: { ini: [{ section: 'defaults', key: 'hostfile' }] },
  collectionsPath: { ini: [{ section: 'defaults', key: 'collections_paths' }], env: ['ANSIBLE_COLLECTIONS_PATHS'] },
  becomePasswordFile: { ini: [{ section: 'privilege_escalation', key: 'become_password_file' }] },
  editor: { env: ['VISUAL'] },
}

/** Settings that ask for nothing that is missing here, by the reason why. */
const MOOT: Readonly<Record<string, string>> = {
  'no cows are drawn': 'ANSIBLE_COW_ACCEPTLIST ANSIBLE_COW_PATH ANSIBLE_COW_SELECTION ANSIBLE_NOCOWS',
  'no Python runs, and nothing is left on a host': 'INTERPRETER_PYTHON INTERPRETER_PYTHON_FALLBACK DEFAULT_MODULE_COMPRESSION PYTHON_MODULE_RLIMIT_NOFILE MODULE_STRICT_UTF8_RESPONSE DEFAULT_KEEP_REMOTE_FILES MODULE_IGNORE_EXTS DEFAULT_EXECUTABLE DEFAULT_LOCAL_TMP DISPLAY_TRACEBACK shell/sh/admin_users shell/sh/common_remote_group shell/sh/remote_tmp shell/sh/system_tmpdirs shell/sh/world_readable_temp become/sudo/sudo_chdir',
  'modules write nothing to the log of a host': 'DEFAULT_NO_TARGET_SYSLOG DEFAULT_SYSLOG_FACILITY TARGET_LOG_INFO',
  'one connection a host stays open for the whole run': 'ANSIBLE_PIPELINING connection/local/pipelining connection/ssh/pipelining connection/ssh/control_path connection/ssh/control_path_dir connection/ssh/reconnection_retries connection/ssh/scp_executable connection/ssh/scp_extra_args connection/ssh/sftp_batch_mode connection/ssh/sftp_executable connection/ssh/sftp_extra_args connection/ssh/ssh_transfer_method connection/ssh/use_tty connection/ssh/password_mechanism connection/ssh/sshpass_prompt connection/ssh/verbosity',
  'devices without a shell are not offered': 'ANSIBLE_CONNECTION_PATH NETCONF_SSH_CONFIG NETWORK_GROUP_MODULES USE_PERSISTENT_CONNECTIONS PERSISTENT_COMMAND_TIMEOUT PERSISTENT_CONNECT_RETRY_TIMEOUT PERSISTENT_CONNECT_TIMEOUT PERSISTENT_CONTROL_PATH_DIR DEFAULT_CLICONF_PLUGIN_PATH DEFAULT_HTTPAPI_PLUGIN_PATH DEFAULT_NETCONF_PLUGIN_PATH DEFAULT_TERMINAL_PLUGIN_PATH WIN_ASYNC_STARTUP_TIMEOUT',
  'the warnings are those of tutti': 'ACTION_WARNINGS DEPRECATION_WARNINGS SYSTEM_WARNINGS DEVEL_WARNING LOCALHOST_WARNING GALAXY_COLLECTIONS_PATH_WARNING',
  'it is part of the machinery of Ansible': 'BECOME_ALLOW_SAME_USER DEFAULT_INTERNAL_POLL_INTERVAL WORKER_SHUTDOWN_POLL_COUNT WORKER_SHUTDOWN_POLL_DELAY OLD_PLUGIN_CACHE_CLEARING VALIDATE_ACTION_GROUP_METADATA COLLECTIONS_SCAN_SYS_PATH COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH DEFAULT_DEBUG RUN_VARS_PLUGINS vars/host_group_vars/stage RETRY_FILES_SAVE_PATH PARAMIKO_HOST_KEY_AUTO_ADD PARAMIKO_LOOK_FOR_KEYS',
  'it has no effect in Ansible 2.19': 'DEFAULT_ALLOW_UNSAFE_LOOKUPS DEFAULT_NULL_REPRESENTATION DEFAULT_UNDEFINED_VAR_BEHAVIOR STRING_TYPE_FILTERS DEFAULT_LIBVIRT_LXC_NOSECLABEL DEFAULT_SU',
  'it belongs to a command that is not offered': 'DOC_FRAGMENT_PLUGIN_PATH DOCSITE_ROOT_URL COLOR_CONSOLE_PROMPT COLOR_DOC_CONSTANT COLOR_DOC_DEPRECATED COLOR_DOC_LINK COLOR_DOC_MODULE COLOR_DOC_PLUGIN COLOR_DOC_REFERENCE',
}
const MOOT_BY_NAME: ReadonlyMap<string, string> = new Map(Object.entries(MOOT).flatMap(([why, names]) => names.split(' ').map((name) => [name, why] as const)))

/** Keys that Ansible has dropped: they do nothing there either. */
const DROPPED = new Set('scp_if_ssh command_warnings module_lang module_set_locale accelerate_port sudo_user python_interpreter connect_timeout test_strategy control_path'.split(' '))

const BY_NAME: ReadonlyMap<string, KnownSetting> = new Map(knownSettings.map((setting) => [setting.name, setting]))
const HONOURED_NAMES: ReadonlySet<string> = new Set(Object.values(HONOURED))

/** What becomes of a setting here: undefined where it is honoured, else why it is not. */
export function whyWithoutEffect({ name, ini, env }: KnownSetting): string | undefined {
  const same = knownSettings.filter((other) => HONOURED_NAMES.has(other.name) && (other.env.some((variable) => env.includes(variable)) || other.ini.some((a) => ini.some((b) => isSameKey(a, b)))))
  return HONOURED_NAMES.has(name) || same.length > 0 ? undefined : (MOOT_BY_NAME.get(name) ?? LACKING)
}
export const LACKING = 'tutti does not offer what it asks for'
const isSameKey = (a: { section: string; key: string }, b: { section: string; key: string }): boolean => a.section === b.section && a.key === b.key

/** The settings of a run from ansible.cfg and the environment. */
export interface Settings {
  /** The ansible.cfg that was read. */
  readonly file: string | undefined
  text(name: SettingName): string | undefined
  flag(name: SettingName): boolean | undefined
  integer(name: SettingName): number | undefined
  oneOf<const C extends string>(name: SettingName, choices: readonly C[]): C | undefined
  /** What a key is that stands twice in a mapping: refused, where Ansible only warns, unless a setting says otherwise. */
  readonly duplicates: Duplicates
  /** Paths, absolute; those of the file are relative to it. */
  paths(name: SettingName, separator?: string): readonly string[] | undefined
  /** What is set and not honoured, for one remark. */
  readonly unhonoured: readonly string[]
}

export type Env = Readonly<Record<string, string | undefined>>

/** Finds and reads them as Ansible does: `ANSIBLE_CONFIG`, `./ansible.cfg`, `~/.ansible.cfg`, `/etc/ansible/ansible.cfg`; one file counts. */
export function readSettings(env: Env, directory: string): Settings {
  const source = readSource(env, directory)
  const lookUp = (name: SettingName): Found | undefined => findSet(BY_NAME.get(HONOURED[name])!, source) ?? (SPELLINGS[name] && findSet({ ini: [], env: [], ...SPELLINGS[name] }, source))
  const text = (name: SettingName): string | undefined => lookUp(name)?.text
  return {
    file: source.file, text,
    flag: (name) => readFlag(name, text(name)),
    integer: (name) => readInteger(name, text(name)),
    oneOf: (name, choices) => readChoice(name, text(name), choices),
    duplicates: readDuplicates(text('duplicateKeys')),
    paths: (name, separator = ':') => text(name)?.split(separator).map((path) => path.trim()).filter(Boolean).map((path) => absolute(path, lookUp(name)!.base)),
    unhonoured: [...unhonouredKeys(source), ...unhonouredVariables(source)],
  }
}

/** Where roles and collections are looked for. What nobody set lies in `ANSIBLE_HOME`. */
export const rolesPathOf = (settings: Settings): readonly string[] => settings.paths('rolesPath') ?? inHome(settings, DEFAULT_ROLES_PATH)
export const collectionsPathOf = (settings: Settings): readonly string[] => settings.paths('collectionsPath') ?? inHome(settings, DEFAULT_COLLECTIONS_PATH)

function inHome(settings: Settings, usual: readonly string[]): readonly string[] {
  const home = settings.paths('home', '\0')?.[0]
  return home === undefined ? usual : usual.map((path, index) => (index === 0 ? join(home, basename(path)) : path))
}

/** Where settings are looked up: a file and an environment. */
export interface SettingsSource {
  readonly file: string | undefined
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly env: Env
  readonly directory: string
}

/** Of the file that Ansible would take, or of the one named. */
export function readSource(env: Env, directory: string, named?: string): SettingsSource {
  const file = named ?? findConfig(env, directory)
  return { file, sections: file ? parseIniFile(readFileSync(file, 'utf8')) : new Map(), env, directory }
}

export interface Found {
  readonly text: string
  /** What relative paths are relative to. */
  readonly base: string
  /** A variable of the environment or the file. */
  readonly origin: string
}

/** What is set, the environment above the file. Empty is as good as not set. */
export function findSet({ ini, env: names }: Pick<KnownSetting, 'ini' | 'env'>, { file, sections, env, directory }: SettingsSource): Found | undefined {
  const filled = (text: string): string => text.replace(/\$(\w+)|\$\{(\w+)\}/g, (all, a, b) => env[a ?? b] ?? all)
  const variable = names.findLast((name) => env[name])
  if (variable !== undefined) return { text: filled(env[variable]!), base: directory, origin: `env: ${variable}` }
  const place = ini.findLast(({ section, key }) => sections.get(section)?.get(key))
  return place && { text: filled(sections.get(place.section)!.get(place.key)!), base: dirname(file!), origin: file! }
}

function findConfig(env: Env, directory: string): string | undefined {
  const given = env['ANSIBLE_CONFIG']
  const first = given && statSync(given, { throwIfNoEntry: false })?.isDirectory() ? join(given, 'ansible.cfg') : given
  const places = [...(first ? [resolve(directory, first)] : []), ...(isWorldWritable(directory) ? [] : [join(directory, 'ansible.cfg')]), join(homedir(), '.ansible.cfg'), '/etc/ansible/ansible.cfg']
  return places.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
}

/** Anyone could have put a file there: Ansible does not read it either. */
const isWorldWritable = (directory: string): boolean => ((statSync(directory, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) !== 0

function readFlag(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (/^(yes|true|on|1|y|t)$/i.test(text)) return true
  if (/^(no|false|off|0|n|f)$/i.test(text)) return false
  throw new Problem({ code: 'bad-setting', summary: 'A setting must be yes or no', detail: `${name} is '${text}'` })
}

function readChoice<C extends string>(name: string, text: string | undefined, choices: readonly C[]): C | undefined {
  if (text === undefined || (choices as readonly string[]).includes(text)) return text as C | undefined
  throw new Problem({ code: 'bad-setting', summary: 'A setting has no such value', detail: `${name} is '${text}'`, hint: `one of ${choices.join(', ')}` })
}

function readInteger(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new Problem({ code: 'bad-setting', summary: 'A setting must be a number', detail: `${name} is '${text}'` })
}

const DUPLICATES: Readonly<Record<string, Duplicates>> = { error: 'refuse', warn: 'warn', ignore: 'ignore' }
function readDuplicates(text: string | undefined): Duplicates {
  const found = DUPLICATES[text?.trim().toLowerCase() ?? 'error']
  if (found) return found
  throw new Problem({ code: 'bad-setting', summary: 'A setting has none of its values', detail: `duplicate_dict_key is '${text}', and can be error, warn or ignore` })
}

/** Where facts can be kept. */
const FACT_CACHES = ['memory', 'jsonfile']

/** What is set, in the sections of Ansible itself, to something else than the default, and has no effect; keys nobody knows too. */
function unhonouredKeys(source: SettingsSource): readonly string[] {
  return [...source.sections].flatMap(([section, values]) => (OURS.has(section) ? [...values].filter(([key, text]) => !isQuietKey(section, key, text)).map(([key]) => `${section}.${key}`) : []))
}
/** Other sections belong to plugins and to other programs (galaxy, colors, persistent_connection). */
const OURS = new Set(['defaults', 'privilege_escalation', 'ssh_connection', 'connection', 'inventory', 'tags', 'diff'])

function isQuietKey(section: string, key: string, text: string): boolean {
  const rows = knownSettings.filter(({ ini }) => ini.some((place) => isSameKey(place, { section, key })))
  const spelled = Object.values(SPELLINGS).some(({ ini = [] }) => ini.some((place) => isSameKey(place, { section, key })))
  return spelled || (rows.length === 0 && DROPPED.has(key)) || text === '' || rows.some((row) => !lacks(row, text))
}

function unhonouredVariables({ env }: SettingsSource): readonly string[] {
  const lacking = knownSettings.filter((row) => row.env.some((name) => name.startsWith('ANSIBLE_') && env[name] && lacks(row, env[name])))
  return [...new Set(lacking.flatMap((row) => row.env.filter((name) => env[name])))].filter((name) => !knownSettings.some((row) => row.env.includes(name) && !lacks(row, env[name]!)))
}

/** The setting asks for something that is not there. Asking for the default asks for nothing. */
const lacks = (row: KnownSetting, text: string): boolean =>
  row.name === 'CACHE_PLUGIN' ? !FACT_CACHES.includes(text.replace(/^ansible\.builtin\./, '')) : whyWithoutEffect(row) === LACKING && JSON.stringify(convertSetting(row, text, '/')) !== JSON.stringify(row.fallback === undefined ? null : convertSetting(row, row.fallback, '/'))
