import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { Problem } from '../../problem/problem.ts'
import { mustRun, runProgram } from '../run-program.ts'

/** The network of a lab: a bridge of this machine, and what stands behind it reaches the world through its address. */
export interface LabNetwork {
  /** The first three parts of every address: `10.99.7`. */
  readonly subnet: string
  readonly bridge: string
}

/** A few letters that stand for the lab wherever the kernel wants short names. Interfaces have at most 15. */
export const labToken = (directory: string): string => createHash('sha256').update(directory).digest('hex').slice(0, 6)

/** The first free network in an order that depends on the lab, so that labs started side by side do not go for the same one. */
export async function chooseNetwork(directory: string): Promise<LabNetwork> {
  const bridge = `tutti-${labToken(directory)}`
  const routes = await mustRun(['ip', '-4', 'route', 'show', 'table', 'all'])
  const subnet = freeSubnet(directory, [routes, ...localAddresses()].join('\n'))
  if (!subnet) throw new Problem({ code: 'no-free-network', summary: 'no network is free for the lab', detail: '10.88.0.0 to 10.127.255.0 are all taken' })
  return { subnet, bridge }
}

/** `taken` is any text that names what is used: routes, addresses. Kubernetes' and docker's usual ranges lie outside the range. */
export function freeSubnet(seed: string, taken: string): string | undefined {
  const start = createHash('sha256').update(seed).digest().readUInt16BE(0)
  const wide = [...taken.matchAll(/\b10\.(\d+)\.0\.0\/(\d+)/g)].map((match) => ({ second: Number(match[1]), bits: Number(match[2]) })).filter(({ bits }) => bits >= 8 && bits <= 16)
  for (let i = 0; i < 40 * 256; i++) {
    const [second, third] = [88 + ((start + i) % 40), Math.floor((start + i) / 40) % 256]
    const inWide = wide.some((net) => second >> (16 - net.bits) === net.second >> (16 - net.bits))
    if (!inWide && !new RegExp(`\\b10\\.${second}\\.${third}\\.`).test(taken)) return `10.${second}.${third}`
  }
  return undefined
}

const localAddresses = (): string[] => Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))

/** Bridge, forwarding and masquerading; each only where it is missing (all of it is gone after the machine was restarted). */
export async function ensureNetwork({ subnet, bridge }: LabNetwork): Promise<void> {
  if (!existsSync(`/sys/class/net/${bridge}`)) {
    await mustRun(['ip', 'link', 'add', bridge, 'address', bridgeAddress(bridge), 'mtu', String(await uplinkMtu()), 'type', 'bridge'])
    await mustRun(['ip', 'addr', 'add', `${subnet}.1/24`, 'dev', bridge])
    await mustRun(['ip', 'link', 'set', bridge, 'up'])
  }
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  for (const { table, chain, rule } of natRules({ subnet, bridge })) {
    const there = await runProgram(['iptables', '-w', '-t', table, '-C', chain, ...rule])
    if (there.code !== 0) await mustRun(['iptables', '-w', '-t', table, '-I', chain, ...rule])
  }
}

/**
 * A bridge without a hardware address of its own takes that of one of its cables, another one whenever hosts come and go: what the
 * others remember of their gateway is then wrong, and they are out of reach for a minute. `02` is the mark of an address made up locally.
 */
const bridgeAddress = (bridge: string): string => ['02', ...createHash('sha256').update(bridge).digest('hex').slice(0, 10).match(/../g)!].join(':')

export async function removeNetwork({ subnet, bridge }: LabNetwork): Promise<void> {
  for (const { table, chain, rule } of natRules({ subnet, bridge })) {
    while ((await runProgram(['iptables', '-w', '-t', table, '-D', chain, ...rule])).code === 0);
  }
  await runProgram(['ip', 'link', 'del', bridge])
}

/** Docker sets the policy of FORWARD to DROP: without rules of its own the lab would have no way out beside it. */
function natRules({ subnet, bridge }: LabNetwork): readonly { table: string; chain: string; rule: string[] }[] {
  return [
    { table: 'nat', chain: 'POSTROUTING', rule: ['-s', `${subnet}.0/24`, '!', '-d', `${subnet}.0/24`, '-j', 'MASQUERADE'] },
    { table: 'filter', chain: 'FORWARD', rule: ['-i', bridge, '-j', 'ACCEPT'] },
    { table: 'filter', chain: 'FORWARD', rule: ['-o', bridge, '-j', 'ACCEPT'] },
  ]
}

/** The MTU of the way out: with a larger one, what the hosts fetch would hang where fragments are dropped. */
export async function uplinkMtu(): Promise<number> {
  const device = /\bdev (\S+)/.exec((await runProgram(['ip', '-4', 'route', 'show', 'default'])).stdout)?.[1]
  if (!device) return 1500
  return Number(/\bmtu (\d+)/.exec((await runProgram(['ip', 'link', 'show', device])).stdout)?.[1] ?? 1500)
}
