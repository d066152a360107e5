/** Redis Cluster divides its keys into so many slots. */
export const SLOTS = 16_384

/** Slots from `first` to `last`, both included. */
export interface SlotRange {
  readonly first: number
  readonly last: number
}

/** The even division among shards, in order: the first ones get one more where it does not come out even. */
export function evenRanges(shards: number): readonly SlotRange[] {
  const start = (shard: number) => Math.round((shard * SLOTS) / shards)
  return Array.from({ length: shards }, (_, shard) => ({ first: start(shard), last: start(shard + 1) - 1 }))
}

export const slotsIn = (ranges: readonly SlotRange[]): number => ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
export const showRanges = (ranges: readonly SlotRange[]): string => ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(' ')

/** Sorted, and joined where they touch: equal sets of slots become equal texts. */
export function normalRanges(ranges: readonly SlotRange[]): readonly SlotRange[] {
  const joined: { first: number; last: number }[] = []
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const previous = joined.at(-1)
    if (previous && range.first <= previous.last + 1) previous.last = Math.max(previous.last, range.last)
    else joined.push({ ...range })
  }
  return joined
}

/** Slots that leave one shard for another. Shards count from 0. */
export interface SlotMove {
  readonly from: number
  readonly to: number
  readonly ranges: readonly SlotRange[]
}

/**
 * The fewest slot moves to even shards: each shard's target is the floor or ceiling of its fair part, the ceilings going to the
 * shards that hold most, so that only surplus moves. `present[i]` are the slots of shard i; a shard beyond `shards` gives all away,
 * one beyond `present` starts empty.
 */
export function fewestSlotMoves(present: readonly (readonly SlotRange[])[], shards: number): readonly SlotMove[] {
  const own = Array.from({ length: Math.max(shards, present.length) }, (_, shard) => normalRanges(present[shard] ?? []))
  const byLoad = own.map((_, shard) => shard).slice(0, shards).sort((a, b) => slotsIn(own[b]!) - slotsIn(own[a]!) || a - b)
  const target = own.map((_, shard) => (shard < shards ? Math.floor(SLOTS / shards) + (byLoad.indexOf(shard) < SLOTS % shards ? 1 : 0) : 0))
  const moves: { from: number; to: number; ranges: readonly SlotRange[] }[] = []
  const short = own.map((ranges, shard) => target[shard]! - slotsIn(ranges))
  for (const [from, ranges] of own.entries()) {
    let rest = ranges
    for (const to of short.keys()) {
      const amount = Math.min(-short[from]!, short[to]!)
      if (amount <= 0) continue
      const [taken, left] = takeLast(rest, amount)
      moves.push({ from, to, ranges: taken })
      rest = left
      short[from]! += amount
      short[to]! -= amount
    }
  }
  return moves
}

function takeLast(ranges: readonly SlotRange[], amount: number): [taken: readonly SlotRange[], left: readonly SlotRange[]] {
  const last = ranges.at(-1)!
  const size = slotsIn([last])
  if (size > amount) return [[{ first: last.last - amount + 1, last: last.last }], [...ranges.slice(0, -1), { first: last.first, last: last.last - amount }]]
  if (size === amount) return [[last], ranges.slice(0, -1)]
  const [taken, left] = takeLast(ranges.slice(0, -1), amount - size)
  return [[...taken, last], left]
}

/** CRC16 of XMODEM: polynomial 0x1021, from 0. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc
}

/** The slot of a key: of its first `{tag}` where that is not empty. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  return crc16(Buffer.from(close > open + 1 ? key.slice(open + 1, close) : key)) % SLOTS
}
