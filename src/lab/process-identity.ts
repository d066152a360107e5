import { startOf } from '../shell/process-identity.ts'

export { startOf }

/** Whether that very process still runs. */
export const isAlive = (pid: number | undefined, started: string | undefined): boolean => pid !== undefined && started !== undefined && startOf(pid) === started
