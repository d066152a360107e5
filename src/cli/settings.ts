import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { Problem } from '../problem/problem.ts'
import type { Duplicates } from '../yaml/parse-nodes.ts'
import { parseIniFile } from './ini-file.ts'

/** A setting of ansible.cfg that is honoured: where it stands there, and which variables of the environment stand above it. */
interface Known {
  readonly section: string
  readonly keys: readonly string[]
  readonly env: readonly string[]
}
const known = (section: string, keys: string, env = `ANSIBLE_${keys.split(' ')[0]!.toUpperCase()}`): Known => ({ section, keys: keys.split(' '), env: env.split(' ').filter(Boolean) })

const HONOURED = {
  inventory: known('defaults', 'inventory hostfile'),
  inventoryIgnore: known('defaults', 'inventory_ignore_extensions', 'ANSIBLE_INVENTORY_IGNORE'),
  library: known('defaults', 'library'),
  inventoryIgnoreOfSection: known('inventory', 'ignore_extensions', ''),
  inventoryIgnorePatterns: known('defaults', 'inventory_ignore_patterns', 'ANSIBLE_INVENTORY_IGNORE_REGEX'),
  inventoryIgnorePatternsOfSection: known('inventory', 'ignore_patterns', ''),
  inventoryEnabled: known('inventory', 'enable_plugins', 'ANSIBLE_INVENTORY_ENABLED'),
  inventoryUnparsedFails: known('inventory', 'unparsed_is_failed', 'ANSIBLE_INVENTORY_UNPARSED_FAILED'),
  inventoryUnparsedWarns: known('inventory', 'inventory_unparsed_warning', 'ANSIBLE_INVENTORY_UNPARSED_WARNING'),
  inventoryAnyUnparsedFails: known('inventory', 'any_unparsed_is_failed', 'ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED'),
  inventoryExport: known('inventory', 'export', 'ANSIBLE_INVENTORY_EXPORT'),
  hostPatternMismatch: known('inventory', 'host_pattern_mismatch', 'ANSIBLE_HOST_PATTERN_MISMATCH'),
  groupNaming: known('defaults', 'force_valid_group_names', 'ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS'),
  yamlExtensions: known('defaults', 'yaml_valid_extensions', 'ANSIBLE_YAML_FILENAME_EXT ANSIBLE_INVENTORY_PLUGIN_EXTS'),
  precedence: known('defaults', 'precedence', 'ANSIBLE_PRECEDENCE'),
  rolesPath: known('defaults', 'roles_path'),
  collectionsPath: known('defaults', 'collections_path collections_paths', 'ANSIBLE_COLLECTIONS_PATH ANSIBLE_COLLECTIONS_PATHS'),
  hostKeyChecking: known('defaults', 'host_key_checking', 'ANSIBLE_HOST_KEY_CHECKING ANSIBLE_SSH_HOST_KEY_CHECKING'),
  remoteUser: known('defaults', 'remote_user'),
  privateKeyFile: known('defaults', 'private_key_file'),
  forks: known('defaults', 'forks'),
  timeout: known('defaults', 'timeout', 'ANSIBLE_TIMEOUT ANSIBLE_SSH_TIMEOUT'),
  connection: known('defaults', 'transport'),
  moduleName: known('defaults', 'module_name'),
  moduleArgs: known('defaults', 'module_args'),
  playbookDir: known('defaults', 'playbook_dir', 'ANSIBLE_PLAYBOOK_DIR'),
  binCallbacks: known('defaults', 'bin_ansible_callbacks', 'ANSIBLE_LOAD_CALLBACK_PLUGINS'),
  strategy: known('defaults', 'strategy'),
  gathering: known('defaults', 'gathering'),
  hashBehaviour: known('defaults', 'hash_behaviour'),
  anyErrorsFatal: known('defaults', 'any_errors_fatal'),
  forceHandlers: known('defaults', 'force_handlers'),
  pollInterval: known('defaults', 'poll_interval'),
  asyncDirectory: known('defaults', 'async_dir', 'ANSIBLE_ASYNC_DIR'),
  errorOnMissingHandler: known('defaults', 'error_on_missing_handler'),
  askPass: known('defaults', 'ask_pass'),
  askVaultPass: known('defaults', 'ask_vault_pass'),
  vaultPasswordFile: known('defaults', 'vault_password_file'),
  vaultIdentityList: known('defaults', 'vault_identity_list'),
  vaultIdMatch: known('defaults', 'vault_id_match'),
  vaultEncryptIdentity: known('defaults', 'vault_encrypt_identity'),
  vaultEncryptSalt: known('defaults', 'vault_encrypt_salt'),
  editor: known('defaults', 'editor', 'EDITOR ANSIBLE_EDITOR VISUAL'),
  pager: known('defaults', 'pager', 'PAGER ANSIBLE_PAGER'),
  connectionPasswordFile: known('defaults', 'connection_password_file'),
  stdoutCallback: known('defaults', 'stdout_callback'),
  displaySkippedHosts: known('defaults', 'display_skipped_hosts'),
  displayOkHosts: known('defaults', 'display_ok_hosts'),
  showCustomStats: known('defaults', 'show_custom_stats'),
  displayFailedStderr: known('defaults', 'display_failed_stderr'),
  pathOnFailure: known('defaults', 'show_task_path_on_failure'),
  checkMarkers: known('defaults', 'check_mode_markers'),
  resultFormat: known('defaults', 'callback_result_format'),
  resultPretty: known('defaults', 'callback_format_pretty'),
  verbosity: known('defaults', 'verbosity'),
  nocolor: known('defaults', 'nocolor', 'ANSIBLE_NOCOLOR'),
  forceColor: known('defaults', 'force_color', 'ANSIBLE_FORCE_COLOR'),
  runTags: known('tags', 'run', 'ANSIBLE_RUN_TAGS'),
  skipTags: known('tags', 'skip', 'ANSIBLE_SKIP_TAGS'),
  become: known('privilege_escalation', 'become'),
  becomeMethod: known('privilege_escalation', 'become_method'),
  becomeUser: known('privilege_escalation', 'become_user'),
  duplicateKeys: known('defaults', 'duplicate_dict_key', 'ANSIBLE_DUPLICATE_YAML_DICT_KEY'),
  becomeAskPass: known('privilege_escalation', 'become_ask_pass'),
  becomePasswordFile: known('privilege_escalation', 'become_password_file', 'ANSIBLE_BECOME_PASSWORD_FILE'),
  sshArgs: known('ssh_connection', 'ssh_args'),
  sshCommonArgs: known('ssh_connection', 'ssh_common_args'),
  sshExtraArgs: known('ssh_connection', 'ssh_extra_args'),
  diffAlways: known('diff', 'always', 'ANSIBLE_DIFF_ALWAYS'),
} as const satisfies Record<string, Known>
export type SettingName = keyof typeof HONOURED

