import { expect, test } from 'vitest'
import { crc16, evenRanges, fewestSlotMoves, normalRanges, showRanges, slotOf, SLOTS, slotsIn } from '../../../src/cluster/redis/slots.ts'

test('the even division is the one that redis-cli makes', () => {
  expect(showRanges(evenRanges(3))).toBe('0-5460 5461-10922 10923-16383')
  for (let shards = 1; shards <= 40; shards++) {
    const ranges = evenRanges(shards)
    expect(slotsIn(ranges)).toBe(SLOTS)
    expect(showRanges(normalRanges(ranges))).toBe('0-16383')
    expect(Math.max(...ranges.map((r) => slotsIn([r]))) - Math.min(...ranges.map((r) => slotsIn([r])))).toBeLessThanOrEqual(1)
  }
})

test('keys fall into the slots of the specification', () => {
  expect(crc16(Buffer.from('123456789'))).toBe(0x31c3)
  // Of the specification of Redis Cluster, and of CLUSTER KEYSLOT.
  expect(['foo', '{user1000}.following', '{user1000}.followers', 'foo{}{bar}', 'foo{{bar}}zap', 'foo{bar}{zap}', 'é', ''].map(slotOf)).toEqual([12182, 3443, 3443, 8363, 4015, 5061, slotOf('é'), 0])
  expect(slotOf('foo{bar}{zap}')).toBe(slotOf('bar'))
  expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'))
})

test('only surplus slots move', () => {
  for (const [from, to] of [[3, 4], [4, 3], [3, 6], [6, 3], [5, 5], [1, 7]] as const) {
    const present = evenRanges(from).map((range) => [range])
    const moves = fewestSlotMoves(present, to)
    const held = Array.from({ length: Math.max(from, to) }, (_, shard) => slotsIn(present[shard] ?? []))
    for (const move of moves) {
      held[move.from]! -= slotsIn(move.ranges)
      held[move.to]! += slotsIn(move.ranges)
    }
    const after = held.slice(0, to)
    expect(held.slice(to).every((n) => n === 0)).toBe(true)
    expect(Math.max(...after) - Math.min(...after)).toBeLessThanOrEqual(1)
    const moved = moves.reduce((sum, move) => sum + slotsIn(move.ranges), 0)
    const ideal = to > from ? SLOTS - from * Math.ceil(SLOTS / to) : to < from ? SLOTS - present.slice(0, to).reduce((sum, own) => sum + slotsIn(own), 0) : 0
    expect(Math.abs(moved - ideal), `${from} to ${to}`).toBeLessThanOrEqual(to)
  }
})

test('ranges are sorted and joined', () => {
  expect(showRanges(normalRanges([{ first: 7, last: 7 }, { first: 0, last: 3 }, { first: 4, last: 5 }]))).toBe('0-5 7')
})
