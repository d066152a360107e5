import { setTimeout as sleep } from 'node:timers/promises'
import { changed, type Doing, look, until } from './doing.ts'
import type { Running } from './observe.ts'
import type { Operation } from './operations.ts'

/** Masters decide within this time whether they vote; a manual failover gives up after five seconds. */
const ATTEMPT = 7_000

/**
 * A coordinated failover: the master pauses its writers, the replica catches up and takes over, no acknowledged write is lost.
 * Redis answers OK and may then silently drop it, so it waits first for everything that makes it do so, and afterwards until every
 * node shows the new owner:
 *  - the replica is in sync, and its master and all others see it as its replica;
 *  - it has been a replica for 4 * node timeout. Redis 7.0 would otherwise count the votes of its last election again: it
 *    "wins" with an old epoch, is demoted, and what it took in between is lost. How old its link to the master is tells how long
 *    it has at least been a replica.
 */
export async function failOver({ instance, from, shard }: Operation & { does: 'fail-over' }, doing: Doing): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const before = await lookAtAll(doing)
    if (isDone(instance, from, before)) return
    await waitReady(instance, from, doing)
    await doing.reach.ask(get(before, instance).instance, 'CLUSTER', 'FAILOVER')
    const done = () => lookAtAll(doing).then((all) => (isDone(instance, from, all) ? undefined : `${instance} takes over`))
    try {
      // Once it has taken over, the rest is gossip: every node will see it.
      await until(ATTEMPT, doing, done)
      return
    } catch (thrown) {
      if ((await look(doing, instance)).self.role === 'master') return await until(doing.syncDeadline, doing, done)
      if (attempt === 3) throw thrown
      doing.progress(`the other masters did not vote for ${instance} to take shard ${shard} over; trying again`)
      // They vote about one shard once in twice the node timeout.
      await sleep(2 * get(before, instance).nodeTimeout, undefined, { signal: doing.signal })
    }
  }
}

/** Everybody who is in the cluster of the operation; an instance outside of it has no say. */
async function lookAtAll(doing: Doing): Promise<readonly Running[]> {
  const all = await Promise.all(doing.instances.map((instance) => look(doing, instance.name)))
  return all.filter((one) => one.nodes.length > 1)
}

const get = (all: readonly Running[], name: string): Running => {
  const found = all.find((one) => one.instance.name === name)
  if (!found) throw changed(`${name} left the cluster`)
  return found
}

/** Every node sees the new master as the owner, and the old one as its replica that is in sync again. */
function isDone(instance: string, from: string, all: readonly Running[]): boolean {
  const [now, old] = [get(all, instance), get(all, from)]
  return old.linkUp && all.every((one) => one.nodes.some((node) => node.id === now.id && node.role === 'master' && node.slots.length > 0) && one.nodes.some((node) => node.id === old.id && node.master === now.id))
}

function waitReady(instance: string, from: string, doing: Doing): Promise<void> {
  return until(doing.syncDeadline, doing, async () => {
    const all = await lookAtAll(doing)
    const [replica, master] = [get(all, instance), get(all, from)]
    if (master.self.role !== 'master') throw changed(`${from} is no master any more`)
    if (replica.self.master !== master.id) throw changed(`${instance} is no replica of ${from}`)
    if (!replica.linkUp) return `${instance} is copying its data`
    const blind = all.find((one) => one.nodes.find((node) => node.id === replica.id)?.master !== master.id)
    if (blind) return `${blind.instance.name} does not see ${instance} as a replica of ${from} yet`
    const rest = 4 * replica.nodeTimeout - (replica.linkAge ?? 0) * 1000
    return rest > 0 ? `${instance} has to be a replica for ${Math.ceil((4 * replica.nodeTimeout) / 1000)} s before it may take over` : undefined
  })
}
