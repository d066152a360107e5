import { expect, test } from 'vitest'
import { placement, type Placement, type PresentShard } from '../../../src/cluster/redis/placement.ts'
import type { Present } from '../../../src/cluster/redis/present.ts'
import { reseat } from '../../../src/cluster/redis/reseat.ts'
import { evenRanges } from '../../../src/cluster/redis/slots.ts'
import { topology } from '../../../src/cluster/redis/topology.ts'
import { Problem } from '../../../src/problem/problem.ts'
import { instances } from './inventories.ts'

const present = (shards: readonly PresentShard[]): Present =>
  ({ running: new Map(), strangers: [], shards: shards.map((shard, index) => ({ ...shard, ranges: [evenRanges(shards.length)[index]!] })) })

/** Plays operations on seats as Redis would take them: what Redis refuses, or would lose data by, fails. */
function play(shards: readonly PresentShard[], placed: Placement, copies: number) {
  const { operations, reset } = reseat({ placed, present: present(shards), leaving: [], copies })
  const shardOf = new Map(shards.flatMap(({ copies: own }, shard) => own.map((name) => [name, shard] as const)))
  const masters = shards.map(({ master }, shard) => master ?? placed.shards[shard]!.master.name)
  masters.forEach((name, shard) => shardOf.set(name, shard))
  const size = (shard: number) => [...shardOf.values()].filter((own) => own === shard).length
  const begun = masters.map((_, shard) => size(shard))
  for (const operation of operations) {
    if (operation.does === 'replicate') {
      expect(masters, 'a master cannot be re-pointed').not.toContain(operation.instance)
      expect(masters[operation.shard - 1]).toBe(operation.master)
      shardOf.set(operation.instance, operation.shard - 1)
    } else if (operation.does === 'fail-over') {
      const shard = operation.shard - 1
      expect(masters[shard]).toBe(operation.from)
      expect(shardOf.get(operation.instance), 'only a copy takes over').toBe(shard)
      masters[shard] = operation.instance
    } else expect(operation.does).toBe('wait-healthy')
    // A swap costs a shard one copy for a moment, never more, and never the last.
    masters.forEach((_, shard) => expect(size(shard)).toBeGreaterThanOrEqual(Math.max(1, Math.min(begun[shard]!, copies) - 1)))
  }
  for (const name of reset) {
    expect(masters, 'a master is never emptied').not.toContain(name)
    shardOf.delete(name)
  }
  return masters.map((master, shard) => [master, ...[...shardOf].filter(([name, own]) => own === shard && name !== master).map(([name]) => name).sort()])
}

const wanted = (placed: Placement) => placed.shards.map(({ master, replicas }) => [master.name, ...replicas.map(({ name }) => name).sort()])

test('from any seats to the planned ones, by steps that Redis takes', () => {
  let state = 11
  const random = (below: number) => Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * below)
  let played = 0
  for (let round = 0; round < 3000; round++) {
    const words = Array.from({ length: 3 + random(4) }, (_, i) => Array<string>(1 + random(3)).fill(`${'abc'[random(3)]}${i}`).join(' ')).join(' ')
    const tree = topology(instances(words), [['host'], ['zone']][random(2)]!)
    const copies = 2 + random(2)
    const names = tree.instances.map(({ name }) => name).sort(() => random(2) - 0.5)
    const shards = Array.from({ length: 3 }, () => names.splice(0, 1 + random(copies + 1))).map((own): PresentShard => (own[0] === undefined ? { copies: [] } : { copies: own, master: own[0] }))
    try {
      const placed = placement(tree, { shards: 3, replicas: copies - 1, acceptQuorumLoss: true }, shards)
      expect(play(shards, placed, copies)).toEqual(wanted(placed))
      played++
    } catch (thrown) {
      // What cannot be placed, and a master without a copy that would have to move.
      if (!(thrown instanceof Problem)) throw thrown
    }
  }
  expect(played).toBeGreaterThan(700)
})

test('new copies come first, and what is emptied waits for them', () => {
  const tree = topology(instances('a b c d e f'), ['host'])
  const shards = ['a', 'b', 'c'].map((host) => ({ master: `${host}:7000`, copies: [`${host}:7000`] }))
  const placed = placement(tree, { shards: 3, replicas: 1, acceptQuorumLoss: false }, shards)
  const { operations, reset } = reseat({ placed, present: present(shards), leaving: ['x'], copies: 2 })
  expect(operations.map(({ does }) => does)).toEqual(['replicate', 'replicate', 'replicate', 'wait-healthy'])
  expect(reset).toEqual(['x'])
})
