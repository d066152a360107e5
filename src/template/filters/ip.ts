import type { Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import {
  bitsOf, hostMaskOf, isIn, isPublic, isUnicast, isWithin, lastOf, maskOf, networkOf, parseAddress, reverseName, show, showValue, sizeOf, usableOf, type Address,
} from '../ip-address.ts'
import { int, isInt, isList, isMapping, typeName } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'

type Query = (address: Address, text: string) => Value
const cidr = (address: Address, value = address.value): string => `${showValue(value, address.version)}/${address.prefix}`
const isNetwork = (address: Address): boolean => address.prefix < bitsOf(address.version)
const isHost = (address: Address): boolean => !isNetwork(address) || address.value !== networkOf(address)
/** An address that a host can have: neither the network's own nor (IPv4) its broadcast. */
const usable = (address: Address): boolean => {
  const [first, last] = usableOf(address)
  return sizeOf(address) === 1n || (address.value >= first && address.value <= last)
}
const only = (holds: (address: Address) => boolean, show: Query): Query => (address, text) => (holds(address) ? show(address, text) : null)
const asWritten: Query = (_address, text) => text
const isAddress = (address: Address): boolean => !address.hasPrefix || address.version === 6 || usable(address)
const isTunnel = (address: Address): boolean => address.version === 6 && address.value >> 112n === 0x2002n
const sixToFour: Query = (address) => {
  if (address.version === 6) return isTunnel(address) ? show(address) : false
  const digits = address.value.toString(16).padStart(8, '0')
  return `2002:${digits.slice(0, 4)}:${digits.slice(4)}::1/48`
}

const QUERIES: ReadonlyMap<string, Query> = new Map<string, Query>(Object.entries({
  '': asWritten,
  'bool': () => true,
  'address': only(isAddress, (one) => show(one)),
  'ip': only(isAddress, (one) => show(one)),
  'host': only(isHost, (one) => cidr(one)),
  'host/prefix': only((one) => isHost(one) && isNetwork(one), cidrOf),
  'hostnet': only((one) => isHost(one) && isNetwork(one), cidrOf),
  'router': only((one) => isHost(one) && isNetwork(one), cidrOf),
  'gateway': only((one) => isHost(one) && isNetwork(one), cidrOf),
  'gw': only((one) => isHost(one) && isNetwork(one), cidrOf),
  'host_prefix': only((one) => isHost(one) && isNetwork(one), cidrOf),
  'address/prefix': only((one) => isHost(one) && isNetwork(one), cidrOf),
  'ip/prefix': only((one) => isHost(one) && isNetwork(one), cidrOf),
  'ip_netmask': only((one) => isHost(one) && isNetwork(one), (one) => `${show(one)} ${showValue(maskOf(one), one.version)}`),
  'ip_wildcard': only((one) => isHost(one) && isNetwork(one), (one) => `${show(one)} ${showValue(hostMaskOf(one), one.version)}`),
  'net': only((one) => isNetwork(one) && one.value === networkOf(one), cidrOf),
  'network': (one) => showValue(networkOf(one), one.version),
  'network_id': (one) => showValue(networkOf(one), one.version),
  'network/prefix': (one) => cidr(one, networkOf(one)),
  'subnet': (one) => cidr(one, networkOf(one)),
  'network_netmask': (one) => `${showValue(networkOf(one), one.version)} ${showValue(maskOf(one), one.version)}`,
  'network_wildcard': (one) => `${showValue(networkOf(one), one.version)} ${showValue(hostMaskOf(one), one.version)}`,
  'netmask': (one) => showValue(maskOf(one), one.version),
  'hostmask': (one) => showValue(hostMaskOf(one), one.version),
  'wildcard': (one) => showValue(hostMaskOf(one), one.version),
  'prefix': (one) => one.prefix,
  'size': (one) => int(sizeOf(one)),
  'broadcast': only((one) => one.version === 4 && one.prefix < 31, (one) => showValue(lastOf(one), one.version)),
  'int': (one) => (one.hasPrefix ? `${one.value}/${one.prefix}` : int(one.value)),
  'version': (one) => one.version,
  'type': (one) => (isHost(one) ? 'address' : 'network'),
  'revdns': (one) => reverseName(one),
  'wrap': (one) => (one.version === 6 ? `[${show(one)}]${one.hasPrefix ? `/${one.prefix}` : ''}` : one.hasPrefix ? cidr(one) : show(one)),
  'public': only(isPublic, asWritten),
  'private': only((one) => isIn(one, 'private'), asWritten),
  'loopback': only((one) => isIn(one, 'loopback'), asWritten),
  'lo': only((one) => isIn(one, 'loopback'), asWritten),
  'multicast': only((one) => isIn(one, 'multicast'), asWritten),
  'link-local': only((one) => isIn(one, 'link-local'), asWritten),
  'unicast': only(isUnicast, asWritten),
  'ipv4': only((one) => one.version === 4, cidrOf),
  'v4': only((one) => one.version === 4, cidrOf),
  'ipv6': only((one) => one.version === 6, cidrOf),
  'v6': only((one) => one.version === 6, cidrOf),
  '6to4': sixToFour,
  'first_usable': only(isNetwork, (one) => showValue(usableOf(one)[0], one.version)),
  'last_usable': only(isNetwork, (one) => showValue(usableOf(one)[1], one.version)),
  'range_usable': only(isNetwork, (one) => usableOf(one).map((value) => showValue(value, one.version)).join('-')),
  'size_usable': (one) => int(usableOf(one)[1] - usableOf(one)[0] + 1n),
  'next_usable': (one) => beside(one, 1n),
  'previous_usable': (one) => beside(one, -1n),
  'peer': only((one) => sizeOf(one) === 2n || sizeOf(one) === 4n, (one) => showValue(sizeOf(one) === 2n ? one.value ^ 1n : networkOf(one) + 3n - (one.value - networkOf(one)), one.version)),
  'point-to-point': only((one) => sizeOf(one) === 2n || sizeOf(one) === 4n, (one) => showValue(sizeOf(one) === 2n ? one.value ^ 1n : networkOf(one) + 3n - (one.value - networkOf(one)), one.version)),
  'cidr': asWritten,
  'address_prefix': cidrOf,
} satisfies Record<string, Query>))
function cidrOf(address: Address): string {
  return address.hasPrefix ? cidr(address) : show(address)
}
function beside(address: Address, step: bigint): Value {
  if (!isNetwork(address)) return false
  const [first, last] = usableOf(address)
  const next = address.value + step
  return next >= first && next <= last ? showValue(next, address.version) : false
}

function addressOf(value: Value): Address | undefined {
  if (isInt(value)) return value >= 0 ? { version: BigInt(value) < 1n << 32n ? 4 : 6, value: BigInt(value), prefix: BigInt(value) < 1n << 32n ? 32 : 128, hasPrefix: false } : undefined
  return typeof value === 'string' ? parseAddress(value) : undefined
}
/** One value under a query (False for what is no address, None for what the query does not fit): a name, a number (that address of the network) or a network (is it inside?). */
function ask(value: Value, query: Value, version: 4 | 6 | undefined): Value {
  if (value === true || value === '' || value === null) return false
  const address = addressOf(value)
  if (!address || (version !== undefined && address.version !== version)) return false
  const text = typeof value === 'string' ? value.trim() : show(address)
  if (isInt(query) || /^-?\d+$/.test(str(query))) return nth(address, BigInt(str(query)))
  const known = QUERIES.get(str(query))
  if (known) return known(address, text)
  const outer = parseAddress(str(query)) ?? fail(`ipaddr: '${str(query)}' is neither a query nor a network`)
  return isWithin(address, outer) ? text : null
}
function nth(address: Address, index: bigint): Value {
  const size = sizeOf(address)
  const at = index < 0n ? index + size : index
  return at >= 0n && at < size ? cidr(address, networkOf(address) + at) : false
}
function askAll(value: Value, query: Value | undefined, version: 4 | 6 | undefined): Value {
  const asked = query ?? ''
  if (isMapping(value)) return fail(`an address or a list is needed, got ${typeName(value)}`)
  if (!isList(value)) return ask(value, asked, version)
  return value.map((item) => ask(item, asked, version)).filter((item) => item !== false && item !== null)
}

function wholeNumber(value: Value): bigint {
  const text = str(value)
  return /^-?\d+$/.test(text) ? BigInt(text) : fail(`a whole number is needed, got '${text}'`)
}
function subnet(value: Value, query: Value | undefined, index: Value | undefined): Value {
  const address = addressOf(value)
  if (!address) return false
  if (query === undefined || query === null || query === '') return cidr(address, address.hasPrefix ? networkOf(address) : address.value)
  if (!/^\d+$/.test(str(query))) return subnetIndex(address, parseAddress(str(query)) ?? fail(`ipsubnet: '${str(query)}' is neither a prefix nor a network`))
  const prefix = Number(str(query))
  if (prefix > bitsOf(address.version)) return false
  if (index === undefined || index === null) return countOrSupernet(address, prefix)
  if (prefix < address.prefix) return supernetSteps(address, prefix, Number(wholeNumber(index)))
  const [count, size] = [1n << BigInt(prefix - address.prefix), 1n << BigInt(bitsOf(address.version) - prefix)]
  const asked = wholeNumber(index)
  const at = asked < 0n ? asked + count : asked
  return at >= 0n && at < count ? `${showValue(networkOf(address) + at * size, address.version)}/${prefix}` : false
}
function countOrSupernet(address: Address, prefix: number): Value {
  if (!address.hasPrefix || prefix < address.prefix) return cidr({ ...address, prefix }, networkOf({ ...address, prefix }))
  return String(1n << BigInt(prefix - address.prefix))
}
function supernetSteps(address: Address, prefix: number, index: number): Value {
  const supernets = Array.from({ length: address.prefix - prefix }, (_, step) => prefix + step).at(index)
  return supernets === undefined ? false : cidr({ ...address, prefix: supernets }, networkOf({ ...address, prefix: supernets }))
}
/** Which subnet of the network the address is, counted from 1. */
function subnetIndex(address: Address, network: Address): Value {
  if (!isWithin(address, network)) return fail(`ipsubnet: ${cidrOf(address)} is not in ${cidrOf(network)}`)
  return String((networkOf(address) - networkOf(network)) / sizeOf(address) + 1n)
}
function moveUsable(value: Value, steps: bigint): Value {
  const address = addressOf(value)
  if (!address || !isNetwork(address)) return fail('a network with a prefix is needed')
  const next = address.value + steps
  const [first, last] = usableOf(address)
  return next >= first && next <= last ? showValue(next, address.version) : ''
}
function math(value: Value, amount: Value): Value {
  const address = addressOf(value) ?? fail(`ipmath: '${str(value)}' is not an address`)
  return showValue(address.value + wholeNumber(amount), address.version)
}
const wrap = (value: Value): Value => {
  if (isList(value)) return value.map(wrap)
  const address = typeof value === 'string' ? parseAddress(value) : undefined
  return address?.version === 6 ? QUERIES.get('wrap')!(address, '') : value
}
const aliased = (names: string): string => names.split(' ').flatMap((name) => [name, `ansible.utils.${name}`, `ansible.netcommon.${name}`]).join(' ')

export const ipFilters = [
  filter(aliased('ipaddr'), 'query? version? alias?', (value, [query, version]) => askAll(value, query, version === 4 || version === 6 ? version : undefined)),
  filter(aliased('ipv4'), 'query?', (value, [query]) => askAll(value, query, 4)),
  filter(aliased('ipv6'), 'query?', (value, [query]) => askAll(value, query, 6)),
  filter(aliased('ipwrap'), 'query?', (value) => wrap(value)),
  filter(aliased('ipsubnet'), 'query? index?', (value, [query, index]) => subnet(value, query, index)),
  filter(aliased('nthhost'), 'query?', (value, [index]) => {
    const address = addressOf(value)
    const host = address && nth(address, wholeNumber(index ?? 0))
    return typeof host === 'string' ? host.replace(/\/.*/, '') : false
  }),
  filter(aliased('ipmath'), 'amount', (value, [amount]) => math(value, amount!)),
  filter(aliased('next_nth_usable'), 'offset', (value, [offset]) => moveUsable(value, wholeNumber(offset!))),
  filter(aliased('previous_nth_usable'), 'offset', (value, [offset]) => moveUsable(value, -wholeNumber(offset!))),
]
