import { dirname, resolve } from 'node:path'
import { controllerPython } from '../inventory/controller-python.ts'
import { OMIT, type View } from '../template/objects.ts'
import { render } from '../template/template.ts'
import type { Role } from '../playbook/tree.ts'
import type { Scope } from '../template/scope.ts'
import { LANGUAGE_VERSION } from '../value/language-version.ts'
import { type Value, dict } from '../value/value.ts'
import type { VarsOptions } from './create-vars.ts'
import { HostView } from './host-view.ts'
import type { HostStore } from './host-store.ts'
import type { PlayState } from './play-state.ts'
import { withDependencies } from './precedence.ts'
import type { ScopeRequest } from './vars.ts'

export interface MagicSettings {
  readonly check: boolean
  readonly diff: boolean
  readonly verbosity: number
  readonly forks: number
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly limit?: string
  readonly configFile?: string
}

/** What a magic name is made of. `request` is missing in `hostvars`, which shows hosts outside of plays. */
export interface MagicContext {
  readonly options: VarsOptions
  readonly host: string | undefined
  readonly store: HostStore | undefined
  readonly request: ScopeRequest | undefined
  readonly state: PlayState | undefined
  readonly playbookDirectory: string
  readonly scope: Scope
  readonly hostvars: View
}

type Make = (context: MagicContext) => Value | undefined

/** The language version that playbooks ask for; what we follow is the documentation of this release. */
const VERSION = dict({ full: LANGUAGE_VERSION, major: 2, minor: 19, revision: 0, string: LANGUAGE_VERSION })

/** Names that the run itself makes, when they are asked for. No variable of the user's hides them. */
const MAKERS: Readonly<Record<string, Make>> = {
  omit: () => OMIT,
  groups: ({ options }) => options.inventory.groups(),
  hostvars: ({ hostvars }) => hostvars as unknown as Value,
  vars: ({ scope }) => new HostView(() => scope.names(), (name) => rendered(scope, name)) as unknown as Value,
  ansible_facts: ({ store }) => store?.facts,
  playbook_dir: ({ playbookDirectory }) => playbookDirectory,
  ansible_inventory_sources: ({ options }) => options.inventory.sources,
  ansible_play_name: ({ request }) => request?.play.name,
  ansible_play_hosts_all: ({ state }) => state?.allHosts,
  ansible_play_hosts: ({ state }) => state?.presentHosts,
  ansible_play_batch: ({ state }) => state?.presentBatch,
  play_hosts: ({ state }) => state?.presentBatch,
  ansible_play_role_names: ({ request }) => request?.play.roles.map(({ role }) => role.name),
  ansible_dependent_role_names: ({ request }) => request && dependent(request),
  ansible_role_names: ({ request }) => request && [...new Set([...dependent(request), ...request.play.roles.map(({ role }) => role.name)])],
  role_names: ({ request }) => request?.play.roles.map(({ role }) => role.name),
  role_name: ({ request }) => request?.roles[0] && shortName(request.roles[0]),
  role_path: ({ request }) => request?.roles[0]?.path,
  ansible_role_name: ({ request }) => request?.roles[0]?.name,
  ansible_collection_name: ({ request }) => collectionOf(request?.roles[0]),
  ansible_parent_role_names: ({ request }) => request && parentsOf(request)?.map(({ name }) => name),
  ansible_parent_role_paths: ({ request }) => request && parentsOf(request)?.map(({ path }) => path),
  ansible_search_path: ({ request, playbookDirectory }) => request && [...new Set([...request.roles.map(({ path }) => path), ...(request.home ? [request.home.directory] : []), playbookDirectory])],
  ansible_check_mode: ({ options }) => options.magic.check,
  ansible_diff_mode: ({ options }) => options.magic.diff,
  ansible_verbosity: ({ options }) => options.magic.verbosity,
  ansible_forks: ({ options }) => options.magic.forks,
  ansible_version: () => VERSION,
  // Nothing here runs on it. Playbooks hand it on as an interpreter, and call it for what Python does on this machine.
  ansible_playbook_python: () => controllerPython() ?? 'python3',
  ansible_run_tags: ({ options }) => (options.magic.tags.length ? options.magic.tags : ['all']),
  ansible_skip_tags: ({ options }) => options.magic.skipTags,
  ansible_limit: ({ options }) => options.magic.limit,
  ansible_config_file: ({ options }) => options.magic.configFile ?? null,
}

