/** An address of either family, with the length of its network's prefix. */
export interface Address {
  readonly version: 4 | 6
  readonly value: bigint
  readonly prefix: number
  /** Whether a prefix was written. */
  readonly hasPrefix: boolean
}

export const bitsOf = (version: 4 | 6): number => (version === 4 ? 32 : 128)
const allOnes = (bits: number): bigint => (1n << BigInt(bits)) - 1n

/** Text as an address: `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `fe80::1/64`. */
export function parseAddress(text: string): Address | undefined {
  const [host = '', mask, ...more] = text.trim().split('/')
  if (more.length) return undefined
  const version = host.includes(':') ? 6 : 4
  const value = version === 6 ? parseV6(host) : parseV4(host)
  if (value === undefined) return undefined
  const prefix = mask === undefined ? bitsOf(version) : parseMask(mask, version)
  return prefix === undefined ? undefined : { version, value, prefix, hasPrefix: mask !== undefined }
}
function parseV4(text: string): bigint | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined
  const bytes = text.split('.').map(Number)
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
}
function parseV6(text: string): bigint | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const v4 = dotted ? parseV4(dotted[2]!) : undefined
  if (dotted && v4 === undefined) return undefined
  const plain = dotted ? `${dotted[1]}${(v4! >> 16n).toString(16)}:${(v4! & 0xffffn).toString(16)}` : text
  const halves = plain.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head!.length - (tail?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head!, ...Array.from({ length: tail ? missing : 0 }, () => '0'), ...(tail ?? [])]
  return groups.every((group) => /^[\da-f]{1,4}$/i.test(group)) ? BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`) : undefined
}
function parseMask(mask: string, version: 4 | 6): number | undefined {
  if (/^\d+$/.test(mask)) return Number(mask) <= bitsOf(version) ? Number(mask) : undefined
  const value = version === 4 ? parseV4(mask) : undefined
  if (value === undefined) return undefined
  const ones = value.toString(2).padStart(32, '0')
  return /^1*0*$/.test(ones) ? ones.replaceAll('0', '').length : /^0*1*$/.test(ones) ? ones.replaceAll('1', '').length : undefined
}

export function showValue(value: bigint, version: 4 | 6): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16))
  return shorten(groups)
}
/** The longest run of zero groups becomes `::` (RFC 5952). */
function shorten(groups: readonly string[]): string {
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (groups[at + length] === '0') length++
    if (length > best.length) best = { at, length }
  }
  if (best.at < 0) return groups.join(':')
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`
}
export const show = (address: Address): string => showValue(address.value, address.version)

export const maskOf = ({ version, prefix }: Address): bigint => allOnes(bitsOf(version)) ^ allOnes(bitsOf(version) - prefix)
export const hostMaskOf = ({ version, prefix }: Address): bigint => allOnes(bitsOf(version) - prefix)
export const networkOf = (address: Address): bigint => address.value & maskOf(address)
export const lastOf = (address: Address): bigint => networkOf(address) | hostMaskOf(address)
export const sizeOf = ({ version, prefix }: Address): bigint => 1n << BigInt(bitsOf(version) - prefix)
/** First and last usable host; networks of one or two addresses have no address to spare. */
export function usableOf(address: Address): readonly [bigint, bigint] {
  const [first, last] = [networkOf(address), lastOf(address)]
  return sizeOf(address) <= 2n ? [first, last] : [first + 1n, last - 1n]
}
export const isWithin = (inner: Address, outer: Address): boolean =>
  inner.version === outer.version && networkOf(inner) >= networkOf(outer) && lastOf(inner) <= lastOf(outer)

/** Blocks of special use, by name. */
const BLOCKS: Readonly<Record<string, readonly string[]>> = {
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '127.0.0.0/8', '198.18.0.0/15', '192.0.0.0/24', 'fc00::/7', 'fe80::/10', '::1/128'],
  loopback: ['127.0.0.0/8', '::1/128'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  reserved: ['240.0.0.0/4', '0.0.0.0/8', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
}
export const isIn = (address: Address, block: 'private' | 'loopback' | 'multicast' | 'link-local' | 'reserved'): boolean =>
  BLOCKS[block]!.some((text) => isWithin(address, parseAddress(text)!))
export const isUnicast = (address: Address): boolean => !isIn(address, 'multicast')
export const isPublic = (address: Address): boolean => isUnicast(address) && !isIn(address, 'private') && !isIn(address, 'reserved') && !isIn(address, 'loopback')

/** The fewest networks that cover the same addresses, in order. */
export function mergeNetworks(addresses: readonly Address[]): Address[] {
  const sorted = addresses.map((one) => ({ ...one, value: networkOf(one) })).sort((a, b) => a.version - b.version || (a.value < b.value ? -1 : a.value > b.value ? 1 : a.prefix - b.prefix))
  const merged: Address[] = []
  for (const network of sorted) {
    let next: Address = network
    for (;;) {
      const last = merged.at(-1)
      if (last && isWithin(next, last)) {
        next = last
        merged.pop()
      } else if (last && last.version === next.version && last.prefix === next.prefix && last.prefix > 0 && networkOf({ ...last, prefix: last.prefix - 1 }) === networkOf({ ...next, prefix: next.prefix - 1 })) {
        next = { ...last, prefix: last.prefix - 1, value: networkOf({ ...last, prefix: last.prefix - 1 }) }
        merged.pop()
      } else break
    }
    merged.push(next)
  }
  return merged
}
/** The network that spans all of them. */
export function spanning(addresses: readonly Address[]): Address | undefined {
  const [first, ...rest] = addresses
  if (!first || rest.some((one) => one.version !== first.version)) return undefined
  let wide: Address = { ...first, value: networkOf(first) }
  for (const one of rest) while (!isWithin(one, wide)) wide = { ...wide, prefix: wide.prefix - 1, value: networkOf({ ...wide, prefix: wide.prefix - 1 }) }
  return wide
}
export function reverseName({ version, value }: Address): string {
  if (version === 4) return `${showValue(value, 4).split('.').reverse().join('.')}.in-addr.arpa.`
  return `${value.toString(16).padStart(32, '0').split('').reverse().join('.')}.ip6.arpa.`
}
