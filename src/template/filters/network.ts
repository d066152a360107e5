import type { Value } from '../../value/value.ts'
import { filter, test } from '../define.ts'
import { bitsOf, isIn, isPublic, isWithin, lastOf, mergeNetworks, networkOf, parseAddress, show, showValue, spanning, usableOf, type Address } from '../ip-address.ts'
import { iterate } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'

const need = (value: Value): Address => parseAddress(str(value)) ?? fail(`'${str(value)}' is not an address or network`)
const cidr = (network: Address): string => `${show(network)}/${network.prefix}`

/** Hardware addresses in the notations of Unix, Cisco, PostgreSQL and plain digits. */
function hardware(value: Value, query: string): Value {
  const digits = str(value).replace(/[:.\- ]/g, '').toLowerCase()
  if (!/^[\da-f]{12}$/.test(digits)) return query === '' || query === 'bool' ? false : fail(`hwaddr: '${str(value)}' is not a hardware address`)
  const groups = (size: number, separator: string): string => digits.match(new RegExp(`.{${size}}`, 'g'))!.join(separator)
  switch (query) {
    case '': return str(value)
    case 'bool': return true
    case 'bare': return digits.toUpperCase()
    case 'cisco': return groups(4, '.')
    case 'linux':
    case 'unix': return groups(2, ':')
    case 'pgsql':
    case 'postgresql':
    case 'psql': return groups(6, ':')
    case 'win':
    case 'eui48': return groups(2, '-').toUpperCase()
    case 'int': return parseInt(digits, 16)
  }
  return fail(`hwaddr: '${query}' is not a query`)
}
function autoConfigured(prefix: Address, mac: string): string {
  const digits = mac.replace(/[:.\-]/g, '')
  if (!/^[\da-f]{12}$/i.test(digits) || prefix.version !== 6) return fail('slaac needs an IPv6 network and a hardware address')
  const host = BigInt(`0x${digits.slice(0, 6)}fffe${digits.slice(6)}`) ^ (1n << 57n)
  return showValue(networkOf(prefix) | host, 6)
}
const hex = (value: Value, separator: string): string => (showValue(need(value).value, 4).split('.').map((byte) => Number(byte).toString(16).padStart(2, '0')).join(separator))
function reduced(values: readonly Value[], network: Value): Value[] {
  const outer = need(network)
  return values.filter((value) => {
    const address = parseAddress(str(value))
    return address !== undefined && isWithin(address, outer)
  })
}
const inUsable = (network: Address, address: Address): boolean => {
  const [first, last] = usableOf(network)
  return network.version === address.version && networkOf(address) >= first && lastOf(address) <= last
}
const aliased = (name: string): string => `${name} ansible.utils.${name} ansible.netcommon.${name}`
const address = (value: Value): Address | undefined => (typeof value === 'string' ? parseAddress(value) : undefined)

export const networkFilters = [
  filter(aliased('hwaddr'), 'query? alias?', (value, [query]) => hardware(value, query === undefined ? '' : str(query))),
  filter(aliased('macaddr'), 'query?', (value, [query]) => hardware(value, query === undefined ? '' : str(query))),
  filter(aliased('ip4_hex'), 'delimiter?', (value, [delimiter]) => hex(value, delimiter === undefined ? '' : str(delimiter))),
  filter(aliased('slaac'), 'query', (value, [mac]) => autoConfigured(need(value), str(mac!))),
  filter(aliased('cidr_merge'), 'action?', (value, [action]) => {
    const networks = iterate(value).map(need)
    if (action !== undefined && str(action) === 'span') return cidr(spanning(networks) ?? fail('cidr_merge: the networks must be of one kind'))
    return mergeNetworks(networks).map(cidr)
  }),
  filter(aliased('network_in_network'), 'test', (value, [inner]) => isWithin(need(inner!), need(value))),
  filter(aliased('network_in_usable'), 'test', (value, [inner]) => inUsable(need(value), need(inner!))),
  filter(aliased('reduce_on_network'), 'network', (value, [network]) => reduced(Array.from(iterate(value)), network!)),
  filter(aliased('usable_range'), '', (value) => {
    const network = need(value)
    const [first, last] = [networkOf(network), lastOf(network)]
    if (last - first > 65_536n) fail('usable_range: the network is too large to list')
    const usable: Value[] = []
    for (let one = first; one <= last; one++) usable.push(showValue(one, network.version))
    return new Map<Value, Value>([['number_of_ips', usable.length], ['usable_ips', usable]])
  }),
]

const named = (name: string, holds: (address: Address, text: string) => boolean) =>
  test(`${name} ansible.utils.${name}`, '', (value) => {
    const found = address(value)
    return found !== undefined && holds(found, String(value))
  })
/** An address alone, or a network without bits of a host. */
const isClean = (one: Address): boolean => !one.hasPrefix || one.value === networkOf(one)
export const networkTests = [
  named('ip', isClean),
  named('ip_address', (one) => !one.hasPrefix),
  named('ipv4', (one) => one.version === 4 && isClean(one)),
  named('ipv6', (one) => one.version === 6 && isClean(one)),
  named('ipv4_address', (one) => one.version === 4 && !one.hasPrefix),
  named('ipv6_address', (one) => one.version === 6 && !one.hasPrefix),
  named('ipv4_netmask', (one) => one.version === 4 && parseAddress(`0.0.0.0/${show(one)}`) !== undefined),
  named('loopback', (one) => isIn(one, 'loopback')),
  named('private', (one) => isIn(one, 'private')),
  named('public', isPublic),
  named('multicast', (one) => isIn(one, 'multicast')),
  named('link_local', (one) => isIn(one, 'link-local')),
  named('unspecified', (one) => one.value === 0n && one.prefix === bitsOf(one.version)),
  test('in_network ansible.utils.in_network subnet_of ansible.utils.subnet_of', 'network', (value, [network]) => {
    const [inner, outer] = [address(value), address(network!)]
    return inner !== undefined && outer !== undefined && isWithin(inner, outer)
  }),
  test('supernet_of ansible.utils.supernet_of', 'network', (value, [network]) => {
    const [outer, inner] = [address(value), address(network!)]
    return inner !== undefined && outer !== undefined && isWithin(inner, outer)
  }),
  test('mac ansible.utils.mac', '', (value) => /^([\da-f]{2}([:\-])?)([\da-f]{2}\2){4}[\da-f]{2}$|^([\da-f]{4}\.){2}[\da-f]{4}$/i.test(str(value))),
]
