import type { Collected } from './facts-script.ts'

interface Address4 { readonly address: string; readonly broadcast: string; readonly netmask: string; readonly network: string; readonly prefix: string }
interface Address6 { readonly address: string; readonly prefix: string; readonly scope: string }

/** One network interface with Ansible's names; dots and dashes of its name become underscores in the fact's name. */
export interface Interface {
  readonly device: string
  readonly [key: string]: unknown
}

const number4 = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const text4 = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
const mask4 = (prefix: number): number => 2 ** 32 - 2 ** (32 - prefix)

function address4(address: string, prefix: number, broadcast: string): Address4 {
  const mask = mask4(prefix)
  return { address, broadcast, netmask: text4(mask), network: text4(number4(address) - (number4(address) % 2 ** (32 - prefix))), prefix: String(prefix) }
}

interface Address4OfLink extends Address4 { readonly label: string; readonly secondary: boolean }
interface Parsed { readonly name: string; readonly flags: readonly string[]; readonly mtu: number; readonly mac: string; readonly link: string; readonly v4: Address4OfLink[]; readonly v6: Address6[] }

/** The text of `ip addr show`, of iproute2 and of busybox. */
export function parseAddresses(text: string): readonly Parsed[] {
  return text.split(/^(?=\d+: )/m).filter((part) => /^\d+: /.test(part)).map((part) => {
    const [, name = '', flags = '', mtu = '0'] = /^\d+: ([^:@\s]+)[^<]*<([^>]*)>.*?mtu (\d+)/.exec(part) ?? []
    const [, link = '', mac = ''] = /^\s+link\/(\S+)(?: ([0-9a-f:]+))?/m.exec(part) ?? []
    const v4 = [...part.matchAll(/^\s+inet ([\d.]+)(?: peer [\d.]+)?(?:\/(\d+))?(?: brd ([\d.]+))?.*?(?:scope \S+)?(?: secondary| dynamic| noprefixroute)*(?: (\S+))?$/gm)].map(([line, address, prefix = '32', broadcast = '', label = name]) => ({ ...address4(address!, Number(prefix), broadcast), label, secondary: / secondary /.test(line) }))
    const v6 = [...part.matchAll(/^\s+inet6 ([0-9a-f:.]+)(?: peer [0-9a-f:.]+)?(?:\/(\d+))?.*?scope (\S+)/gm)].map(([, address, prefix = '128', scope]) => ({ address: address!, prefix, scope: scope! }))
    return { name, flags: flags.split(','), mtu: Number(mtu), mac, link, v4, v6 }
  })
}

export function networkFacts({ file, section }: Pick<Collected, 'file' | 'section'>): Record<string, unknown> {
  const places = section('interfaces').split('\n').map((path) => path.slice(path.lastIndexOf('/') + 1))
  // In the order of the directory, as Ansible has them: roles take the first address.
  const parsed = parseAddresses(section('addresses')).toSorted((a, b) => places.indexOf(a.name) - places.indexOf(b.name))
  if (parsed.length === 0) return {}
  const interfaces = parsed.map((one) => interfaceFact(one, { file, section }))
  const facts: Record<string, unknown> = {
    interfaces: [...parsed.map(({ name }) => name), ...parsed.flatMap(({ name, v4 }) => labelsOf(name, v4).map((label) => label.replaceAll(':', '_')))].sort(), all_ipv4_addresses: parsed.flatMap(({ v4 }) => v4.map(({ address }) => address)).filter((address) => !address.startsWith('127.')),
    all_ipv6_addresses: parsed.flatMap(({ v6 }) => v6.map(({ address }) => address)).filter((address) => address !== '::1'),
    default_ipv4: defaultOf(section('routes'), section('defaults'), parsed, interfaces, 'ipv4'), default_ipv6: defaultOf(section('routes6'), '', parsed, interfaces, 'ipv6'),
    locally_reachable_ips: { ipv4: localRoutes(section('local4')), ipv6: localRoutes(section('local6')) },
  }
  for (const one of interfaces) facts[factName(one.device)] = one
  for (const { name, v4 } of parsed) for (const label of labelsOf(name, v4)) facts[factName(label)] = addressesOf(label, v4.filter((address) => address.label === label))
  return facts
}

/** Dashes and colons become underscores; dots stay. */
const factName = (device: string): string => device.replace(/[-:]/g, '_')

