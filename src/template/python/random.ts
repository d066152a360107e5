import { createHash } from 'node:crypto'
import type { Value } from '../../value/value.ts'
import { fail } from '../template-error.ts'
import { isInt, typeName } from './kind.ts'

const SIZE = 624
const SHIFT = 397

/**
 * Python's `random.Random` (the Mersenne Twister MT19937): `random(seed=inventory_hostname)` must give the minutes that hosts
 * already have in their crontabs.
 */
export interface PythonRandom {
  /** A whole number from 0 up to, not including, the limit. */
  below(limit: number): number
}

export function seededRandom(seed: Value): PythonRandom {
  const state = initByArray(wordsOf(seedNumber(seed)))
  let index = SIZE
  const next = (): number => {
    if (index >= SIZE) {
      twist(state)
      index = 0
    }
    return temper(state[index++]!)
  }
  return { below: (limit) => below(limit, next) }
}

function seedNumber(seed: Value): bigint {
  if (typeof seed === 'boolean') return seed ? 1n : 0n
  if (isInt(seed)) return BigInt(seed) < 0n ? -BigInt(seed) : BigInt(seed)
  if (typeof seed !== 'string') return fail(`a seed is text or a whole number, not a ${typeName(seed)}`)
  const bytes = Buffer.from(seed)
  return BigInt(`0x${Buffer.concat([bytes, createHash('sha512').update(bytes).digest()]).toString('hex')}`)
}
function wordsOf(seed: bigint): number[] {
  const words: number[] = []
  for (let rest = seed; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn))
  return words.length ? words : [0]
}

function initBy(seed: number): Uint32Array {
  const state = new Uint32Array(SIZE)
  state[0] = seed
  for (let i = 1; i < SIZE; i++) state[i] = Math.imul(1812433253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i
  return state
}
function initByArray(key: readonly number[]): Uint32Array {
  const state = initBy(19650218)
  let [i, j] = [1, 0]
  const step = (): void => {
    if (++i < SIZE) return
    state[0] = state[SIZE - 1]!
    i = 1
  }
  for (let k = Math.max(SIZE, key.length); k > 0; k--) {
    state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1664525)) + key[j]! + j
    step()
    j = (j + 1) % key.length
  }
  for (let k = SIZE - 1; k > 0; k--) {
    state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1566083941)) - i
    step()
  }
  state[0] = 0x80000000
  return state
}
function twist(state: Uint32Array): void {
  for (let i = 0; i < SIZE; i++) {
    const mixed = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff)
    state[i] = state[(i + SHIFT) % SIZE]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0)
  }
}
function temper(word: number): number {
  let y = word
  y ^= y >>> 11
  y ^= (y << 7) & 0x9d2c5680
  y ^= (y << 15) & 0xefc60000
  return (y ^ (y >>> 18)) >>> 0
}
function below(limit: number, next: () => number): number {
  if (limit <= 0) return fail('there is nothing to choose from')
  const bits = limit.toString(2).length
  for (;;) {
    const drawn = bits <= 32 ? next() >>> (32 - bits) : next() + (next() >>> (64 - bits)) * 2 ** 32
    if (drawn < limit) return drawn
  }
}
