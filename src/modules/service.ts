import { type Module, type Surroundings, defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { showState } from '../contract/show-state.ts'
import type { Reader } from '../host/reader.ts'
import { type ServiceManager, serviceManagerResource } from '../host/service-manager.ts'
import { type Params, integer, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { openrcService } from './service-openrc.ts'
import { systemd, unitParams } from './systemd.ts'
import { sysvinit } from './sysvinit.ts'

const params = {
  ...unitParams,
  arguments: text('Arguments for the init script or for rc-service; systemd has no use for them.', { aliases: ['args'] }),
  pattern: text('For init scripts that know no status: the service runs where a process has this in its command line.'),
  runlevel: text('The runlevel of OpenRC.', { default: 'default' }),
  sleep: integer('Of init scripts: seconds between stopping and starting.'),
  use: text('Which service manager to use: systemd, openrc, sysvinit, or what the host has.', { default: 'auto' }),
} as const
type ServiceParams = Params<typeof params>

/** The service manager's own module does the work, with the parameters as it knows them. */
interface State {
  readonly inner: unknown
  readonly chosen: Aside<{ readonly module: Module<any, any>; readonly params: unknown }>
}

export const service = defineModule({
  name: 'service',
  summary: 'Keep a service running or stopped, and enabled or not.',
  notes: ['For hosts that are run by systemd or OpenRC, and for services with an init script. What is special to `systemd` may be given here too, as Ansible allows; the others refuse it.'],
  examples: `
- name: The service runs, and starts with the host
  service: { name: cron, state: started, enabled: true }
- name: It starts anew with its new configuration
  service: { name: cron, state: restarted }
  when: cron_conf is changed
- name: It does not run
  service: { name: rsync, state: stopped, enabled: false }
`,
  standsFor: ['systemd_service', 'systemd', 'sysvinit'],
  params,
  rules: { oneOf: [['state', 'enabled', 'masked', 'daemon_reload', 'daemon_reexec']] },
  async probe(host, given, around): Promise<State> {
    const named = managerNamed(given.use)
    // Asked for together with the manager, so that hosts of systemd cost no round trip more.
    const guess = named === undefined || named === 'systemd' ? probeLater(host, given, around) : undefined
    const manager = named ?? known(await host.get(serviceManagerResource, ''))
    const chosen = choose(manager, given)
    return { inner: await (manager === 'systemd' ? guess!() : chosen.module.probe(host, chosen.params as never, around)), chosen: aside(chosen) }
  },
  plan: (_given, { inner, chosen }): State => ({ inner: chosen.value.module.plan(chosen.value.params as never, inner), chosen }),
  chores: ({ before, after }) => { const { module, params: own } = before.chosen.value; return module.chores?.({ params: own as never, before: before.inner, after: after.inner }) ?? [] },
  apply: ({ before, after }) => { const { module, params: own } = before.chosen.value; return module.apply?.({ params: own as never, before: before.inner, after: after.inner }) ?? [] },
  diff: ({ before, after }) => showState('service', before.inner, after.inner),
  registerDiff: () => undefined,
  result: (ending) => { const { module, params: own } = ending.before.chosen.value; return module.result!({ ...ending, params: own as never, before: ending.before.inner, after: ending.after.inner }) },
})

/** Starts to read at once; what it finds, and how it fails, counts only when it is asked for. */
function probeLater(host: Reader, given: ServiceParams, around: Surroundings): () => Promise<unknown> {
  const probing = Promise.resolve(systemd.probe(host, given, around))
  probing.catch(() => undefined)
  return () => probing
}

function managerNamed(use: string): ServiceManager | undefined {
  const name = use.replace(/^ansible\.(?:builtin|legacy)\./, '')
  if (name === 'auto' || name === 'service') return undefined
  if (name === 'systemd' || name === 'systemd_service') return 'systemd'
  if (name === 'openrc' || name === 'sysvinit') return name
  return fail(`use: ${use} is out of reach: systemd, openrc and sysvinit are served`)
}

function choose(manager: ServiceManager, given: ServiceParams): { readonly module: Module<any, any>; readonly params: unknown } {
  if (manager === 'systemd') return { module: systemd, params: given }
  const foreign = (['masked', 'daemon_reload', 'daemon_reexec', 'scope', 'no_block', 'force'] as const).filter((name) => given[name] !== undefined && given[name] !== false && given[name] !== 'system')
  if (foreign.length > 0) fail(`Unsupported parameters for (ansible.legacy.service) module: ${foreign.join(', ')}: this host is not run by systemd`)
  const { name = fail('missing required arguments: name'), state, enabled, runlevel, arguments: words, pattern, sleep } = given
  if (manager === 'openrc') return { module: openrcService, params: { name, state, enabled, runlevel, arguments: words } }
  return { module: sysvinit, params: { name, state, enabled, pattern, arguments: words, sleep: sleep ?? 1, daemonize: false, runlevels: undefined } }
}
