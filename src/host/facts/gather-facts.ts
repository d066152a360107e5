import { Problem } from '../../problem/problem.ts'
import type { Shell } from '../../transport/connection.ts'
import { fromJson } from '../../value/json.ts'
import { type Dict, Float, type Value } from '../../value/value.ts'
import { distributionFacts, packageManager, serviceManager } from './distribution.ts'
import { type Collected, factsScript, parseCollected } from './facts-script.ts'
import { type Family, chooseFamilies } from './families.ts'
import { hardwareFacts } from './hardware.ts'
import { localFacts } from './local-facts.ts'
import { networkFacts } from './network.ts'
import { capabilityFacts, cmdlineFacts, dateFacts, dnsFacts, environmentFacts, hostKeyFacts, lsbFacts, platformFacts, pythonFacts, selinuxFacts, systemdFacts, userFacts } from './platform.ts'
import { virtualizationFacts } from './virtualization.ts'

export interface FactsWanted {
  /** As Ansible's `gather_subset`; everything without it. */
  readonly subset?: readonly string[]
  /** Shell patterns for names of facts, with or without `ansible_`. */
  readonly filter?: readonly string[]
  /** Directory of the host's own facts. */
  readonly factPath?: string
  /** Seconds. */
  readonly timeout?: number
  readonly environment?: Readonly<Record<string, string>>
}

/** The facts of a host, by Ansible's names without `ansible_`, read by one script. Needs no root; what the user may not see is left out. */
export async function gatherFacts(shell: Pick<Shell, 'run'>, { subset = ['all'], filter = [], factPath = '/etc/ansible/facts.d', timeout, environment = {} }: FactsWanted = {}): Promise<Dict> {
  const families = chooseFamilies(subset)
  const { stdout, stderr } = await shell.run(factsScript(families, factPath, environment), timeout === undefined ? {} : { timeout })
  const output = stdout.toString()
  if (!output.includes('\n@@@@ end')) throw new Problem({ code: 'no-facts', summary: 'facts cannot be gathered', detail: stderr.toString().trim() || 'the script came to no end' })
  return filtered(new Map([...assembleFacts(parseCollected(output), families), ['gather_subset', subset]]), filter)
}

/** Facts from what the script printed. */
export function assembleFacts(collected: Collected, families: ReadonlySet<Family>): Map<Value, Value> {
  const { file, section } = collected
  const programs = new Set(section('programs').split('\n').map((path) => path.slice(path.lastIndexOf('/') + 1)))
  const exists = new Set(section('exists').split('\n'))
  const distribution = distributionFacts(collected)
  const makers: { readonly [family in Family]?: () => object } = {
    apparmor: () => ({ apparmor: { status: exists.has('/sys/kernel/security/apparmor') ? 'enabled' : 'disabled' } }), caps: () => capabilityFacts(section('caps')),
    chroot: () => ({ is_chroot: isChroot(section('chroot')) }), cmdline: () => cmdlineFacts(file('/proc/cmdline') ?? ''), date_time: () => dateFacts(section('date')), distribution: () => ({ ...distribution, distribution_file_parsed: true }),
    dns: () => dnsFacts(file('/etc/resolv.conf') ?? ''), env: () => environmentFacts(section('env')), fibre_channel_wwn: () => ({ fibre_channel_wwn: collected.files(/^\/sys\/class\/fc_host\/[^/]+\/port_name$/).map(([, name]) => name.trim().replace(/^0x/, '')) }), fips: () => ({ fips: file('/proc/sys/crypto/fips_enabled')?.trim() === '1' }), hardware: () => hardwareFacts(collected),
    iscsi: () => ({ iscsi_iqn: /^InitiatorName=(.*)$/m.exec(file('/etc/iscsi/initiatorname.iscsi') ?? '')?.[1]?.trim() ?? '' }), loadavg: () => ({}), lsb: () => lsbFacts(collected, programs), network: () => networkFacts(collected), nvme: () => ({ hostnqn: /^nqn\..*$/m.exec(file('/etc/nvme/hostnqn') ?? '')?.[0].trim() ?? '' }), pkg_mgr: () => ({ pkg_mgr: packageManager(distribution.os_family, programs) }),
    platform: () => platformFacts(collected), python: () => pythonFacts(section('python')), selinux: () => selinuxFacts(file), service_mgr: () => ({ service_mgr: serviceManager(file('/proc/1/comm')?.trim() ?? '', programs, exists) }),
    ssh_pub_keys: () => hostKeyFacts(collected), systemd: () => systemdFacts(section('systemd')), user: () => userFacts(collected), virtual: () => virtualizationFacts(collected),
  }
  const facts = new Map<Value, Value>()
  for (const family of families) for (const [name, value] of Object.entries(makers[family]?.() ?? {})) if (value !== undefined) facts.set(name, fromJson(value))
  // The service manager and the family of the system decide much: Ansible gives them with every subset but `!min`.
  if (families.has('local')) facts.set('local', localFacts(section('local')))
  if (families.has('loadavg')) facts.set('loadavg', loadFact(file('/proc/loadavg') ?? ''))
  return facts
}

function loadFact(text: string): Dict {
  const [one, five, fifteen] = text.split(' ').map(Number).map((load) => (Number.isInteger(load) ? new Float(load) : load))
  return new Map<Value, Value>([['1m', one ?? null], ['5m', five ?? null], ['15m', fifteen ?? null]])
}

/** The root directory is that of the first process, or the well-known inode of a root that is a file system's own. */
function isChroot(section: string): boolean {
  const [own = '', init] = section.split('\n')
  return init ? own !== init : !['2', '128', '256'].includes(own.split(' ')[1] ?? '')
}

function filtered(facts: Map<Value, Value>, filter: readonly string[]): Dict {
  const patterns = filter.filter((pattern) => pattern !== '' && pattern !== '*').map(toRegExp)
  if (patterns.length === 0) return facts
  return new Map([...facts].filter(([name]) => patterns.some((pattern) => pattern.test(`ansible_${String(name)}`) || pattern.test(String(name)))))
}

/** A shell pattern: `*`, `?` and `[…]`. */
const toRegExp = (pattern: string): RegExp => new RegExp(`^${pattern.replace(/[.+^${}()|\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.').replaceAll('[!', '[^')}$`)
