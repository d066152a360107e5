import { Problem } from '../../problem/problem.ts'
import { type Doing, find, look, until } from './doing.ts'
import { whyUnhealthy } from './execute.ts'
import { failOver } from './fail-over.ts'
import type { Running } from './observe.ts'
import type { Operation, ShardSeats } from './operations.ts'
import { type SettingChange, needsRestart } from './settings.ts'

/** What is to change, by name of instance. */
export type Changes = ReadonlyMap<string, readonly SettingChange[]>

export interface Rolling extends Doing {
  /** Starts the process anew and returns when it was asked to; the roll waits until it answers. */
  readonly restart: (instance: string) => Promise<void>
}

/**
 * Brings changed settings to running instances, one at a time: replicas first, a master that must start anew only after one of
 * its replicas took its shard over. Before each step the cluster must be whole: it stops at the first sign that it is not.
 * At the end the masters get their shards back, so that everything is where it was.
 */
export async function rollOut(changes: Changes, rolling: Rolling): Promise<void> {
  const names = [...changes.keys()]
  const isMaster = new Map(await Promise.all(names.map(async (name) => [name, (await look(rolling, name)).self.slots.length > 0] as const)))
  const away: FailOver[] = []
  for (const name of [...names].sort((a, b) => Number(isMaster.get(a)) - Number(isMaster.get(b)))) {
    rolling.signal.throwIfAborted()
    const own = changes.get(name)!
    await refuseDegraded(name, rolling)
    if (!needsRestart(own)) await setLive(name, own, rolling)
    else away.push(...(await restart(name, rolling)))
  }
  for (const { instance, from, shard } of away) {
    rolling.progress(`${from}: take shard ${shard} back from ${instance}`)
    await failOver({ does: 'fail-over', instance: from, from: instance, shard }, rolling)
  }
}

type FailOver = Operation & { does: 'fail-over' }

async function setLive(name: string, changes: readonly SettingChange[], rolling: Rolling): Promise<void> {
  rolling.progress(`${name}: set ${changes.map(({ setting }) => setting).join(', ')}`)
  // One command for all: Redis takes them together or not at all.
  await rolling.reach.ask(find(rolling.instances, name), 'CONFIG', 'SET', ...changes.flatMap(({ setting, wanted }) => [setting, wanted]))
}

/** Returns the handover that it needed. */
async function restart(name: string, rolling: Rolling): Promise<readonly FailOver[]> {
  const seats = (await seatsNow(rolling)).find(({ master }) => master === name)
  const handover = seats ? await handOver(seats, rolling) : []
  rolling.progress(`${name}: restart`)
  const before = await rolling.reach.ask(find(rolling.instances, name), 'INFO', 'server').then(runId)
  await rolling.restart(name)
  await until(rolling.syncDeadline, rolling, async () => {
    const now = await rolling.reach.ask(find(rolling.instances, name), 'INFO', 'server').then(runId, () => before)
    return now === before ? `${name} starts` : degradation(rolling)
  })
  return handover
}

const runId = (info: string): string | undefined => /^run_id:(\w+)/m.exec(info)?.[1]

/** To the first replica; all are in sync, or the cluster would not be whole. Without one, its slots are away while it restarts. */
async function handOver({ master, replicas, shard }: ShardSeats, rolling: Rolling): Promise<readonly FailOver[]> {
  const [next] = replicas
  if (next === undefined) return []
  rolling.progress(`${master}: hand shard ${shard} over to ${next}`)
  const handover: FailOver = { does: 'fail-over', instance: next, from: master, shard }
  await failOver(handover, rolling)
  return [handover]
}

async function refuseDegraded(next: string, rolling: Rolling): Promise<void> {
  const why = await degradation(rolling)
  if (why !== undefined) throw new Problem({ code: 'redis-degraded', summary: 'The cluster is not whole, so no more instances are touched', detail: `before ${next}: ${why}`, hint: 'mend it (run the cluster playbook), then run again: it goes on with what is left' })
}

async function degradation(rolling: Rolling): Promise<string | undefined> {
  const all = await Promise.all(rolling.instances.map(({ name }) => look(rolling, name)))
  const dead = all.flatMap((one) => one.nodes).find((node) => node.flags.has('fail') || node.flags.has('fail?'))
  if (dead) return `${dead.address ? `${dead.address}:${dead.port}` : `node ${dead.id.slice(0, 8)}, which lost its address,`} is seen as failed`
  const seats = seatsOf(all)
  // Instances that form no cluster yet cannot degrade one.
  if (seats.length === 0) return undefined
  const members = new Set(seats.flatMap(({ master, replicas }) => [master, ...replicas]))
  return whyUnhealthy(seats, all.filter((one) => members.has(one.instance.name)))
}

const seatsNow = async (rolling: Rolling): Promise<readonly ShardSeats[]> => seatsOf(await Promise.all(rolling.instances.map(({ name }) => look(rolling, name))))

function seatsOf(all: readonly Running[]): readonly ShardSeats[] {
  const masters = all.filter((one) => one.self.role === 'master' && one.self.slots.length > 0).sort((a, b) => a.self.slots[0]!.first - b.self.slots[0]!.first)
  return masters.map((master, index) => ({ shard: index + 1, master: master.instance.name, replicas: all.filter((one) => one.self.master === master.id).map((one) => one.instance.name) }))
}
