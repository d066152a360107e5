/** Numbers that look random and are the same for the same seed (mulberry32). */
export interface Random {
  pick<T>(items: readonly T[]): T
  chance(): boolean
  /** A whole number from 0, smaller than the limit. */
  below(limit: number): number
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { pick: (items) => items[Math.floor(next() * items.length)]!, chance: () => next() < 0.5, below: (limit) => Math.floor(next() * limit) }
}
