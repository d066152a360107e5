import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../problem/problem.ts'
import { observeRunning, type Running } from './observe.ts'
import type { Reach } from './reach.ts'
import type { Instance } from './topology.ts'

/** What doing operations needs. Times are milliseconds. */
export interface Doing {
  readonly reach: Reach
  /** Everybody an operation may name. */
  readonly instances: readonly Instance[]
  readonly progress: (text: string) => void
  readonly signal: AbortSignal
  /** How long replicas may take to copy their data. */
  readonly syncDeadline: number
  /** Called before an operation is done, and after. */
  readonly onOperation?: (number: number, when: 'before' | 'after') => void
}

const PAUSE = 200

/** How an instance is now; it has to answer. */
export const look = ({ reach, instances }: Doing, name: string): Promise<Running> => observeRunning(reach, find(instances, name))

export function find(instances: readonly Instance[], name: string): Instance {
  const found = instances.find((instance) => instance.name === name)
  if (!found) throw new Error(`operation names ${name}, which is no instance`)
  return found
}

/** Asks again and again until the answer is no reason to wait any more; a reason that lasts until the deadline is a problem. */
export async function until(deadline: number, { signal, progress }: Doing, reason: () => Promise<string | undefined>): Promise<void> {
  const end = Date.now() + deadline
  let said: string | undefined
  for (;;) {
    signal.throwIfAborted()
    const now = await reason().catch(silence)
    if (now === undefined) return
    if (Date.now() > end) throw new Problem({ code: 'redis-waited-too-long', summary: 'The cluster did not get there in time', detail: `${now}, after ${Math.round(deadline / 1000)} s` })
    if (now !== said) progress((said = now))
    await sleep(PAUSE, undefined, { signal })
  }
}

/** A node that is busy, loading its data or failing over may miss a deadline of ours: that is one more reason to wait. */
function silence(thrown: unknown): string {
  if (thrown instanceof Problem && (thrown.code === 'redis-silent' || /LOADING|CLUSTERDOWN|Unknown node/.test(thrown.message))) return thrown.message
  throw thrown
}

export const changed = (what: string): Problem => new Problem({ code: 'redis-changed-meanwhile', summary: 'The cluster changed while it was worked on', detail: what, hint: 'run again: the next plan starts from what is there then' })
