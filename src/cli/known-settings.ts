import type { Value } from '../value/value.ts'
import { carriedForks } from './carried-forks.ts'

export type SettingType = 'boolean' | 'integer' | 'float' | 'string' | 'path' | 'list' | 'pathlist' | 'pathspec'

/** A setting that Ansible documents. */
export interface KnownSetting {
  /** As `ansible-config` calls it; an option of a plugin is `kind/plugin/option`. */
  readonly name: string
  readonly type: SettingType
  /** As it would stand in ansible.cfg; undefined where there is none. */
  readonly fallback: string | undefined
  readonly ini: readonly { readonly section: string; readonly key: string }[]
  /** Variables of the environment; a later one stands above an earlier one. */
  readonly env: readonly string[]
  readonly choices: readonly Value[]
}

/** Names, types, defaults, keys and variables of ansible-core 2.19, from its documentation (but forks, which are our own); internal ones and those of plugins without a counterpart here are left out. */
const TABLE = String.raw`
ACTION_WARNINGS | boolean | true | defaults.action_warnings | ANSIBLE_ACTION_WARNINGS
AGNOSTIC_BECOME_PROMPT | boolean | true | privilege_escalation.agnostic_become_prompt | ANSIBLE_AGNOSTIC_BECOME_PROMPT
ALLOW_BROKEN_CONDITIONALS | boolean | false | defaults.allow_broken_conditionals | ANSIBLE_ALLOW_BROKEN_CONDITIONALS
ALLOW_EMBEDDED_TEMPLATES | boolean | true | defaults.allow_embedded_templates | ANSIBLE_ALLOW_EMBEDDED_TEMPLATES
ANSIBLE_CONNECTION_PATH | path |  | persistent_connection.ansible_connection_path | ANSIBLE_CONNECTION_PATH
ANSIBLE_COW_ACCEPTLIST | list | bud-frogs,bunny,cheese,daemon,default,dragon,elephant-in-snake,elephant,eyes,hellokitty,kitty,luke-koala,meow,milk,moofasa,moose,ren,sheep,small,stegosaurus,stimpy,supermilker,three-eyes,turkey,turtle,tux,udder,vader-koala,vader,www | defaults.cowsay_enabled_stencils | ANSIBLE_COW_ACCEPTLIST
ANSIBLE_COW_PATH | string |  | defaults.cowpath | ANSIBLE_COW_PATH
ANSIBLE_COW_SELECTION | string | default | defaults.cow_selection | ANSIBLE_COW_SELECTION
ANSIBLE_FORCE_COLOR | boolean | false | defaults.force_color | ANSIBLE_FORCE_COLOR
ANSIBLE_HOME | path | ~/.ansible | defaults.home | ANSIBLE_HOME
ANSIBLE_NOCOLOR | boolean | false | defaults.nocolor | ANSIBLE_NOCOLOR NO_COLOR
ANSIBLE_NOCOWS | boolean | false | defaults.nocows | ANSIBLE_NOCOWS
ANSIBLE_PIPELINING | boolean | false | defaults.pipelining connection.pipelining | ANSIBLE_PIPELINING
ANY_ERRORS_FATAL | boolean | false | defaults.any_errors_fatal | ANSIBLE_ANY_ERRORS_FATAL
BECOME_ALLOW_SAME_USER | boolean | false | privilege_escalation.become_allow_same_user | ANSIBLE_BECOME_ALLOW_SAME_USER
BECOME_PASSWORD_FILE | path |  | defaults.become_password_file | ANSIBLE_BECOME_PASSWORD_FILE
BECOME_PLUGIN_PATH | pathspec | ~/.ansible/plugins/become:/usr/share/ansible/plugins/become | defaults.become_plugins | ANSIBLE_BECOME_PLUGINS
CACHE_PLUGIN | string | memory | defaults.fact_caching | ANSIBLE_CACHE_PLUGIN
CACHE_PLUGIN_CONNECTION | string |  | defaults.fact_caching_connection | ANSIBLE_CACHE_PLUGIN_CONNECTION
CACHE_PLUGIN_PREFIX | string | ansible_facts | defaults.fact_caching_prefix | ANSIBLE_CACHE_PLUGIN_PREFIX
CACHE_PLUGIN_TIMEOUT | integer | 86400 | defaults.fact_caching_timeout | ANSIBLE_CACHE_PLUGIN_TIMEOUT
CALLBACKS_ENABLED | list | "" | defaults.callbacks_enabled | ANSIBLE_CALLBACKS_ENABLED
COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH | string | warning | defaults.collections_on_ansible_version_mismatch | ANSIBLE_COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH | error ignore warning
COLLECTIONS_PATHS | pathspec | ~/.ansible/collections:/usr/share/ansible/collections | defaults.collections_path | ANSIBLE_COLLECTIONS_PATH
COLLECTIONS_SCAN_SYS_PATH | boolean | true | defaults.collections_scan_sys_path | ANSIBLE_COLLECTIONS_SCAN_SYS_PATH
COLOR_CHANGED | string | yellow | colors.changed | ANSIBLE_COLOR_CHANGED
COLOR_CONSOLE_PROMPT | string | white | colors.console_prompt | ANSIBLE_COLOR_CONSOLE_PROMPT
COLOR_DEBUG | string | dark gray | colors.debug | ANSIBLE_COLOR_DEBUG
COLOR_DEPRECATE | string | purple | colors.deprecate | ANSIBLE_COLOR_DEPRECATE
COLOR_DIFF_ADD | string | green | colors.diff_add | ANSIBLE_COLOR_DIFF_ADD
COLOR_DIFF_LINES | string | cyan | colors.diff_lines | ANSIBLE_COLOR_DIFF_LINES
COLOR_DIFF_REMOVE | string | red | colors.diff_remove | ANSIBLE_COLOR_DIFF_REMOVE
COLOR_DOC_CONSTANT | string | dark gray | colors.doc_constant | ANSIBLE_COLOR_DOC_CONSTANT
COLOR_DOC_DEPRECATED | string | magenta | colors.doc_deprecated | ANSIBLE_COLOR_DOC_DEPRECATED
COLOR_DOC_LINK | string | cyan | colors.doc_link | ANSIBLE_COLOR_DOC_LINK
COLOR_DOC_MODULE | string | yellow | colors.doc_module | ANSIBLE_COLOR_DOC_MODULE
COLOR_DOC_PLUGIN | string | yellow | colors.doc_plugin | ANSIBLE_COLOR_DOC_PLUGIN
COLOR_DOC_REFERENCE | string | magenta | colors.doc_reference | ANSIBLE_COLOR_DOC_REFERENCE
COLOR_ERROR | string | red | colors.error | ANSIBLE_COLOR_ERROR
COLOR_HIGHLIGHT | string | white | colors.highlight | ANSIBLE_COLOR_HIGHLIGHT
COLOR_INCLUDED | string | cyan | colors.included | ANSIBLE_COLOR_INCLUDED
COLOR_OK | string | green | colors.ok | ANSIBLE_COLOR_OK
COLOR_SKIP | string | cyan | colors.skip | ANSIBLE_COLOR_SKIP
COLOR_UNREACHABLE | string | bright red | colors.unreachable | ANSIBLE_COLOR_UNREACHABLE
COLOR_VERBOSE | string | blue | colors.verbose | ANSIBLE_COLOR_VERBOSE
COLOR_WARN | string | bright purple | colors.warn | ANSIBLE_COLOR_WARN
CONNECTION_PASSWORD_FILE | path |  | defaults.connection_password_file | ANSIBLE_CONNECTION_PASSWORD_FILE
DEFAULT_ACTION_PLUGIN_PATH | pathspec | ~/.ansible/plugins/action:/usr/share/ansible/plugins/action | defaults.action_plugins | ANSIBLE_ACTION_PLUGINS
DEFAULT_ALLOW_UNSAFE_LOOKUPS | boolean | false | defaults.allow_unsafe_lookups
DEFAULT_ASK_PASS | boolean | false | defaults.ask_pass | ANSIBLE_ASK_PASS
DEFAULT_ASK_VAULT_PASS | boolean | false | defaults.ask_vault_pass | ANSIBLE_ASK_VAULT_PASS
DEFAULT_BECOME | boolean | false | privilege_escalation.become | ANSIBLE_BECOME
DEFAULT_BECOME_ASK_PASS | boolean | false | privilege_escalation.become_ask_pass | ANSIBLE_BECOME_ASK_PASS
DEFAULT_BECOME_EXE | string |  | privilege_escalation.become_exe | ANSIBLE_BECOME_EXE
DEFAULT_BECOME_FLAGS | string | "" | privilege_escalation.become_flags | ANSIBLE_BECOME_FLAGS
DEFAULT_BECOME_METHOD | string | sudo | privilege_escalation.become_method | ANSIBLE_BECOME_METHOD
DEFAULT_BECOME_USER | string | root | privilege_escalation.become_user | ANSIBLE_BECOME_USER
DEFAULT_CACHE_PLUGIN_PATH | pathspec | ~/.ansible/plugins/cache:/usr/share/ansible/plugins/cache | defaults.cache_plugins | ANSIBLE_CACHE_PLUGINS
DEFAULT_CALLBACK_PLUGIN_PATH | pathspec | ~/.ansible/plugins/callback:/usr/share/ansible/plugins/callback | defaults.callback_plugins | ANSIBLE_CALLBACK_PLUGINS
DEFAULT_CLICONF_PLUGIN_PATH | pathspec | ~/.ansible/plugins/cliconf:/usr/share/ansible/plugins/cliconf | defaults.cliconf_plugins | ANSIBLE_CLICONF_PLUGINS
DEFAULT_CONNECTION_PLUGIN_PATH | pathspec | ~/.ansible/plugins/connection:/usr/share/ansible/plugins/connection | defaults.connection_plugins | ANSIBLE_CONNECTION_PLUGINS
DEFAULT_DEBUG | boolean | false | defaults.debug | ANSIBLE_DEBUG
DEFAULT_EXECUTABLE | string | /bin/sh | defaults.executable | ANSIBLE_EXECUTABLE
DEFAULT_FILTER_PLUGIN_PATH | pathspec | ~/.ansible/plugins/filter:/usr/share/ansible/plugins/filter | defaults.filter_plugins | ANSIBLE_FILTER_PLUGINS
DEFAULT_FORCE_HANDLERS | boolean | false | defaults.force_handlers | ANSIBLE_FORCE_HANDLERS
DEFAULT_FORKS | integer | ${carriedForks()} | defaults.forks | ANSIBLE_FORKS
DEFAULT_GATHERING | string | implicit | defaults.gathering | ANSIBLE_GATHERING | explicit implicit smart
DEFAULT_HASH_BEHAVIOUR | string | replace | defaults.hash_behaviour | ANSIBLE_HASH_BEHAVIOUR | merge replace
DEFAULT_HOST_LIST | pathlist | /etc/ansible/hosts | defaults.inventory | ANSIBLE_INVENTORY
DEFAULT_HTTPAPI_PLUGIN_PATH | pathspec | ~/.ansible/plugins/httpapi:/usr/share/ansible/plugins/httpapi | defaults.httpapi_plugins | ANSIBLE_HTTPAPI_PLUGINS
DEFAULT_INTERNAL_POLL_INTERVAL | float | 0.001 | defaults.internal_poll_interval
DEFAULT_INVENTORY_PLUGIN_PATH | pathspec | ~/.ansible/plugins/inventory:/usr/share/ansible/plugins/inventory | defaults.inventory_plugins | ANSIBLE_INVENTORY_PLUGINS
DEFAULT_JINJA2_EXTENSIONS | list | "" | defaults.jinja2_extensions | ANSIBLE_JINJA2_EXTENSIONS
DEFAULT_JINJA2_NATIVE | boolean | true | defaults.jinja2_native | ANSIBLE_JINJA2_NATIVE
DEFAULT_KEEP_REMOTE_FILES | boolean | false | defaults.keep_remote_files | ANSIBLE_KEEP_REMOTE_FILES
DEFAULT_LIBVIRT_LXC_NOSECLABEL | boolean | false | selinux.libvirt_lxc_noseclabel | ANSIBLE_LIBVIRT_LXC_NOSECLABEL
DEFAULT_LOAD_CALLBACK_PLUGINS | boolean | false | defaults.bin_ansible_callbacks | ANSIBLE_LOAD_CALLBACK_PLUGINS
DEFAULT_LOCAL_TMP | path | ~/.ansible/tmp | defaults.local_tmp | ANSIBLE_LOCAL_TEMP
DEFAULT_LOG_FILTER | list | "" | defaults.log_filter | ANSIBLE_LOG_FILTER
DEFAULT_LOG_PATH | path |  | defaults.log_path | ANSIBLE_LOG_PATH
DEFAULT_LOOKUP_PLUGIN_PATH | pathspec | ~/.ansible/plugins/lookup:/usr/share/ansible/plugins/lookup | defaults.lookup_plugins | ANSIBLE_LOOKUP_PLUGINS
DEFAULT_MANAGED_STR | string | Ansible managed | defaults.ansible_managed
DEFAULT_MODULE_ARGS | string |  | defaults.module_args | ANSIBLE_MODULE_ARGS
DEFAULT_MODULE_COMPRESSION | string | ZIP_DEFLATED | defaults.module_compression
DEFAULT_MODULE_NAME | string | command | defaults.module_name
DEFAULT_MODULE_PATH | pathspec | ~/.ansible/plugins/modules:/usr/share/ansible/plugins/modules | defaults.library | ANSIBLE_LIBRARY
DEFAULT_MODULE_UTILS_PATH | pathspec | ~/.ansible/plugins/module_utils:/usr/share/ansible/plugins/module_utils | defaults.module_utils | ANSIBLE_MODULE_UTILS
DEFAULT_NETCONF_PLUGIN_PATH | pathspec | ~/.ansible/plugins/netconf:/usr/share/ansible/plugins/netconf | defaults.netconf_plugins | ANSIBLE_NETCONF_PLUGINS
DEFAULT_NO_LOG | boolean | false | defaults.no_log | ANSIBLE_NO_LOG
DEFAULT_NO_TARGET_SYSLOG | boolean | false | defaults.no_target_syslog | ANSIBLE_NO_TARGET_SYSLOG
DEFAULT_NULL_REPRESENTATION | string |  | defaults.null_representation | ANSIBLE_NULL_REPRESENTATION
DEFAULT_POLL_INTERVAL | integer | 15 | defaults.poll_interval | ANSIBLE_POLL_INTERVAL
DEFAULT_PRIVATE_KEY_FILE | path |  | defaults.private_key_file | ANSIBLE_PRIVATE_KEY_FILE
DEFAULT_PRIVATE_ROLE_VARS | boolean | false | defaults.private_role_vars | ANSIBLE_PRIVATE_ROLE_VARS
DEFAULT_REMOTE_PORT | integer |  | defaults.remote_port | ANSIBLE_REMOTE_PORT
DEFAULT_REMOTE_USER | string |  | defaults.remote_user | ANSIBLE_REMOTE_USER
DEFAULT_ROLES_PATH | pathspec | ~/.ansible/roles:/usr/share/ansible/roles:/etc/ansible/roles | defaults.roles_path | ANSIBLE_ROLES_PATH
DEFAULT_SELINUX_SPECIAL_FS | list | fuse,nfs,vboxsf,ramfs,9p,vfat | selinux.special_context_filesystems | ANSIBLE_SELINUX_SPECIAL_FS
DEFAULT_STDOUT_CALLBACK | string | default | defaults.stdout_callback | ANSIBLE_STDOUT_CALLBACK
DEFAULT_STRATEGY | string | linear | defaults.strategy | ANSIBLE_STRATEGY
DEFAULT_STRATEGY_PLUGIN_PATH | pathspec | ~/.ansible/plugins/strategy:/usr/share/ansible/plugins/strategy | defaults.strategy_plugins | ANSIBLE_STRATEGY_PLUGINS
DEFAULT_SU | boolean | false | defaults.su | ANSIBLE_SU
DEFAULT_SYSLOG_FACILITY | string | LOG_USER | defaults.syslog_facility | ANSIBLE_SYSLOG_FACILITY
DEFAULT_TERMINAL_PLUGIN_PATH | pathspec | ~/.ansible/plugins/terminal:/usr/share/ansible/plugins/terminal | defaults.terminal_plugins | ANSIBLE_TERMINAL_PLUGINS
DEFAULT_TEST_PLUGIN_PATH | pathspec | ~/.ansible/plugins/test:/usr/share/ansible/plugins/test | defaults.test_plugins | ANSIBLE_TEST_PLUGINS
DEFAULT_TIMEOUT | integer | 10 | defaults.timeout | ANSIBLE_TIMEOUT
DEFAULT_TRANSPORT | string | ssh | defaults.transport | ANSIBLE_TRANSPORT
DEFAULT_UNDEFINED_VAR_BEHAVIOR | boolean | true | defaults.error_on_undefined_vars | ANSIBLE_ERROR_ON_UNDEFINED_VARS
DEFAULT_VARS_PLUGIN_PATH | pathspec | ~/.ansible/plugins/vars:/usr/share/ansible/plugins/vars | defaults.vars_plugins | ANSIBLE_VARS_PLUGINS
DEFAULT_VAULT_ENCRYPT_IDENTITY | string |  | defaults.vault_encrypt_identity | ANSIBLE_VAULT_ENCRYPT_IDENTITY
DEFAULT_VAULT_IDENTITY | string | default | defaults.vault_identity | ANSIBLE_VAULT_IDENTITY
DEFAULT_VAULT_IDENTITY_LIST | list | "" | defaults.vault_identity_list | ANSIBLE_VAULT_IDENTITY_LIST
DEFAULT_VAULT_ID_MATCH | boolean | false | defaults.vault_id_match | ANSIBLE_VAULT_ID_MATCH
DEFAULT_VAULT_PASSWORD_FILE | path |  | defaults.vault_password_file | ANSIBLE_VAULT_PASSWORD_FILE
DEFAULT_VERBOSITY | integer | 0 | defaults.verbosity | ANSIBLE_VERBOSITY
DEPRECATION_WARNINGS | boolean | true | defaults.deprecation_warnings | ANSIBLE_DEPRECATION_WARNINGS
DEVEL_WARNING | boolean | true | defaults.devel_warning | ANSIBLE_DEVEL_WARNING
DIFF_ALWAYS | boolean | false | diff.always | ANSIBLE_DIFF_ALWAYS
DIFF_CONTEXT | integer | 3 | diff.context | ANSIBLE_DIFF_CONTEXT
DISPLAY_ARGS_TO_STDOUT | boolean | false | defaults.display_args_to_stdout | ANSIBLE_DISPLAY_ARGS_TO_STDOUT
DISPLAY_SKIPPED_HOSTS | boolean | true | defaults.display_skipped_hosts | ANSIBLE_DISPLAY_SKIPPED_HOSTS
DISPLAY_TRACEBACK | list | never | defaults.display_traceback | ANSIBLE_DISPLAY_TRACEBACK | error warning deprecated deprecated_value always never
DOCSITE_ROOT_URL | string | https://docs.ansible.com/ansible-core/ | defaults.docsite_root_url
DOC_FRAGMENT_PLUGIN_PATH | pathspec | ~/.ansible/plugins/doc_fragments:/usr/share/ansible/plugins/doc_fragments | defaults.doc_fragment_plugins | ANSIBLE_DOC_FRAGMENT_PLUGINS
DUPLICATE_YAML_DICT_KEY | string | warn | defaults.duplicate_dict_key | ANSIBLE_DUPLICATE_YAML_DICT_KEY | error ignore warn
EDITOR | string | vi | defaults.editor | ANSIBLE_EDITOR EDITOR
ENABLE_TASK_DEBUGGER | boolean | false | defaults.enable_task_debugger | ANSIBLE_ENABLE_TASK_DEBUGGER
ERROR_ON_MISSING_HANDLER | boolean | true | defaults.error_on_missing_handler | ANSIBLE_ERROR_ON_MISSING_HANDLER
FACTS_MODULES | list | smart | defaults.facts_modules | ANSIBLE_FACTS_MODULES
GALAXY_CACHE_DIR | path | ~/.ansible/galaxy_cache | galaxy.cache_dir | ANSIBLE_GALAXY_CACHE_DIR
GALAXY_COLLECTIONS_PATH_WARNING | boolean | true | galaxy.collections_path_warning | ANSIBLE_GALAXY_COLLECTIONS_PATH_WARNING
GALAXY_COLLECTION_IMPORT_POLL_FACTOR | float | 1.5 |  | ANSIBLE_GALAXY_COLLECTION_IMPORT_POLL_FACTOR
GALAXY_COLLECTION_IMPORT_POLL_INTERVAL | float | 2.0 |  | ANSIBLE_GALAXY_COLLECTION_IMPORT_POLL_INTERVAL
GALAXY_COLLECTION_SKELETON | path |  | galaxy.collection_skeleton | ANSIBLE_GALAXY_COLLECTION_SKELETON
GALAXY_COLLECTION_SKELETON_IGNORE | list | ^.git$,^.*/.git_keep$ | galaxy.collection_skeleton_ignore | ANSIBLE_GALAXY_COLLECTION_SKELETON_IGNORE
GALAXY_DISABLE_GPG_VERIFY | boolean | false | galaxy.disable_gpg_verify | ANSIBLE_GALAXY_DISABLE_GPG_VERIFY
GALAXY_DISPLAY_PROGRESS | boolean |  | galaxy.display_progress | ANSIBLE_GALAXY_DISPLAY_PROGRESS
GALAXY_GPG_KEYRING | path |  | galaxy.gpg_keyring | ANSIBLE_GALAXY_GPG_KEYRING
GALAXY_IGNORE_CERTS | boolean |  | galaxy.ignore_certs | ANSIBLE_GALAXY_IGNORE
GALAXY_IGNORE_INVALID_SIGNATURE_STATUS_CODES | list |  | galaxy.ignore_signature_status_codes | ANSIBLE_GALAXY_IGNORE_SIGNATURE_STATUS_CODES | EXPSIG EXPKEYSIG REVKEYSIG BADSIG ERRSIG NO_PUBKEY MISSING_PASSPHRASE BAD_PASSPHRASE NODATA UNEXPECTED ERROR FAILURE BADARMOR KEYEXPIRED KEYREVOKED NO_SECKEY
GALAXY_REQUIRED_VALID_SIGNATURE_COUNT | string | 1 | galaxy.required_valid_signature_count | ANSIBLE_GALAXY_REQUIRED_VALID_SIGNATURE_COUNT
GALAXY_ROLE_SKELETON | path |  | galaxy.role_skeleton | ANSIBLE_GALAXY_ROLE_SKELETON
GALAXY_ROLE_SKELETON_IGNORE | list | ^.git$,^.*/.git_keep$ | galaxy.role_skeleton_ignore | ANSIBLE_GALAXY_ROLE_SKELETON_IGNORE
GALAXY_SERVER | string | https://galaxy.ansible.com | galaxy.server | ANSIBLE_GALAXY_SERVER
GALAXY_SERVER_LIST | list |  | galaxy.server_list | ANSIBLE_GALAXY_SERVER_LIST
GALAXY_SERVER_TIMEOUT | integer | 60 | galaxy.server_timeout | ANSIBLE_GALAXY_SERVER_TIMEOUT
GALAXY_TOKEN_PATH | path | ~/.ansible/galaxy_token | galaxy.token_path | ANSIBLE_GALAXY_TOKEN_PATH
HOST_KEY_CHECKING | boolean | true | defaults.host_key_checking | ANSIBLE_HOST_KEY_CHECKING
HOST_PATTERN_MISMATCH | string | warning | inventory.host_pattern_mismatch | ANSIBLE_HOST_PATTERN_MISMATCH | error ignore warning
INJECT_FACTS_AS_VARS | boolean | true | defaults.inject_facts_as_vars | ANSIBLE_INJECT_FACT_VARS
INTERPRETER_PYTHON | string | auto | defaults.interpreter_python | ANSIBLE_PYTHON_INTERPRETER
INTERPRETER_PYTHON_FALLBACK | list | python3.13,python3.12,python3.11,python3.10,python3.9,python3.8,/usr/bin/python3,python3
INVALID_TASK_ATTRIBUTE_FAILED | boolean | true | defaults.invalid_task_attribute_failed | ANSIBLE_INVALID_TASK_ATTRIBUTE_FAILED
INVENTORY_ANY_UNPARSED_IS_FAILED | boolean | false | inventory.any_unparsed_is_failed | ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED
INVENTORY_ENABLED | list | host_list,script,auto,yaml,ini,toml | inventory.enable_plugins | ANSIBLE_INVENTORY_ENABLED
INVENTORY_EXPORT | boolean | false | inventory.export | ANSIBLE_INVENTORY_EXPORT
INVENTORY_IGNORE_EXTS | list | .pyc,.pyo,.swp,.bak,~,.rpm,.md,.txt,.rst,.orig,.cfg,.retry | defaults.inventory_ignore_extensions inventory.ignore_extensions | ANSIBLE_INVENTORY_IGNORE
INVENTORY_IGNORE_PATTERNS | list | "" | defaults.inventory_ignore_patterns inventory.ignore_patterns | ANSIBLE_INVENTORY_IGNORE_REGEX
INVENTORY_UNPARSED_IS_FAILED | boolean | false | inventory.unparsed_is_failed | ANSIBLE_INVENTORY_UNPARSED_FAILED
INVENTORY_UNPARSED_WARNING | boolean | true | inventory.inventory_unparsed_warning | ANSIBLE_INVENTORY_UNPARSED_WARNING
LOCALHOST_WARNING | boolean | true | defaults.localhost_warning | ANSIBLE_LOCALHOST_WARNING
LOG_VERBOSITY | integer |  | defaults.log_verbosity | ANSIBLE_LOG_VERBOSITY
MAX_FILE_SIZE_FOR_DIFF | integer | 104448 | defaults.max_diff_size | ANSIBLE_MAX_DIFF_SIZE
MODULE_IGNORE_EXTS | list | .pyc,.pyo,.swp,.bak,~,.rpm,.md,.txt,.rst,.yaml,.yml,.ini | defaults.module_ignore_exts | ANSIBLE_MODULE_IGNORE_EXTS
MODULE_STRICT_UTF8_RESPONSE | boolean | true | defaults.module_strict_utf8_response | ANSIBLE_MODULE_STRICT_UTF8_RESPONSE
NETCONF_SSH_CONFIG | string |  | netconf_connection.ssh_config | ANSIBLE_NETCONF_SSH_CONFIG
NETWORK_GROUP_MODULES | list | eos,nxos,ios,iosxr,junos,enos,ce,vyos,sros,dellos9,dellos10,dellos6,asa,aruba,aireos,bigip,ironware,onyx,netconf,exos,voss,slxos | defaults.network_group_modules | ANSIBLE_NETWORK_GROUP_MODULES
OLD_PLUGIN_CACHE_CLEARING | boolean | false | defaults.old_plugin_cache_clear | ANSIBLE_OLD_PLUGIN_CACHE_CLEAR
PAGER | string | less | defaults.pager | ANSIBLE_PAGER PAGER
PARAMIKO_HOST_KEY_AUTO_ADD | boolean | false | paramiko_connection.host_key_auto_add | ANSIBLE_PARAMIKO_HOST_KEY_AUTO_ADD
PARAMIKO_LOOK_FOR_KEYS | boolean | true | paramiko_connection.look_for_keys | ANSIBLE_PARAMIKO_LOOK_FOR_KEYS
PERSISTENT_COMMAND_TIMEOUT | integer | 30 | persistent_connection.command_timeout | ANSIBLE_PERSISTENT_COMMAND_TIMEOUT
PERSISTENT_CONNECT_RETRY_TIMEOUT | integer | 15 | persistent_connection.connect_retry_timeout | ANSIBLE_PERSISTENT_CONNECT_RETRY_TIMEOUT
PERSISTENT_CONNECT_TIMEOUT | integer | 30 | persistent_connection.connect_timeout | ANSIBLE_PERSISTENT_CONNECT_TIMEOUT
PERSISTENT_CONTROL_PATH_DIR | path | ~/.ansible/pc | persistent_connection.control_path_dir | ANSIBLE_PERSISTENT_CONTROL_PATH_DIR
PLAYBOOK_DIR | path |  | defaults.playbook_dir | ANSIBLE_PLAYBOOK_DIR
PLAYBOOK_VARS_ROOT | string | top | defaults.playbook_vars_root | ANSIBLE_PLAYBOOK_VARS_ROOT | all bottom top
PLUGIN_FILTERS_CFG | path |  | defaults.plugin_filters_cfg
PYTHON_MODULE_RLIMIT_NOFILE | string | 0 | defaults.python_module_rlimit_nofile | ANSIBLE_PYTHON_MODULE_RLIMIT_NOFILE
RETRY_FILES_ENABLED | boolean | false | defaults.retry_files_enabled | ANSIBLE_RETRY_FILES_ENABLED
RETRY_FILES_SAVE_PATH | path |  | defaults.retry_files_save_path | ANSIBLE_RETRY_FILES_SAVE_PATH
RUN_VARS_PLUGINS | string | demand | defaults.run_vars_plugins | ANSIBLE_RUN_VARS_PLUGINS | demand start
SHOW_CUSTOM_STATS | boolean | false | defaults.show_custom_stats | ANSIBLE_SHOW_CUSTOM_STATS
SSH_AGENT | string | none | connection.ssh_agent | ANSIBLE_SSH_AGENT
SSH_AGENT_EXECUTABLE | string | ssh-agent | connection.ssh_agent_executable | ANSIBLE_SSH_AGENT_EXECUTABLE
SSH_AGENT_KEY_LIFETIME | integer |  | connection.ssh_agent_key_lifetime | ANSIBLE_SSH_AGENT_KEY_LIFETIME
STRING_TYPE_FILTERS | list | string,to_json,to_nice_json,to_yaml,to_nice_yaml,ppretty,json | jinja2.dont_type_filters | ANSIBLE_STRING_TYPE_FILTERS
SYSTEM_WARNINGS | boolean | true | defaults.system_warnings | ANSIBLE_SYSTEM_WARNINGS
TAGS_RUN | list | "" | tags.run | ANSIBLE_RUN_TAGS
TAGS_SKIP | list | "" | tags.skip | ANSIBLE_SKIP_TAGS
TARGET_LOG_INFO | string |  | defaults.target_log_info | ANSIBLE_TARGET_LOG_INFO
TASK_DEBUGGER_IGNORE_ERRORS | boolean | true | defaults.task_debugger_ignore_errors | ANSIBLE_TASK_DEBUGGER_IGNORE_ERRORS
TASK_TIMEOUT | integer | 0 | defaults.task_timeout | ANSIBLE_TASK_TIMEOUT
TRANSFORM_INVALID_GROUP_CHARS | string | never | defaults.force_valid_group_names | ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS | always ignore never silently
USE_PERSISTENT_CONNECTIONS | boolean | false | defaults.use_persistent_connections | ANSIBLE_USE_PERSISTENT_CONNECTIONS
VALIDATE_ACTION_GROUP_METADATA | boolean | true | defaults.validate_action_group_metadata | ANSIBLE_VALIDATE_ACTION_GROUP_METADATA
VARIABLE_PLUGINS_ENABLED | list | host_group_vars | defaults.vars_plugins_enabled | ANSIBLE_VARS_ENABLED
VARIABLE_PRECEDENCE | list | all_inventory,groups_inventory,all_plugins_inventory,all_plugins_play,groups_plugins_inventory,groups_plugins_play | defaults.precedence | ANSIBLE_PRECEDENCE
VAULT_ENCRYPT_SALT | string |  | defaults.vault_encrypt_salt | ANSIBLE_VAULT_ENCRYPT_SALT
VERBOSE_TO_STDERR | boolean | false | defaults.verbose_to_stderr | ANSIBLE_VERBOSE_TO_STDERR
WIN_ASYNC_STARTUP_TIMEOUT | integer | 5 | defaults.win_async_startup_timeout | ANSIBLE_WIN_ASYNC_STARTUP_TIMEOUT
WORKER_SHUTDOWN_POLL_COUNT | integer | 0 |  | ANSIBLE_WORKER_SHUTDOWN_POLL_COUNT
WORKER_SHUTDOWN_POLL_DELAY | float | 0.1 |  | ANSIBLE_WORKER_SHUTDOWN_POLL_DELAY
YAML_FILENAME_EXTENSIONS | list | .yml,.yaml,.json | defaults.yaml_valid_extensions | ANSIBLE_YAML_FILENAME_EXT
become/su/become_exe | string | su | privilege_escalation.become_exe su_become_plugin.executable | ANSIBLE_BECOME_EXE ANSIBLE_SU_EXE
become/su/become_flags | string | "" | privilege_escalation.become_flags su_become_plugin.flags | ANSIBLE_BECOME_FLAGS ANSIBLE_SU_FLAGS
become/su/become_pass | string |  | su_become_plugin.password | ANSIBLE_BECOME_PASS ANSIBLE_SU_PASS
become/su/become_user | string | root | privilege_escalation.become_user su_become_plugin.user | ANSIBLE_BECOME_USER ANSIBLE_SU_USER
become/su/prompt_l10n | list | "" | su_become_plugin.localized_prompts | ANSIBLE_SU_PROMPT_L10N
become/sudo/become_exe | string | sudo | privilege_escalation.become_exe sudo_become_plugin.executable | ANSIBLE_BECOME_EXE ANSIBLE_SUDO_EXE
become/sudo/become_flags | string | -H -S -n | privilege_escalation.become_flags sudo_become_plugin.flags | ANSIBLE_BECOME_FLAGS ANSIBLE_SUDO_FLAGS
become/sudo/become_pass | string |  | sudo_become_plugin.password | ANSIBLE_BECOME_PASS ANSIBLE_SUDO_PASS
become/sudo/become_user | string | root | privilege_escalation.become_user sudo_become_plugin.user | ANSIBLE_BECOME_USER ANSIBLE_SUDO_USER
become/sudo/sudo_chdir | string |  | sudo_become_plugin.chdir | ANSIBLE_SUDO_CHDIR
callback/default/check_mode_markers | boolean | false | defaults.check_mode_markers | ANSIBLE_CHECK_MODE_MARKERS
callback/default/display_failed_stderr | boolean | false | defaults.display_failed_stderr | ANSIBLE_DISPLAY_FAILED_STDERR
callback/default/display_ok_hosts | boolean | true | defaults.display_ok_hosts | ANSIBLE_DISPLAY_OK_HOSTS
callback/default/display_skipped_hosts | boolean | true | defaults.display_skipped_hosts | ANSIBLE_DISPLAY_SKIPPED_HOSTS
callback/default/pretty_results | boolean |  | defaults.callback_format_pretty | ANSIBLE_CALLBACK_FORMAT_PRETTY
callback/default/result_format | string | json | defaults.callback_result_format | ANSIBLE_CALLBACK_RESULT_FORMAT | json yaml
callback/default/show_custom_stats | boolean | false | defaults.show_custom_stats | ANSIBLE_SHOW_CUSTOM_STATS
callback/default/show_per_host_start | boolean | false | defaults.show_per_host_start | ANSIBLE_SHOW_PER_HOST_START
callback/default/show_task_path_on_failure | boolean | false | defaults.show_task_path_on_failure | ANSIBLE_SHOW_TASK_PATH_ON_FAILURE
callback/junit/fail_on_change | string | false |  | JUNIT_FAIL_ON_CHANGE
callback/junit/fail_on_ignore | string | false |  | JUNIT_FAIL_ON_IGNORE
callback/junit/hide_task_arguments | string | false |  | JUNIT_HIDE_TASK_ARGUMENTS
callback/junit/include_setup_tasks_in_report | string | true |  | JUNIT_INCLUDE_SETUP_TASKS_IN_REPORT
callback/junit/output_dir | string | ~/.ansible.log |  | JUNIT_OUTPUT_DIR
callback/junit/replace_out_of_tree_path | string | none |  | JUNIT_REPLACE_OUT_OF_TREE_PATH
callback/junit/task_class | string | false |  | JUNIT_TASK_CLASS
callback/junit/task_relative_path | string | none |  | JUNIT_TASK_RELATIVE_PATH
callback/junit/test_case_prefix | string | <empty> |  | JUNIT_TEST_CASE_PREFIX
callback/minimal/pretty_results | boolean |  | defaults.callback_format_pretty | ANSIBLE_CALLBACK_FORMAT_PRETTY
callback/minimal/result_format | string | json | defaults.callback_result_format | ANSIBLE_CALLBACK_RESULT_FORMAT | json yaml
callback/tree/directory | path | ~/.ansible/tree | callback_tree.directory | ANSIBLE_CALLBACK_TREE_DIR
connection/local/pipelining | boolean | false | defaults.pipelining connection.pipelining | ANSIBLE_PIPELINING
connection/ssh/control_path | string |  | ssh_connection.control_path | ANSIBLE_SSH_CONTROL_PATH
connection/ssh/control_path_dir | string | ~/.ansible/cp | ssh_connection.control_path_dir | ANSIBLE_SSH_CONTROL_PATH_DIR
connection/ssh/host_key_checking | boolean | true | defaults.host_key_checking ssh_connection.host_key_checking | ANSIBLE_HOST_KEY_CHECKING ANSIBLE_SSH_HOST_KEY_CHECKING
connection/ssh/password_mechanism | string | ssh_askpass | ssh_connection.password_mechanism | ANSIBLE_SSH_PASSWORD_MECHANISM | ssh_askpass sshpass disable
connection/ssh/pipelining | boolean | false | defaults.pipelining connection.pipelining ssh_connection.pipelining | ANSIBLE_PIPELINING ANSIBLE_SSH_PIPELINING
connection/ssh/pkcs11_provider | string | "" | ssh_connection.pkcs11_provider | ANSIBLE_PKCS11_PROVIDER
connection/ssh/port | integer |  | defaults.remote_port | ANSIBLE_REMOTE_PORT
connection/ssh/private_key | string |  |  | ANSIBLE_PRIVATE_KEY
connection/ssh/private_key_file | string |  | defaults.private_key_file | ANSIBLE_PRIVATE_KEY_FILE
connection/ssh/private_key_passphrase | string |  |  | ANSIBLE_PRIVATE_KEY_PASSPHRASE
connection/ssh/reconnection_retries | integer | 0 | connection.retries ssh_connection.retries | ANSIBLE_SSH_RETRIES
connection/ssh/remote_user | string |  | defaults.remote_user | ANSIBLE_REMOTE_USER
connection/ssh/scp_executable | string | scp | ssh_connection.scp_executable | ANSIBLE_SCP_EXECUTABLE
connection/ssh/scp_extra_args | string | "" | ssh_connection.scp_extra_args | ANSIBLE_SCP_EXTRA_ARGS
connection/ssh/sftp_batch_mode | boolean | true | ssh_connection.sftp_batch_mode | ANSIBLE_SFTP_BATCH_MODE
connection/ssh/sftp_executable | string | sftp | ssh_connection.sftp_executable | ANSIBLE_SFTP_EXECUTABLE
connection/ssh/sftp_extra_args | string | "" | ssh_connection.sftp_extra_args | ANSIBLE_SFTP_EXTRA_ARGS
connection/ssh/ssh_args | string | -C -o ControlMaster=auto -o ControlPersist=60s | ssh_connection.ssh_args | ANSIBLE_SSH_ARGS
connection/ssh/ssh_common_args | string | "" | ssh_connection.ssh_common_args | ANSIBLE_SSH_COMMON_ARGS
connection/ssh/ssh_executable | string | ssh | ssh_connection.ssh_executable | ANSIBLE_SSH_EXECUTABLE
connection/ssh/ssh_extra_args | string | "" | ssh_connection.ssh_extra_args | ANSIBLE_SSH_EXTRA_ARGS
connection/ssh/ssh_transfer_method | string | smart | ssh_connection.transfer_method | ANSIBLE_SSH_TRANSFER_METHOD | piped scp sftp smart
connection/ssh/sshpass_prompt | string | "" | ssh_connection.sshpass_prompt | ANSIBLE_SSHPASS_PROMPT
connection/ssh/timeout | integer | 10 | defaults.timeout ssh_connection.timeout | ANSIBLE_TIMEOUT ANSIBLE_SSH_TIMEOUT
connection/ssh/use_tty | boolean | true | ssh_connection.usetty | ANSIBLE_SSH_USETTY
connection/ssh/verbosity | integer | 0 | ssh_connection.verbosity | ANSIBLE_SSH_VERBOSITY
shell/sh/admin_users | list | root,toor | defaults.admin_users | ANSIBLE_ADMIN_USERS
shell/sh/async_dir | string | ~/.ansible_async | defaults.async_dir | ANSIBLE_ASYNC_DIR
shell/sh/common_remote_group | string |  | defaults.common_remote_group | ANSIBLE_COMMON_REMOTE_GROUP
shell/sh/remote_tmp | string | ~/.ansible/tmp | defaults.remote_tmp | ANSIBLE_REMOTE_TEMP ANSIBLE_REMOTE_TMP
shell/sh/system_tmpdirs | list | /var/tmp,/tmp | defaults.system_tmpdirs | ANSIBLE_SYSTEM_TMPDIRS
shell/sh/world_readable_temp | boolean | false | defaults.allow_world_readable_tmpfiles | ANSIBLE_SHELL_ALLOW_WORLD_READABLE_TEMP
vars/host_group_vars/_valid_extensions | list | .yml,.yaml,.json | defaults.yaml_valid_extensions | ANSIBLE_YAML_FILENAME_EXT
vars/host_group_vars/stage | string |  | vars_host_group_vars.stage | ANSIBLE_VARS_PLUGIN_STAGE | all task inventory
inventory/constructed/use_extra_vars | boolean | false | inventory_plugins.use_extra_vars | ANSIBLE_INVENTORY_USE_EXTRA_VARS
inventory/script/always_show_stderr | boolean | true | inventory_plugin_script.always_show_stderr | ANSIBLE_INVENTORY_PLUGIN_SCRIPT_STDERR
inventory/yaml/yaml_extensions | list | .yaml,.yml,.json | defaults.yaml_valid_extensions inventory_plugin_yaml.yaml_valid_extensions | ANSIBLE_YAML_FILENAME_EXT ANSIBLE_INVENTORY_PLUGIN_EXTS
`

export const knownSettings: readonly KnownSetting[] = TABLE.trim().split('\n').map((line) => {
  const [name = '', type = '', fallback = '', ini = '', env = '', choices = ''] = line.split(/ ?\| ?/)
  return { name, type: type as SettingType, fallback: fallback === '' ? undefined : fallback === '""' ? '' : fallback, ini: words(ini).map(keyOf), env: words(env), choices: words(choices) }
})

function words(text: string): readonly string[] {
  return text.split(' ').filter(Boolean)
}

function keyOf(place: string): { section: string; key: string } {
  const dot = place.indexOf('.')
  return { section: place.slice(0, dot), key: place.slice(dot + 1) }
}