/** Settings that only tune what is done in another way here: setting them asks for nothing that is missing. */
const MEANINGLESS = new Set(`nocows cow_selection cowpath retry_files_enabled retry_files_save_path pipelining control_path control_path_dir control_persist scp_if_ssh sftp_batch_mode
  transfer_method retries reconnection_retries interpreter_python remote_tmp local_tmp no_target_syslog deprecation_warnings system_warnings command_warnings localhost_warning
  allow_world_readable_tmpfiles module_lang module_set_locale
  internal_poll_interval display_args_to_stdout devel_warning accelerate_port executable
  ansible_managed sudo_user python_interpreter use_persistent_connections connect_timeout test_strategy host_pattern_mismatch`.split(/\s+/))

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

type Env = Readonly<Record<string, string | undefined>>

/** Finds and reads them as Ansible does: `ANSIBLE_CONFIG`, `./ansible.cfg`, `~/.ansible.cfg`, `/etc/ansible/ansible.cfg`; one file counts. */
export function readSettings(env: Env, directory: string): Settings {
  const file = findConfig(env, directory)
  const sections = file ? parseIniFile(readFileSync(file, 'utf8')) : new Map<string, ReadonlyMap<string, string>>()
  const base = file ? dirname(file) : directory
  const lookUp = (name: SettingName): { value: string; base: string } | undefined => {
    const { section, keys, env: names } = HONOURED[name] as Known
    for (const variable of names) if (env[variable] !== undefined && env[variable] !== '') return { value: env[variable], base: directory }
    for (const key of keys) if (sections.get(section)?.get(key)) return { value: sections.get(section)!.get(key)!, base }
    return undefined
  }
  const text = (name: SettingName): string | undefined => lookUp(name)?.value.replace(/\$(\w+)|\$\{(\w+)\}/g, (all, a, b) => env[a ?? b] ?? all)
  return {
    file, text,
    flag: (name) => readFlag(name, text(name)),
    integer: (name) => readInteger(name, text(name)),
    oneOf: (name, choices) => readChoice(name, text(name), choices),
    duplicates: readDuplicates(text('duplicateKeys')),
    paths: (name, separator = ':') => text(name)?.split(separator).map((path) => path.trim()).filter(Boolean).map((path) => absolute(path, lookUp(name)!.base)),
    unhonoured: [...unhonouredKeys(sections), ...unhonouredVariables(env)],
  }
}

