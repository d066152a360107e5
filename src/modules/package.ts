import { type Module, defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { showState } from '../contract/show-state.ts'
import type { Reader } from '../host/reader.ts'
import { convertParams } from '../schema/convert-params.ts'
import { type Params, raw, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Value, isUnknown } from '../value/value.ts'
import { type ApkParams, apk, apkParams } from './apk.ts'
import { type AptParams, apt, aptParams } from './apt.ts'
import { dnf, dnfParams } from './dnf.ts'

const MANAGERS = ['apt-get', 'dnf', 'dnf5', 'yum', 'zypper', 'apk', 'pacman'] as const

/** What dnf takes and apt does not: roles for both give it, and leave it out on hosts with apt. */
const OF_DNF = ['enablerepo', 'disablerepo', 'enable_plugin', 'disable_plugin', 'exclude', 'disable_excludes', 'disable_gpg_check', 'conf_file', 'releasever', 'installroot', 'allowerasing', 'nobest', 'best', 'skip_broken', 'security', 'bugfix', 'update_only', 'sslverify', 'validate_certs'] as const
const ofDnf = Object.fromEntries(OF_DNF.map((name) => [name, raw('For dnf; a host with apt refuses it.')])) as { readonly [K in (typeof OF_DNF)[number]]: ReturnType<typeof raw> }

/** The same for apk. */
const OF_APK = ['available', 'no_cache', 'repository', 'world'] as const
const ofApk = Object.fromEntries(OF_APK.map((name) => [name, raw('For apk; others refuse it.')])) as { readonly [K in (typeof OF_APK)[number]]: ReturnType<typeof raw> }

const params = { ...ofDnf, ...ofApk, ...aptParams, use: text('The package manager; without it the one that the host has.', { default: 'auto', variable: 'ansible_package_use' }) } as const
type PackageParams = Params<typeof params>

/** The package manager's own module does the work, with the parameters as it knows them. */
interface State {
  readonly inner: unknown
  readonly chosen: Aside<{ readonly module: Module<any, any>; readonly params: unknown }>
}

export const package_ = defineModule({
  name: 'package',
  summary: 'Keep packages, with the package manager that the host has.',
  notes: ['Hosts with apt, dnf, yum or apk are served; others are refused with the name of what they have. What is special to one of them may be given here too, as Ansible allows; the others refuse it.'],
  examples: `
- name: Tools, by the same name everywhere
  package: { name: [tree, rsync], state: present }
- name: By another name on each kind of system
  package: { name: "{{ cron_package[ansible_facts.os_family] }}" }
- name: It is gone
  package: { name: cowsay, state: absent }
`,
  standsFor: ['apt', 'dnf', 'apk'],
  params,
  async probe(host, given, around): Promise<State> {
    const manager = await managerOf(host, given.use.replace(/^(?:ansible\.(?:builtin|legacy)|community\.general)\./, ''))
    const chosen: { module: Module<any, any>; params: unknown } = manager === 'apt' ? { module: apt, params: paramsOfApt(given) } : manager === 'apk' ? { module: apk, params: paramsOfApk(given) } : { module: dnf, params: paramsOfDnf(given, manager) }
    return { inner: await chosen.module.probe(host, chosen.params as never, around), chosen: aside(chosen) }
  },
  plan(_given, { inner, chosen }): State {
    return { inner: chosen.value.module.plan(chosen.value.params as never, inner), chosen }
  },
  chores: ({ before, after }) => { const { module, params: own } = before.chosen.value; return module.chores?.({ params: own as never, before: before.inner, after: after.inner }) ?? [] },
  apply: ({ before, after }) => { const { module, params: own } = before.chosen.value; return module.apply?.({ params: own as never, before: before.inner, after: after.inner }) ?? [] },
  diff({ before, after }) {
    const { module, params: own } = before.chosen.value
    return module.diff?.({ params: own as never, before: before.inner, after: after.inner }) ?? showState('package', before.inner, after.inner)
  },
  result(ending) {
    const { module, params: own } = ending.before.chosen.value
    return module.result!({ ...ending, params: own as never, before: ending.before.inner, after: ending.after.inner })
  },
})

async function managerOf(host: Reader, wanted: string): Promise<'apt' | 'apk' | 'dnf' | 'dnf5' | 'yum'> {
  if (wanted === 'apt' || wanted === 'apk' || wanted === 'dnf' || wanted === 'dnf5' || wanted === 'yum') return wanted
  if (wanted !== 'auto') return fail(`Could not find a matching action for the "${wanted}" package manager.`)
  const reply = await host.run(`for p in ${MANAGERS.join(' ')}; do command -v $p && break; done`, [])
  const manager = isUnknown(reply) ? 'apt-get' : reply.stdout.toString().trim().split('/').at(-1)
  if (manager === 'apt-get') return 'apt'
  if (manager === 'apk' || manager === 'dnf' || manager === 'dnf5' || manager === 'yum') return manager
  return fail(manager ? `the host's package manager is ${manager}: only apt, dnf, yum and apk are served` : 'the host has no package manager that is known')
}

function paramsOfApt(given: PackageParams): AptParams {
  const foreign = [...OF_DNF, ...OF_APK].filter((name) => given[name] !== undefined && !(name in aptParams))
  return foreign.length > 0 ? fail(`Unsupported parameters for (ansible.legacy.apt) module: ${foreign.join(', ')}`) : given
}

/** What of apt's parameters another module does not have, where it is more than its default. */
const foreignApt = (given: PackageParams, own: object): readonly string[] =>
  Object.keys(aptParams).filter((name) => !(name in own) && given[name as keyof typeof aptParams] !== undefined && given[name as keyof typeof aptParams] !== aptParams[name as keyof typeof aptParams].default)

function paramsOfApk(given: PackageParams): ApkParams {
  const upgrade = given.upgrade !== 'no'
  const foreign = [...foreignApt(given, apkParams), ...OF_DNF.filter((name) => given[name] !== undefined)]
  if (foreign.length > 0) fail(`Unsupported parameters for (community.general.apk) module: ${foreign.join(', ')}`)
  const args = new Map<Value, Value>((['name', 'state', 'update_cache', ...OF_APK] as const).flatMap((name) => (given[name] === undefined ? [] : [[name, given[name] as Value] as const])))
  const { params: own, problems } = convertParams(apkParams, upgrade ? new Map([...args, ['upgrade', true]]) : args, { owner: 'module \'package\'' })
  if (problems[0]) throw problems[0]
  return own as ApkParams
}

/** What is special to dnf came as it was written; what is special to apt is refused where it is more than its default. */
function paramsOfDnf(given: PackageParams, manager: 'dnf' | 'dnf5' | 'yum'): unknown {
  const foreign = [...foreignApt(given, dnfParams), ...OF_APK.filter((name) => given[name] !== undefined)]
  if (foreign.length > 0) fail(`Unsupported parameters for (ansible.legacy.dnf) module: ${foreign.join(', ')}`)
  const shared = ['name', 'state', 'update_cache', 'autoremove', 'allow_downgrade', ...OF_DNF] as const
  const args = new Map<Value, Value>(shared.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name] as Value] as const])))
  const { params: own, problems } = convertParams(dnfParams, new Map([...args, ['use_backend', manager]]), { owner: 'module \'package\'' })
  if (problems[0]) throw problems[0]
  return own
}
