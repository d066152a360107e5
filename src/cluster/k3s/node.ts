export type NodeRole = 'server' | 'agent'

/**
 * `alive`: a server whose API answers with the word of etcd's majority, an agent whose unit runs. `starting`: systemd starts it now.
 * `stopped`: it was part of a cluster and does not run, or does not answer. `clean`: nothing of k3s was ever started there.
 */
export type Liveness = 'alive' | 'starting' | 'stopped' | 'clean' | 'unreachable'

/** A host as the inventory has it. */
export interface WantedNode {
  readonly host: string
  readonly role: NodeRole
  readonly address: string
  /** Its name in the cluster, where that is not the host's own. */
  readonly node?: string | undefined
}

/** A node as the cluster knows it. */
export interface ClusterNode {
  readonly node: string
  readonly version: string
  /** What it last said of itself; that nothing was heard since becomes visible here after 40 s and more. */
  readonly ready: boolean
  readonly schedulable: boolean
  /** Seconds since its kubelet was last heard of, and for how many that counts. */
  readonly lease?: { readonly silent: number; readonly lasts: number }
}

/** A kubelet renews its lease four times before it ends: two of them may fail. */
export const isSilent = ({ lease }: ClusterNode): boolean => lease !== undefined && lease.silent > (lease.lasts * 5) / 8

/** What is on a host. */
export interface SeenNode extends WantedNode {
  readonly liveness: Liveness
  /** Why it could not be reached. */
  readonly reason?: string
  /** Its name in the cluster, if it joins. */
  readonly node: string
  /** Of the program on its disk. */
  readonly version?: string
  /** As `uname -m` says. */
  readonly machine: string
  readonly memoryMb: number
  readonly hasMemoryControl: boolean
  readonly hasSystemd: boolean
  /** Milliseconds that its clock is ahead of ours: between these two. */
  readonly ahead: readonly [number, number]
  /** Of the authority of the cluster that it belonged to. */
  readonly caHash?: string
  /** SHA-256 of the password in the server's token. */
  readonly tokenHash?: string
  /** Where its configuration sends it to join; empty where it says `cluster-init`, undefined where there is no such file. */
  readonly joins?: string
  /** What a server that is alive tells of the cluster. */
  readonly cluster?: readonly ClusterNode[]
}

export const urlOf = (address: string, port: number): string => `https://${address.includes(':') ? `[${address}]` : address}:${port}`
