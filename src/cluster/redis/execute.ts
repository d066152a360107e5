import { changed, type Doing, find, look, until } from './doing.ts'
import { failOver } from './fail-over.ts'
import type { Running } from './observe.ts'
import { type Operation, showOperation, type ShardSeats } from './operations.ts'

/** Redis gossips once a second: what takes longer than this does not come by waiting. */
const GOSSIP_DEADLINE = 60_000

/** Does the operations in their order, each to its end. Stops at the first that fails; what was done stays, and a new plan goes on from there. */
export async function execute(operations: readonly Operation[], doing: Doing): Promise<void> {
  for (const [index, operation] of operations.entries()) {
    doing.signal.throwIfAborted()
    const title = `${index + 1}/${operations.length} ${showOperation(operation)}`
    doing.progress(title)
    doing.onOperation?.(index + 1, 'before')
    await perform(operation, { ...doing, progress: (text) => doing.progress(`${title}: ${text}`) })
    doing.onOperation?.(index + 1, 'after')
  }
}

function perform(operation: Operation, doing: Doing): Promise<unknown> {
  switch (operation.does) {
    case 'assign-slots': return assignSlots(operation, doing)
    case 'set-epoch': return setEpoch(operation, doing)
    case 'meet': return meet(operation.from, operation.to, doing)
    case 'wait-known': return waitKnown(operation.instances, doing)
    case 'replicate': return replicate(operation, doing)
    case 'fail-over': return failOver(operation, doing)
    case 'reset': return reset(operation.instance, doing)
    case 'forget': return forget(operation, doing)
    case 'wait-healthy': return waitHealthy(operation.seats, doing)
  }
}

const ask = ({ reach, instances }: Doing, name: string, ...command: readonly [string, ...(string | number)[]]): Promise<string> => reach.ask(find(instances, name), ...command)

async function assignSlots({ instance, ranges }: Operation & { does: 'assign-slots' }, doing: Doing): Promise<void> {
  const { self } = await look(doing, instance)
  const missing = ranges.filter((range) => !self.slots.some((own) => own.first <= range.first && own.last >= range.last))
  if (missing.length > 0) await ask(doing, instance, 'CLUSTER', 'ADDSLOTSRANGE', ...missing.flatMap(({ first, last }) => [first, last]))
}

/** A node that met others, or has an epoch, takes none: then Redis sees to distinct epochs itself. */
async function setEpoch({ instance, epoch }: Operation & { does: 'set-epoch' }, doing: Doing): Promise<void> {
  const now = await look(doing, instance)
  if (now.nodes.length === 1 && now.epoch === 0) await ask(doing, instance, 'CLUSTER', 'SET-CONFIG-EPOCH', epoch)
}

async function meet(from: string, to: string, doing: Doing): Promise<void> {
  const { address, port, busPort } = find(doing.instances, to)
  await ask(doing, from, 'CLUSTER', 'MEET', address, port, ...(busPort === undefined ? [] : [busPort]))
}

/** A handshake dies after the node timeout where the network was slow, so whoever is still unknown is met again. */
async function waitKnown(instances: readonly string[], doing: Doing): Promise<void> {
  let rounds = 0
  await until(GOSSIP_DEADLINE, doing, async () => {
    const all = await Promise.all(instances.map((name) => look(doing, name)))
    const strangers = all.flatMap((one) => all.filter((other) => !one.nodes.some((node) => node.id === other.id)).map((other) => [one.instance.name, other.instance.name] as const))
    if (strangers.length > 0 && ++rounds % 15 === 0) await Promise.all(strangers.map(([from, to]) => meet(from, to, doing)))
    return strangers[0] && `${strangers[0][0]} does not know ${strangers[0][1]} yet`
  })
}

/** Only when the replica itself sees its target as a master: told too early, both may end in the same shard. */
async function replicate({ instance, master }: Operation & { does: 'replicate' }, doing: Doing): Promise<void> {
  const target = await look(doing, master)
  if (target.self.role !== 'master') throw changed(`${master} is a replica now`)
  await until(GOSSIP_DEADLINE, doing, async () => {
    const { nodes, self } = await look(doing, instance)
    if (self.role === 'replica' && self.master === target.id) return undefined
    const seen = nodes.find((node) => node.id === target.id)
    if (seen?.role !== 'master' || seen.slots.length === 0) return `${instance} does not see ${master} as a master yet`
    await ask(doing, instance, 'CLUSTER', 'REPLICATE', target.id)
    return `${instance} follows`
  })
}

async function reset(instance: string, doing: Doing): Promise<void> {
  const { self, nodes } = await look(doing, instance)
  if (nodes.length === 1 && self.role === 'master' && self.slots.length === 0) return
  if (self.slots.length > 0) throw changed(`${instance} owns slots now`)
  await ask(doing, instance, 'CLUSTER', 'RESET', 'HARD')
}

async function forget({ id, name, by }: Operation & { does: 'forget' }, doing: Doing): Promise<void> {
  await Promise.all(by.map(async (one) => {
    const { nodes } = await look(doing, one)
    const node = nodes.find((other) => other.id === id)
    if (node && node.slots.length > 0) throw changed(`${name} owns slots in the eyes of ${one}`)
    if (node) await ask(doing, one, 'CLUSTER', 'FORGET', id)
  }))
}

async function waitHealthy(seats: readonly ShardSeats[], doing: Doing): Promise<void> {
  const names = seats.flatMap(({ master, replicas }) => [master, ...replicas])
  await until(doing.syncDeadline, doing, async () => whyUnhealthy(seats, await Promise.all(names.map((name) => look(doing, name)))))
}

/** What is not yet as the seats say, in anybody's eyes; undefined where all is well. */
export function whyUnhealthy(seats: readonly ShardSeats[], all: readonly Running[]): string | undefined {
  const byName = new Map(all.map((one) => [one.instance.name, one]))
  for (const one of all)
    for (const { master, replicas, shard } of seats) {
      const masterId = byName.get(master)!.id
      const seen = (name: string) => one.nodes.find((node) => node.id === byName.get(name)!.id)
      if (seen(master)?.role !== 'master' || seen(master)!.slots.length === 0) return `${one.instance.name} does not see ${master} as the master of shard ${shard}`
      const astray = replicas.find((name) => seen(name)?.master !== masterId)
      if (astray !== undefined) return `${one.instance.name} does not see ${astray} as a replica of ${master}`
    }
  const unwell = all.find((one) => !one.ok)
  if (unwell) return `${unwell.instance.name} does not see all slots served`
  const behind = all.find((one) => one.self.role === 'replica' && !one.linkUp)
  return behind && `${behind.instance.name} is copying its data`
}
