import { createHash } from 'node:crypto'
import { Problem } from '../../problem/problem.ts'
import type { NodeRole, SeenNode, WantedNode } from './node.ts'
import { compareVersions, getVersion, parseVersion, whyNoStep } from './version.ts'

/** What has to be true before anything is touched. */
export interface Demands {
  readonly version: string
  /** Nodes may have an older version: the run is there to change that. */
  readonly upgrades: boolean
  readonly minimumMemoryMb: Readonly<Record<NodeRole, number>>
  /** Milliseconds between two clocks. */
  readonly clockSpread: number
  readonly remove: readonly string[]
  readonly token: string | undefined
}

/** What is wrong with the wish itself: told before any host is asked. */
export function wishProblems(nodes: readonly WantedNode[], { version, remove }: Demands): readonly Problem[] {
  const servers = nodes.filter(({ role, host }) => role === 'server' && !remove.includes(host))
  const twice = nodes.filter(({ host }, index) => nodes.findIndex((other) => other.host === host) !== index)
  return [
    ...(parseVersion(version) ? [] : [caught(() => getVersion(version))]),
    ...(servers.length % 2 === 1 ? [] : [evenServers(servers)]),
    ...twice.map(({ host }) => new Problem({ code: 'k3s-two-roles', summary: 'A host is a server or an agent', detail: `${host} is in both groups`, hint: 'take it out of the agents: a server runs pods, too' })),
    ...shared(nodes, 'address', ({ address }) => address),
  ]
}

function evenServers(servers: readonly WantedNode[]): Problem {
  if (servers.length === 0) return new Problem({ code: 'k3s-no-servers', summary: 'There is no server', detail: 'the group of servers is empty', hint: 'put one host, or three, into the group k3s_server' })
  return new Problem({ code: 'k3s-even-servers', summary: 'The number of servers has to be odd', detail: `${servers.length} servers (${servers.map(({ host }) => host).join(', ')}) bear the loss of ${loss(servers.length)}, as ${servers.length - 1} do`, hint: 'add a server, or make one an agent' })
}

/** What stands against it on the hosts, all of it. Hosts that cannot be reached are no matter of this. */
export function gateProblems(all: readonly SeenNode[], demands: Demands): readonly Problem[] {
  const nodes = all.filter(({ liveness }) => liveness !== 'unreachable')
  return [
    ...shared(nodes, 'host name', ({ node }) => node), ...nodes.flatMap((node) => machineProblems(node, demands)),
    ...clockProblems(nodes, demands.clockSpread), ...nodes.flatMap((node) => versionProblems(node, demands)), ...tokenProblems(nodes, demands),
  ]
}

/** By the names that are used twice. */
function shared<N extends WantedNode>(nodes: readonly N[], what: string, key: (node: N) => string): readonly Problem[] {
  const groups = Map.groupBy(nodes.filter((node, index) => nodes.findIndex(({ host }) => host === node.host) === index), key)
  return [...groups].filter(([, own]) => own.length > 1).map(([name, own]) => new Problem({ code: 'k3s-not-unique', summary: `Two hosts have one ${what}`, detail: `${own.map(({ host }) => host).join(', ')} are ${name}`, hint: what === 'address' ? 'set k3s_address of each to the address that the others use' : 'give each a host name of its own, or set k3s_node_name' }))
}

function machineProblems({ host, role, machine, memoryMb, hasMemoryControl, hasSystemd }: SeenNode, { minimumMemoryMb }: Demands): readonly Problem[] {
  const least = minimumMemoryMb[role]
  return [
    ...(archOf(machine) ? [] : [new Problem({ code: 'k3s-architecture', summary: 'There is no k3s for this machine', detail: `${host} is ${machine}`, hint: 'use hosts of x86_64 or aarch64' })]),
    ...(memoryMb >= least ? [] : [new Problem({ code: 'k3s-memory', summary: 'A host has too little memory', detail: `${host} has ${memoryMb} MB, ${role === 'server' ? 'a server' : 'an agent'} needs ${least} MB`, hint: 'give it more, or set k3s_minimum_memory_mb if you know better' })]),
    ...(hasMemoryControl ? [] : [new Problem({ code: 'k3s-memory-cgroup', summary: 'The kernel does not count memory by control group', detail: host, hint: 'boot it with cgroup_enable=memory cgroup_memory=1' })]),
    ...(hasSystemd ? [] : [new Problem({ code: 'k3s-systemd', summary: 'These roles need systemd', detail: host, hint: 'use a host whose init is systemd' })]),
  ]
}

