import type { Collected } from './facts-script.ts'

export interface Virtualization {
  readonly virtualization_type: string
  readonly virtualization_role: string
  readonly virtualization_tech_guest: readonly string[]
  readonly virtualization_tech_host: readonly string[]
}

const PRODUCTS: readonly (readonly [RegExp, string])[] = [
  [/^(?:KVM|KVM Server|Bochs|AHV|Standard PC.*|Google Compute Engine|OpenStack .*|RHEV Hypervisor|oVirt.*)$/, 'kvm'], [/^VMware/, 'VMware'], [/^VirtualBox$/, 'virtualbox'], [/^HVM domU$/, 'xen'], [/^Virtual Machine$/, 'VirtualPC'], [/^Parallels/, 'parallels'],
]
const VENDORS: readonly (readonly [RegExp, string])[] = [[/^(?:QEMU|Amazon EC2|DigitalOcean|Hetzner|Google|Linode|oVirt|Red Hat|Vultr|Alibaba Cloud|NovaCore|Scaleway)/, 'kvm'], [/^innotek GmbH/, 'virtualbox'], [/^Parallels/, 'parallels'], [/^VMware/, 'VMware'], [/^OpenStack Foundation/, 'openstack']]

/**
 * What the machine runs on, and what it runs. The innermost technique names the type: a container before the virtual machine
 * it is in.
 */
export function virtualizationFacts(collected: Collected): Virtualization {
  const { file, section } = collected
  const exists = new Set(section('exists').split('\n'))
  const guests = [...containers(collected, exists), ...machines(collected, exists)]
  const hosts = hypervisors(collected, exists, guests.length > 0)
  const cgroup = file('/proc/1/cgroup') ?? ''
  const type = guests[0] ?? hosts[0] ?? 'NA'
  return {
    virtualization_type: type, virtualization_role: guests.length > 0 ? 'guest' : hosts.length > 0 ? 'host' : 'NA',
    virtualization_tech_guest: [...new Set([...guests, ...(/kubepods/.test(cgroup) ? ['kubernetes'] : [])])].sort(), virtualization_tech_host: [...new Set(hosts)].sort(),
  }
}

function containers({ file, section }: Collected, exists: ReadonlySet<string>): readonly string[] {
  const found: string[] = []
  const cgroup = file('/proc/1/cgroup') ?? ''
  const manager = file('/run/systemd/container')?.trim()
  if (/\/docker(?:-|\/)/.test(cgroup) || exists.has('/.dockerenv') || manager === 'docker') found.push('docker', 'container')
  if (/\/lxc(?:\.payload)?[./]/.test(cgroup) || manager === 'lxc' || manager === 'lxc-libvirt') found.push('lxc', 'container')
  if (exists.has('/run/.containerenv') || manager === 'podman' || /libpod/.test(cgroup)) found.push('podman', 'container')
  // Who may read the environment of the first process (root) is told that it is a container, others what systemd says.
  if (manager === 'systemd-nspawn' || (manager && found.length === 0)) found.push(...(section('environ') ? ['container', manager!] : [manager!, 'container']))
  if (exists.has('/proc/vz') && !exists.has('/proc/bc')) found.push('openvz')
  return found
}

function machines({ file }: Collected, exists: ReadonlySet<string>): readonly string[] {
  const of = (name: string) => file(`/sys/class/dmi/id/${name}`)?.trim() ?? ''
  const product = PRODUCTS.find(([pattern]) => pattern.test(of('product_name')))?.[1]
  const vendor = VENDORS.find(([pattern]) => pattern.test(of('sys_vendor')))?.[1] ?? VENDORS.find(([pattern]) => pattern.test(of('bios_vendor')))?.[1]
  if (exists.has('/proc/xen') && !(file('/proc/xen/capabilities') ?? '').includes('control_d')) return ['xen']
  const found = product === 'VirtualPC' && !/^Microsoft/.test(of('sys_vendor')) ? vendor : (product ?? vendor)
  if (found) return [found]
  const model = /^model name\s*:\s*(.*)$/m.exec(file('/proc/cpuinfo') ?? '')?.[1] ?? ''
  return /^QEMU/.test(model) ? ['kvm'] : /User Mode Linux/.test(file('/proc/cpuinfo') ?? '') ? ['uml'] : []
}

function hypervisors({ file }: Collected, exists: ReadonlySet<string>, guest: boolean): readonly string[] {
  if ((file('/proc/xen/capabilities') ?? '').includes('control_d')) return ['xen']
  // A container sees the modules of the kernel it shares; they say nothing of what it could run.
  if (guest && !exists.has('/dev/kvm')) return []
  const modules = file('/proc/modules') ?? ''
  return [...(/^kvm /m.test(modules) && exists.has('/dev/kvm') ? ['kvm'] : []), ...(/^vboxdrv /m.test(modules) ? ['virtualbox'] : [])]
}
