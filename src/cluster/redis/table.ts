import type { ClusterPlan } from './plan-operations.ts'
import { showRanges, type SlotRange } from './slots.ts'
import type { Instance } from './topology.ts'

/** One instance in the table that people read. */
export interface SeatRow {
  readonly host: string
  /** The failure domains it stands in, `zone1` or `zone1/rack2`; its zone, if it has one, where only hosts count. */
  readonly domain: string
  readonly instance: string
  /** Idle ones are empty and outside the cluster; so is one that does not run yet, as it will be when it is its turn. */
  readonly role: 'master' | 'replica' | 'idle'
  readonly shard: number | undefined
  readonly slots: string | undefined
}

/** How the instances sit now. */
export function presentTable({ present }: ClusterPlan, instances: readonly Instance[], failureDomain: readonly string[]): readonly SeatRow[] {
  return rows(instances, failureDomain, ({ name }) => {
    const shard = present.shards.findIndex(({ copies }) => copies.includes(name))
    if (shard < 0) return { role: 'idle' }
    return { role: present.shards[shard]!.master === name ? 'master' : 'replica', shard: shard + 1, ranges: present.shards[shard]!.ranges }
  })
}

/** How they sit when everything is done. */
export function wantedTable({ present, placement }: ClusterPlan, instances: readonly Instance[], failureDomain: readonly string[]): readonly SeatRow[] {
  return rows(instances, failureDomain, ({ name }) => {
    const seat = placement.shards.find(({ master, replicas }) => [master, ...replicas].some((one) => one.name === name))
    return seat ? { role: seat.master.name === name ? 'master' : 'replica', shard: seat.shard, ranges: present.shards[seat.shard - 1]!.ranges } : { role: 'idle' }
  })
}

interface Seat {
  readonly role: SeatRow['role']
  readonly shard?: number
  readonly ranges?: readonly SlotRange[]
}

function rows(instances: readonly Instance[], failureDomain: readonly string[], seatOf: (instance: Instance) => Seat): readonly SeatRow[] {
  return instances.map((instance) => {
    const { role, shard, ranges } = seatOf(instance)
    const levels = failureDomain.filter((level) => level !== 'host')
    // Where only hosts count, the zone is still what people want to see.
    const domain = levels.length > 0 ? levels.map((level) => instance.domains[level] ?? '?').join('/') : (instance.domains['zone'] ?? '')
    return { host: instance.host, domain, instance: instance.name, role, shard, slots: ranges && showRanges(ranges) }
  })
}

/** Columns under headings, a line each. */
export function showTable(seats: readonly SeatRow[]): string {
  const lines = [['HOST', 'ZONE', 'INSTANCE', 'ROLE', 'SHARD', 'SLOTS'], ...seats.map(({ host, domain, instance, role, shard, slots }) => [host, domain || '-', instance, role, shard === undefined ? '-' : String(shard), slots ?? '-'])]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines.map((line) => `${line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()}\n`).join('')
}