export const archOf = (machine: string): 'amd64' | 'arm64' | undefined => ({ x86_64: 'amd64', amd64: 'amd64', aarch64: 'arm64', arm64: 'arm64' } as const)[machine]

/** Each clock is known only to lie between two bounds: told is what is surely apart. */
function clockProblems(nodes: readonly SeenNode[], spread: number): readonly Problem[] {
  if (nodes.length === 0) return []
  const first = nodes.reduce((a, b) => (b.ahead[0] > a.ahead[0] ? b : a))
  const last = nodes.reduce((a, b) => (b.ahead[1] < a.ahead[1] ? b : a))
  const apart = first.ahead[0] - last.ahead[1]
  if (apart <= spread) return []
  return [new Problem({ code: 'k3s-clocks', summary: 'The clocks of the hosts disagree', detail: `${first.host} is ${(apart / 1000).toFixed(1)} s ahead of ${last.host}, ${spread / 1000} s are borne`, hint: 'let chrony or systemd-timesyncd keep the time on every host; certificates and leases depend on it' })]
}

function versionProblems(node: SeenNode, { version, upgrades }: Demands): readonly Problem[] {
  const [found, wanted] = [parseVersion(node.version ?? ''), parseVersion(version)]
  if (!found || !wanted || node.liveness === 'clean' || compareVersions(found, wanted) === 0) return []
  const refused = whyNoStep(node.host, found, wanted)
  if (refused) return [refused]
  return upgrades ? [] : [new Problem({ code: 'k3s-other-version', summary: 'A host runs another version of k3s', detail: `${node.host} has ${found.text}, wanted is ${wanted.text}`, hint: 'upgrade with playbooks/k3s-upgrade.yml, which goes one node at a time; or set k3s_version to what runs' })]
}

function tokenProblems(nodes: readonly SeenNode[], { token }: Demands): readonly Problem[] {
  if (token === undefined) return []
  const wanted = createHash('sha256').update(passwordOf(token)).digest('hex')
  const others = nodes.filter(({ tokenHash }) => tokenHash !== undefined && tokenHash !== wanted)
  return others.length === 0 ? [] : [new Problem({ code: 'k3s-other-token', summary: 'The token is not that of the cluster', detail: `${others.map(({ host }) => host).join(', ')} ${others.length === 1 ? 'has' : 'have'} another one`, hint: 'put the files of k3s_token_file and k3s_token_key_file back, or set k3s_token to the password in /var/lib/rancher/k3s/server/token; a rotation that was interrupted goes on with playbooks/k3s-rotate-token.yml' })]
}

/** `K10HASH::server:PASSWORD`, or the password alone. */
export const passwordOf = (token: string): string => (token.startsWith('K10') && token.includes('::') ? token.slice(token.indexOf('::') + 2).replace(/^[^:]*:/, '') : token)

export const majority = (servers: number): number => Math.floor(servers / 2) + 1
const loss = (servers: number): string => (servers - majority(servers) === 0 ? 'none' : `${servers - majority(servers)}`)

/** For people: what the number of servers bears. */
export function sayQuorum(servers: number): string {
  return servers === 1 ? '1 server: while it is away the cluster stands still' : `${servers} servers: ${majority(servers)} are a majority, so ${loss(servers)} may be away at a time`
}

function caught(work: () => unknown): Problem {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown
    throw thrown
  }
  throw new Error('nothing was wrong')
}
