import { Problem } from '../../problem/problem.ts'
import { didYouMean } from '../../problem/did-you-mean.ts'

/** What belongs together when facts are gathered: Ansible's names of subsets, with the facts (without prefix) that each brings. */
export const FAMILIES = {
  apparmor: ['apparmor'], caps: ['system_capabilities', 'system_capabilities_enforced'], chroot: ['is_chroot'], cmdline: ['cmdline', 'proc_cmdline'], date_time: ['date_time'],
  distribution: ['distribution', 'distribution_version', 'distribution_release', 'distribution_major_version', 'os_family'], dns: ['dns'], env: ['env'], fibre_channel_wwn: ['fibre_channel_wwn'], fips: ['fips'],
  hardware: ['devices', 'device_links', 'lvm', 'mounts', 'processor', 'processor_cores', 'processor_count', 'processor_vcpus', 'memtotal_mb', 'memfree_mb', 'memory_mb', 'swaptotal_mb', 'product_name', 'uptime_seconds'], iscsi: ['iscsi_iqn'], loadavg: ['loadavg'], local: ['local'], lsb: ['lsb'],
  network: ['interfaces', 'locally_reachable_ips', 'default_ipv4', 'default_ipv6', 'all_ipv4_addresses', 'all_ipv6_addresses'], nvme: ['hostnqn'], pkg_mgr: ['pkg_mgr'], platform: ['system', 'kernel', 'kernel_version', 'machine', 'architecture', 'hostname', 'nodename', 'fqdn', 'domain', 'machine_id', 'userspace_bits'],
  python: ['python', 'discovered_interpreter_python', 'python_version'], selinux: ['selinux'], service_mgr: ['service_mgr'], ssh_pub_keys: ['ssh_host_key_rsa_public', 'ssh_host_key_ecdsa_public', 'ssh_host_key_ed25519_public'], systemd: ['systemd'],
  user: ['user_id', 'user_dir', 'user_uid', 'user_gid', 'user_shell', 'user_gecos', 'real_user_id', 'effective_user_id'], virtual: ['virtualization_type', 'virtualization_role', 'virtualization_tech_guest', 'virtualization_tech_host'], facter: [], ohai: [],
} as const

export type Family = keyof typeof FAMILIES

/** What Ansible gathers even with `!all`. */
const MINIMAL: readonly Family[] = ['apparmor', 'caps', 'cmdline', 'date_time', 'distribution', 'dns', 'env', 'fips', 'local', 'lsb', 'pkg_mgr', 'platform', 'python', 'selinux', 'service_mgr', 'ssh_pub_keys', 'systemd', 'user']
const ALL = Object.keys(FAMILIES) as readonly Family[]

/** The families of a `gather_subset`: the minimum and what is named, without what stands behind `!`. Exclusions alone are taken from the minimum, as since core 2.19. */
export function chooseFamilies(subset: readonly string[]): ReadonlySet<Family> {
  const added = new Set<Family>()
  const removed = new Set<Family>()
  const without = subset.filter((word) => word.startsWith('!')).map((word) => word.slice(1))
  const wanted = subset.filter((word) => !word.startsWith('!'))
  for (const word of without) for (const family of word === 'all' ? ALL.filter((one) => !MINIMAL.includes(one)) : familiesOf(word)) removed.add(family)
  for (const word of wanted) for (const family of familiesOf(word)) added.add(family)
  const named = new Set(wanted.filter((word) => word !== 'all' && word !== 'min').flatMap(familiesOf))
  for (const family of removed) if (!named.has(family)) added.delete(family)
  if (!without.includes('min')) for (const family of MINIMAL) if (!without.includes(family)) added.add(family)
  return added
}

function familiesOf(word: string): readonly Family[] {
  if (word === 'all') return ALL
  if (word === 'min') return MINIMAL
  if (word in FAMILIES) return [word as Family]
  const found = ALL.find((family) => (FAMILIES[family] as readonly string[]).includes(word.replace(/^ansible_/, '')))
  if (found) return [found]
  const known = [...ALL, 'all', 'min', ...Object.values(FAMILIES).flat()]
  throw new Problem({ code: 'unknown-subset', summary: 'there is no such subset of facts', detail: `'${word}'`, hint: didYouMean(word, known) ?? `subsets are ${ALL.join(', ')}` })
}
