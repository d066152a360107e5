import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { packageResource } from '../host/package.ts'
import { choice, list, text } from '../schema/field.ts'
import { type Value, dict, isUnknown } from '../value/value.ts'

const SERVED = ['apt', 'dpkg'] as const

export const packageFacts = defineModule({
  name: 'package_facts',
  summary: 'Find out which packages are installed, as the fact `packages`.',
  notes: ['For hosts with dpkg.'],
  params: {
    manager: list(text(''), 'Package managers to ask.', { default: ['auto'] }),
    strategy: choice(['first', 'all'], 'Whether one manager is enough.', { default: 'first' }),
  },
  async probe(host, { manager }) {
    if (!manager.some((one) => one === 'auto' || (SERVED as readonly string[]).includes(one))) fail(`package managers ${manager.join(', ')} are out of reach: only apt is served`)
    const probed = await host.run(`export LC_ALL=C; dpkg-query -W -f '\${db:Status-Status}|\${Package}|\${Version}|\${Architecture}|\${Section}|\${Origin}\\n'`, [])
    if (isUnknown(probed)) throw probed
    if (probed.code !== 0) fail(`Could not detect a supported package manager from the following list: ${manager.join(', ')}: ${probed.stderr.toString().trim()}`)
    const found = parsePackageList(probed.stdout.toString())
    // The world that earlier tasks of a dry run planned.
    const planned = host.changing !== undefined ? await Promise.all([...found.keys()].map((name) => host.get(packageResource, String(name)))) : []
    const gone = [...found.keys()].filter((_, i) => planned[i] !== undefined && !isUnknown(planned[i]) && !planned[i].installed)
    for (const name of gone) found.delete(name)
    return { facts: dict({ packages: found }) }
  },
  plan: (_params, before) => before,
  apply: () => [],
  result: ({ before }) => ({ outputs: { ansible_facts: before.facts } }),
})

export function parsePackageList(output: string): Map<Value, Value> {
  const packages = new Map<Value, Value[]>()
  for (const line of output.split('\n')) {
    const [status, name = '', version = '', arch = '', category = '', origin = ''] = line.split('|')
    if (status === 'installed') packages.set(name, [...(packages.get(name) ?? []), dict({ name, version, arch, category, origin, source: 'apt' })])
  }
  return packages
}
