import { Aside } from '../value/aside.ts'
import { Unknown } from '../value/value.ts'

export type Comparison = { readonly verdict: 'same' } | { readonly verdict: 'change' } | { readonly verdict: 'unknown'; readonly reason: string }

/**
 * Compares what is with what should be, part by part: surely different anywhere is a change; else one unknown part makes the
 * whole unknown, with its reason; else they are the same.
 */
export function compareStates(before: unknown, after: unknown): Comparison {
  if (before instanceof Aside || after instanceof Aside) return { verdict: 'same' }
  // The wanted part is the very object that was read, unknown included: nothing is asked of it.
  if (before === after) return { verdict: 'same' }
  if (after instanceof Unknown) return after.fresh ? { verdict: 'change' } : { verdict: 'unknown', reason: after.reason }
  if (before instanceof Unknown) return { verdict: 'unknown', reason: before.reason }
  if (before instanceof Uint8Array && after instanceof Uint8Array) return Buffer.compare(before, after) === 0 ? { verdict: 'same' } : { verdict: 'change' }
  if (before instanceof Date && after instanceof Date) return before.getTime() === after.getTime() ? { verdict: 'same' } : { verdict: 'change' }
  if (Array.isArray(before) && Array.isArray(after)) return before.length === after.length ? compareParts(before.map((part, i) => [part, after[i]])) : { verdict: 'change' }
  if (before instanceof Map && after instanceof Map) return compareParts([...new Set([...before.keys(), ...after.keys()])].map((key) => [before.get(key), after.get(key)]))
  if (isRecord(before) && isRecord(after)) return compareParts([...new Set([...Object.keys(before), ...Object.keys(after)])].map((key) => [before[key], after[key]]))
  return { verdict: 'change' }
}

function compareParts(parts: readonly (readonly [unknown, unknown])[]): Comparison {
  let open: Comparison = { verdict: 'same' }
  for (const [before, after] of parts) {
    const part = compareStates(before, after)
    if (part.verdict === 'change') return part
    if (part.verdict === 'unknown') open = part
  }
  return open
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
