import { readFileSync } from 'node:fs'

/**
 * When a process was started, in clock ticks since boot; `undefined` where there is none, or only its zombie.
 * A process number together with this names one process for good: numbers alone are used again.
 */
export function startOf(pid: number): string | undefined {
  try {
    // The name in parentheses may itself hold blanks and parentheses: count from the last one. See proc(5).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Whether that very process still runs. */
export const isAlive = (pid: number | undefined, started: string | undefined): boolean => pid !== undefined && started !== undefined && startOf(pid) === started
