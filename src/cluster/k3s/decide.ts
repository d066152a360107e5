import { Problem } from '../../problem/problem.ts'
import { type SeenNode, urlOf } from './node.ts'

/** What becomes of a host: it makes the cluster, goes into it, or is part of it and runs on (or again). */
export type Action = 'bootstrap' | 'join' | 'run'

export interface Part {
  readonly host: string
  readonly action: Action
  /** The server to register with; undefined where there is none but itself. */
  readonly server: string | undefined
}

export interface Decision {
  readonly parts: readonly Part[]
  readonly bootstrap: string | undefined
  /** Of the cluster's authority, where a server has it already. */
  readonly caHash: string | undefined
}

export interface Wish {
  readonly port: number
  /** One address for all servers, kept up by keepalived or a load balancer. */
  readonly virtualAddress: string | undefined
  /** Hosts that are to leave: nobody registers with them. */
  readonly remove: readonly string[]
}

/**
 * Who makes the cluster, and where the others go in, by what lives and what is on the disks: the order of the inventory counts only
 * where nothing of a cluster is anywhere. Throws a `Problem` where a second cluster could come of it.
 */
export function decide(nodes: readonly SeenNode[], wish: Wish): Decision {
  const servers = nodes.filter(({ role }) => role === 'server')
  const living = servers.filter(({ liveness }) => liveness === 'alive')
  refuseTwoClusters(living)
  const founder = living.length > 0 ? undefined : getFounder(servers, nodes)
  const caHash = (living[0] ?? founder)?.caHash
  if (living.length > 0) refuseForeign(nodes, caHash)
  const registers = (living.length > 0 ? living : [founder!]).filter(({ host }) => !wish.remove.includes(host))
  if (registers.length === 0) throw new Problem({ code: 'k3s-none-stays', summary: 'Every server that lives is to be removed', detail: wish.remove.join(', '), hint: 'let another server join first' })
  const parts = nodes.filter(({ liveness }) => liveness !== 'unreachable').map((node): Part => ({ host: node.host, action: actionOf(node, founder), server: serverFor(node, registers, founder, wish) }))
  return { parts, bootstrap: founder && founder.liveness === 'clean' ? founder.host : undefined, caHash }
}

function actionOf(node: SeenNode, founder: SeenNode | undefined): Action {
  if (node.liveness !== 'clean') return 'run'
  return node === founder ? 'bootstrap' : 'join'
}

/** What it says now stays while that server lives, so that no run changes it without need. */
function serverFor(node: SeenNode, registers: readonly SeenNode[], founder: SeenNode | undefined, { port, virtualAddress }: Wish): string | undefined {
  const others = registers.filter(({ host }) => host !== node.host).map(({ address }) => urlOf(address, port))
  if (node === founder || others.length === 0) return undefined
  if (virtualAddress !== undefined) return urlOf(virtualAddress, port)
  return others.includes(node.joins ?? '') ? node.joins : others[0]
}

function refuseTwoClusters(living: readonly SeenNode[]): void {
  const clusters = Map.groupBy(living.filter(({ caHash }) => caHash), ({ caHash }) => caHash)
  if (clusters.size < 2) return
  const each = [...clusters.values()].map((own) => own.map(({ host }) => host).join(', '))
  throw new Problem({ code: 'k3s-two-clusters', summary: 'The servers belong to different clusters', detail: each.join(' / '), hint: 'say which is right, and reset the hosts of the other with playbooks/k3s-reset.yml' })
}

function refuseForeign(nodes: readonly SeenNode[], caHash: string | undefined): void {
  const foreign = nodes.filter((node) => node.caHash !== undefined && caHash !== undefined && node.caHash !== caHash && node.liveness !== 'clean')
  if (foreign.length === 0) return
  throw new Problem({ code: 'k3s-foreign-data', summary: 'A host holds the data of another cluster', detail: hostsOf(foreign), hint: `reset it with playbooks/k3s-reset.yml -e k3s_reset=${foreign[0]!.host}, then run this again` })
}

/** Nobody lives: the one server that may go first, because nothing else can be the cluster. */
function getFounder(servers: readonly SeenNode[], nodes: readonly SeenNode[]): SeenNode {
  const silent = servers.filter(({ liveness }) => liveness === 'unreachable')
  const holders = servers.filter(({ liveness }) => liveness === 'stopped' || liveness === 'starting')
  if (silent.length > 0)
    throw new Problem({ code: 'k3s-cluster-unknown', summary: 'No server answers, and not all could be looked at', detail: `${hostsOf(silent)}: ${silent[0]!.reason ?? 'unreachable'}`, hint: `bring ${silent.length === 1 ? 'it' : 'them'} back, or take ${silent.length === 1 ? 'it' : 'them'} out of the inventory if ${silent.length === 1 ? 'it is' : 'they are'} gone for good` })
  // One that never saw another server: interrupted while it was the first, or the only one there is.
  if (holders.length === 1 && !holders[0]!.joins) return inItsPlace(holders[0]!, servers)
  if (holders.length > 0)
    throw new Problem({ code: 'k3s-nobody-alive', summary: 'A cluster exists and none of its servers answers', detail: `its data lies on ${hostsOf(holders)}`, hint: `start k3s on all of them at once (systemctl start k3s): a majority of the servers brings it back. If the data is lost, restore a snapshot with playbooks/k3s-restore.yml` })
  const orphans = nodes.filter(({ role, liveness }) => role === 'agent' && liveness !== 'clean' && liveness !== 'unreachable')
  if (orphans.length > 0)
    throw new Problem({ code: 'k3s-cluster-lost', summary: 'The agents belong to a cluster that no server has', detail: `${hostsOf(orphans)} joined one, every server is empty`, hint: 'restore a snapshot with playbooks/k3s-restore.yml, or reset the agents with playbooks/k3s-reset.yml to begin anew' })
  return servers[0]!
}

/** Servers are gone through in the order of the inventory: one before the founder would wait for it in vain. */
function inItsPlace(founder: SeenNode, servers: readonly SeenNode[]): SeenNode {
  if (founder === servers[0] || founder.liveness !== 'stopped') return founder
  throw new Problem({ code: 'k3s-founder-stopped', summary: 'The server that has the cluster does not run', detail: `${founder.host} holds it, and ${servers[0]!.host} before it in the inventory could not join`, hint: `start k3s on ${founder.host} (systemctl start k3s), or put it first in the inventory` })
}

const hostsOf = (nodes: readonly SeenNode[]): string => nodes.map(({ host }) => host).join(', ')
