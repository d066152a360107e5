import type { Tally } from './event.ts'

export interface RunOutcome {
  /** As `ansible-playbook`: 0 all well, 2 hosts failed, 4 hosts unreachable, 99 interrupted. */
  readonly exitCode: number
  readonly tallies: ReadonlyMap<string, Tally>
}

export function exitCodeOf(tallies: ReadonlyMap<string, Tally>): number {
  const all = [...tallies.values()]
  if (all.some(({ unreachable }) => unreachable > 0)) return 4
  return all.some(({ failed }) => failed > 0) ? 2 : 0
}
