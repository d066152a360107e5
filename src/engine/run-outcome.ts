import type { Tally } from './event.ts'

export interface RunOutcome {
  /** As `ansible-playbook`: 0 all well, 2 hosts failed, 4 hosts unreachable, 99 interrupted. */
  readonly exitCode: number
  readonly tallies: ReadonlyMap<string, Tally>
}

/** By the hosts that were lost for good: a failure that was rescued, or cleared, is none. */
export function exitCodeOf(lost: ReadonlyMap<string, 'failed' | 'unreachable'>): number {
  const all = [...lost.values()]
  return all.includes('unreachable') ? 4 : all.includes('failed') ? 2 : 0
}