/** Names of addresses (`eth0:1`) that are told like interfaces of their own. */
const labelsOf = (device: string, v4: readonly Address4OfLink[]): readonly string[] => [...new Set(v4.map(({ label }) => label))].filter((label) => label !== device)

/** An interface has its own addresses, and whatever the kernel calls secondary, by any label. */
function addressesOf(name: string, v4: readonly Address4OfLink[]): Record<string, unknown> {
  const [first, ...more] = v4.filter(({ label, secondary }) => label === name && !secondary)
  const others = v4.filter((address) => address.secondary || more.includes(address)).map(plainAddress)
  return { ...(first ? { ipv4: plainAddress(first) } : {}), ...(others.length > 0 ? { ipv4_secondaries: others } : {}) }
}
const plainAddress = ({ label: _, secondary: __, ...address }: Address4OfLink): Address4 => address

/** What the table of local routes has: every address and network that packets to end here. */
const localRoutes = (text: string): readonly string[] => [...text.matchAll(/^local (\S+)/gm)].map(([, address]) => address!)

const TYPES: Readonly<Record<string, string>> = { 1: 'ether', 32: 'infiniband', 512: 'ppp', 772: 'loopback', 65534: 'tunnel' }

function interfaceFact({ name, flags, mtu, mac, v4, v6, link }: Parsed, { file, section }: Pick<Collected, 'file' | 'section'>): Interface {
  const of = (attribute: string) => file(`/sys/class/net/${name}/${attribute}`)?.trim()
  const speed = Number(of('speed'))
  const kind = of('bridge/bridge_id') !== undefined ? 'bridge' : of('bonding/mode') !== undefined ? 'bonding' : (TYPES[of('type') ?? ''] ?? (link === 'loopback' ? 'loopback' : link))
  const members = [...section('drivers').matchAll(new RegExp(`/sys/class/net/${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}/brif/(\\S+)`, 'g'))].map(([, member]) => member!)
  const module = new RegExp(`/sys/class/net/${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}/device/driver/module -> \\S*/([^/\\s]+)`).exec(section('drivers'))?.[1]
  return {
    device: name, active: flags.includes('UP') && (of('operstate') !== 'down' || flags.includes('LOOPBACK')), mtu, promisc: (Number(of('flags') ?? 0) & 0x100) !== 0, type: kind, ...(mac && link !== 'loopback' ? { macaddress: mac } : {}), ...(module ? { module } : {}),
    ...(of('speed') && Number.isInteger(speed) ? { speed } : {}), ...addressesOf(name, v4), ...(v6.length > 0 ? { ipv6: v6 } : {}),
    ...(kind === 'bridge' ? { id: of('bridge/bridge_id') ?? '', stp: of('bridge/stp_state') === '1', interfaces: members } : {}),
    ...(kind === 'bonding' ? { mode: of('bonding/mode')?.split(' ')[0], miimon: of('bonding/miimon'), lacp_rate: of('bonding/lacp_rate')?.split(' ')[0], slaves: of('bonding/slaves')?.split(/\s+/).filter(Boolean) ?? [] } : {}),
  }
}

/** The address that packets to the world leave from, as `ip route get` says. */
function defaultOf(route: string, shown: string, parsed: readonly Parsed[], interfaces: readonly Interface[], family: 'ipv4' | 'ipv6'): Record<string, unknown> {
  const line = route.split('\n')[0] ?? ''
  const device = /\bdev (\S+)/.exec(line)?.[1] ?? /\bdev (\S+)/.exec(shown)?.[1]
  const gateway = /\bvia (\S+)/.exec(line)?.[1] ?? (line ? undefined : /\bvia (\S+)/.exec(shown)?.[1])
  const one = parsed.find(({ name }) => name === device)
  if (!one || device === undefined || /^unreachable/.test(line)) return {}
  const source = /\bsrc (\S+)/.exec(line)?.[1]
  const { mtu, macaddress, type } = interfaces.find((fact) => fact.device === device)!
  const common = { interface: device, ...(gateway ? { gateway } : {}), mtu, ...(macaddress === undefined ? {} : { macaddress }), type }
  if (family === 'ipv6') {
    const address = one.v6.find((candidate) => candidate.address === source) ?? one.v6.find(({ scope }) => scope === 'global')
    return address ? { ...address, ...common } : {}
  }
  const address = one.v4.find((candidate) => candidate.address === source) ?? one.v4[0]
  if (!address) return {}
  return { ...plainAddress(address), alias: address.label, ...common }
}