function findConfig(env: Env, directory: string): string | undefined {
  const given = env['ANSIBLE_CONFIG']
  const first = given && statSync(given, { throwIfNoEntry: false })?.isDirectory() ? join(given, 'ansible.cfg') : given
  const places = [...(first ? [resolve(directory, first)] : []), ...(isWorldWritable(directory) ? [] : [join(directory, 'ansible.cfg')]), join(homedir(), '.ansible.cfg'), '/etc/ansible/ansible.cfg']
  return places.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
}

/** Anyone could have put a file there: Ansible does not read it either. */
const isWorldWritable = (directory: string): boolean => ((statSync(directory, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) !== 0

function absolute(path: string, base: string): string {
  if (path.startsWith('~')) return join(homedir(), path.slice(1))
  return isAbsolute(path) ? path : resolve(base, path)
}

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

function unhonouredKeys(sections: ReadonlyMap<string, ReadonlyMap<string, string>>): readonly string[] {
  const honoured = new Set(Object.values(HONOURED).flatMap(({ section, keys }: Known) => keys.map((key) => `${section}.${key}`)))
  return [...sections].flatMap(([section, values]) => (OURS.has(section) ? [...values.keys()].filter((key) => !honoured.has(`${section}.${key}`) && !MEANINGLESS.has(key)).map((key) => `${section}.${key}`) : []))
}
/** Other sections belong to plugins and to other programs (galaxy, colors, persistent_connection). */
const OURS = new Set(['defaults', 'privilege_escalation', 'ssh_connection', 'connection', 'inventory', 'tags', 'diff'])

/** Variables that ask for behaviour we lack. Others are ignored silently: many are set by CI systems for plugins. */
const LACKING = ['ANSIBLE_LIBRARY', 'ANSIBLE_FILTER_PLUGINS', 'ANSIBLE_LOOKUP_PLUGINS', 'ANSIBLE_TEST_PLUGINS', 'ANSIBLE_ACTION_PLUGINS', 'ANSIBLE_CALLBACK_PLUGINS', 'ANSIBLE_CONNECTION_PLUGINS', 'ANSIBLE_STRATEGY_PLUGINS', 'ANSIBLE_JINJA2_EXTENSIONS', 'ANSIBLE_LOG_PATH']
const unhonouredVariables = (env: Env): readonly string[] => LACKING.filter((name) => env[name])
