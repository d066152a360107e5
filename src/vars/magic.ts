import { dirname } from 'node:path'
import type { Play, Role } from '../playbook/tree.ts'
import { OMIT } from '../template/objects.ts'
import { render } from '../template/template.ts'
import { type Value, dict } from '../value/value.ts'
import type { PlayState, RunVars, VarsOptions } from './create-vars.ts'
import { HostView } from './host-view.ts'
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

/** The language version that playbooks ask for; what we follow is the documentation of this release. */
const VERSION = dict({ full: '2.19.0', major: 2, minor: 19, revision: 0, string: '2.19.0' })

type Magic = Readonly<Record<string, () => Value | undefined>>

/** Names that belong to the play and the run. */
export function playMagic({ inventory, magic }: VarsOptions, play: Play, state: PlayState | undefined): Magic {
  const present = (hosts: readonly string[]) => hosts.filter((host) => !state?.lost.has(host))
  return {
    omit: () => OMIT,
    groups: () => inventory.groups(),
    playbook_dir: () => dirname(play.span.file),
    inventory_dir: () => inventory.directory ?? null,
    inventory_file: () => inventory.sources.at(-1) ?? null,
    ansible_inventory_sources: () => inventory.sources,
    ansible_play_name: () => (typeof play.name === 'string' ? play.name : typeof play.name === 'object' && play.name !== null && 'source' in play.name ? play.name : null),
    ansible_play_hosts_all: () => state?.allHosts ?? [],
    ansible_play_hosts: () => present(state?.allHosts ?? []),
    ansible_play_batch: () => present(state?.batch ?? []),
    play_hosts: () => present(state?.batch ?? []),
    ansible_play_role_names: () => roleNames(play),
    ansible_check_mode: () => magic.check,
    ansible_diff_mode: () => magic.diff,
    ansible_verbosity: () => magic.verbosity,
    ansible_forks: () => magic.forks,
    ansible_version: () => VERSION,
    ansible_run_tags: () => (magic.tags.length ? magic.tags : ['all']),
    ansible_skip_tags: () => magic.skipTags,
    ansible_limit: () => magic.limit,
    ansible_config_file: () => magic.configFile ?? null,
  }
}

/** Names that belong to a host and to the task on it. */
export function hostMagic(vars: RunVars, options: VarsOptions, request: ScopeRequest, _state: PlayState | undefined): Magic {
  const host = request.host!
  const [role] = request.roles
  return {
    inventory_hostname: () => host,
    inventory_hostname_short: () => host.split('.')[0]!,
    group_names: () => options.inventory.groupsOf(host).filter((group) => group !== 'all').toSorted(),
    hostvars: () => new HostView(() => options.inventory.hostNames(), (name) => membersOf(vars, options, request, name)) as unknown as Value,
    vars: () => new HostView(() => vars.scope(request).names(), (name) => vars.scope(request).get(name)) as unknown as Value,
    ansible_facts: () => vars.store(host).facts,
    ...(role ? roleMagic(role, request.roles) : {}),
  }
}

const roleMagic = (role: Role, around: readonly Role[]): Magic => ({
  role_path: () => role.path,
  role_name: () => shortName(role),
  ansible_role_name: () => role.name,
  ansible_role_names: () => around.map(({ name }) => name),
  ansible_parent_role_names: () => around.slice(1).map(({ name }) => name),
  ansible_parent_role_paths: () => around.slice(1).map(({ path }) => path),
})
const shortName = ({ name }: Role): string => name.split(/[/]/).at(-1)!

function membersOf(vars: RunVars, options: VarsOptions, request: ScopeRequest, name: string): Value | undefined {
  if (!options.inventory.knows(name)) return undefined
  // Another host's variables are those of the inventory and of its own way so far, not those of this task.
  const scope = vars.scope({ ...request, host: name, roles: [], roleParams: [], blockVars: [], item: undefined })
  return new HostView(() => scope.names(), (key) => {
    const raw = scope.get(key)
    return raw === undefined ? undefined : render(raw, scope)
  }) as unknown as Value
}

const roleNames = (play: Play): readonly string[] => play.roles.map(({ role }) => role.name)
