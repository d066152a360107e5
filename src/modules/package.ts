import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { raw, text } from '../schema/field.ts'
import { isUnknown } from '../value/value.ts'
import { apt, aptParams } from './apt.ts'

const MANAGERS = ['apt-get', 'dnf', 'yum', 'zypper', 'apk', 'pacman'] as const

/** What dnf takes and apt does not: roles for both give it, and leave it out on hosts with apt. */
const OF_DNF = ['enablerepo', 'disablerepo', 'enable_plugin', 'disable_plugin', 'exclude', 'disable_excludes', 'disable_gpg_check', 'conf_file', 'releasever', 'installroot', 'allowerasing', 'nobest', 'best', 'skip_broken', 'security', 'bugfix', 'update_only', 'sslverify', 'validate_certs'] as const
const ofDnf = Object.fromEntries(OF_DNF.map((name) => [name, raw('For dnf; a host with apt refuses it.')])) as { readonly [K in (typeof OF_DNF)[number]]: ReturnType<typeof raw> }

export const package_ = defineModule({
  name: 'package',
  summary: 'Keep packages, with the package manager that the host has.',
  notes: ['Hosts with apt are served; others are refused with the name of what they have. What is special to `apt` may be given here too, as Ansible allows.'],
  examples: `
- name: tree is there
  package: { name: tree, state: present }
`,
  standsFor: ['apt'],
  params: { ...ofDnf, ...aptParams, use: text('The package manager; without it the one that the host has.', { default: 'auto', variable: 'ansible_package_use' }) },
  async probe(host, params, around) {
    const wanted = params.use.replace(/^ansible\.(?:builtin|legacy)\./, '')
    if (wanted !== 'auto' && wanted !== 'apt') fail(`Could not find a matching action for the "${wanted}" package manager.`)
    const reply = await host.run(`for p in ${MANAGERS.join(' ')}; do command -v $p && break; done`, [])
    const manager = isUnknown(reply) ? 'apt-get' : reply.stdout.toString().trim().split('/').at(-1)
    if (manager !== 'apt-get') fail(manager ? `the host's package manager is ${manager}: only apt is served` : 'the host has no package manager that is known')
    const foreign = OF_DNF.filter((name) => params[name] !== undefined && !(name in aptParams))
    if (foreign.length > 0) fail(`Unsupported parameters for (ansible.legacy.apt) module: ${foreign.join(', ')}`)
    return apt.probe(host, params, around)
  },
  plan: apt.plan,
  chores: apt.chores!,
  apply: apt.apply,
  result: apt.result!,
})