export const magicNames: readonly string[] = Object.keys(MAKERS)
/** Names that the inventory, blocks and loops give, and those that say how a host is reached: they may be read though nobody sets them. */
export const connectionNames: readonly string[] = `inventory_hostname inventory_hostname_short inventory_file inventory_dir group_names ansible_failed_task ansible_failed_result
  ansible_host ansible_port ansible_user ansible_password ansible_connection ansible_ssh_host ansible_ssh_port ansible_ssh_user ansible_ssh_pass ansible_ssh_private_key_file
  ansible_private_key_file ansible_ssh_common_args ansible_ssh_extra_args ansible_ssh_executable ansible_shell_type ansible_shell_executable ansible_python_interpreter ansible_become
  ansible_become_user ansible_become_method ansible_become_password ansible_become_pass ansible_become_flags ansible_become_exe ansible_remote_tmp ansible_timeout ansible_delegated_vars
  ansible_date_time ansible_local ansible_async_dir ansible_winrm_transport ansible_network_os ansible_job_id ansible_no_log`.trim().split(/\s+/)
/** A magic value; `undefined` where the name is none, or has no value here (`role_path` outside of roles). */
export const makeMagic = (name: string, context: MagicContext): Value | undefined => (Object.hasOwn(MAKERS, name) ? MAKERS[name]!(context) : undefined)

/** What the inventory says of a host by itself. Ansible keeps these with the host's variables: higher levels can override them. */
export function inventoryNames(options: VarsOptions, host: string): ReadonlyMap<Value, Value> {
  const { inventory } = options
  const origin = inventory.originOf(host)
  return new Map<Value, Value>([
    ['inventory_hostname', host],
    ['inventory_hostname_short', /^[\d.]+$|:/.test(host) ? host : host.split('.')[0]!],
    ['group_names', inventory.groupsOf(host).filter((group) => group !== 'all').toSorted()],
    ...(origin ? ([['inventory_file', origin.file ?? null], ['inventory_dir', origin.directory ?? null]] as const) : []),
  ])
}

/** A variable of a scope, rendered. */
export function rendered(scope: Scope, name: string): Value | undefined {
  const raw = scope.get(name)
  return raw === undefined ? undefined : render(raw, scope)
}

const NOT_LISTED: ReadonlySet<string> = new Set(['omit', 'hostvars', 'vars'])
/** A host's own names: what `hostvars` lists of it, without the views of everything. */
export const listedNames = (scope: Scope): string[] => Array.from(scope.names()).filter((name) => !NOT_LISTED.has(name))

/** `ns.coll.role` is known by its last word; a role named by a path keeps the path, as it was written. */
const shortName = ({ name }: Role): string => (/^\w+\.\w+\.\w+$/.test(name) ? name.slice(name.lastIndexOf('.') + 1) : name)
const collectionOf = (role: Role | undefined): string | undefined => /^(\w+\.\w+)\.\w+$/.exec(role?.name ?? '')?.[1]
/** Roles that included the role. One that merely depends on it is no parent. */
function parentsOf({ roles }: ScopeRequest): readonly Role[] | undefined {
  const parents = roles.slice(1).filter((role, index) => !role.dependencies.some((use) => use.role === roles[index]))
  return parents.length > 0 ? parents : undefined
}
const dependent = ({ play }: ScopeRequest): string[] => [...new Set(play.roles.flatMap(({ role }) => withDependencies(role).slice(0, -1)).map(({ name }) => name))]
/** `playbook_dir`: absolute, however the playbook was named on the command line. */
export const directoryOf = (request: ScopeRequest): string => resolve(dirname(request.play.span.file))
