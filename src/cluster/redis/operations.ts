import { showRanges, type SlotRange } from './slots.ts'

/** What instances belong to a shard; names of instances. */
export interface ShardSeats {
  readonly shard: number
  readonly master: string
  readonly replicas: readonly string[]
}

/**
 * One thing to do to a cluster, as data. Each can be done again without harm: whoever does it looks first whether it is done.
 * Instances are named; ids are looked up when it is done, because an instance that does not run yet has none.
 */
export type Operation =
  | { readonly does: 'assign-slots'; readonly instance: string; readonly shard: number; readonly ranges: readonly SlotRange[] }
  | { readonly does: 'set-epoch'; readonly instance: string; readonly epoch: number }
  | { readonly does: 'meet'; readonly from: string; readonly to: string }
  /** Until every one of them knows all others. */
  | { readonly does: 'wait-known'; readonly instances: readonly string[] }
  | { readonly does: 'replicate'; readonly instance: string; readonly master: string; readonly shard: number }
  /** `instance` takes the shard over from `from`, without losing writes. */
  | { readonly does: 'fail-over'; readonly instance: string; readonly from: string; readonly shard: number }
  /** Empties an instance and takes it out of the cluster. Only of replicas and of masters without slots. */
  | { readonly does: 'reset'; readonly instance: string }
  /** All others forget a node that is gone. */
  | { readonly does: 'forget'; readonly id: string; readonly name: string; readonly by: readonly string[] }
  /** Until every node sees these seats, all slots are served and all replicas are in sync. */
  | { readonly does: 'wait-healthy'; readonly seats: readonly ShardSeats[] }

export function showOperation(operation: Operation): string {
  switch (operation.does) {
    case 'assign-slots': return `give ${operation.instance} the slots ${showRanges(operation.ranges)} of shard ${operation.shard}`
    case 'set-epoch': return `set the configuration epoch of ${operation.instance} to ${operation.epoch}`
    case 'meet': return `let ${operation.from} meet ${operation.to}`
    case 'wait-known': return `wait until all ${operation.instances.length} instances know each other`
    case 'replicate': return `make ${operation.instance} a replica of ${operation.master} (shard ${operation.shard})`
    case 'fail-over': return `fail shard ${operation.shard} over from ${operation.from} to ${operation.instance}`
    case 'reset': return `empty ${operation.instance} and take it out of the cluster`
    case 'forget': return `let the others forget ${operation.name} (${operation.id.slice(0, 8)})`
    case 'wait-healthy': return 'wait until every node agrees, all slots are served and all replicas are in sync'
  }
}

/** The numbered list that a dry run shows. */
export const showOperations = (operations: readonly Operation[]): readonly string[] => operations.map((operation, index) => `${index + 1}. ${showOperation(operation)}`)
