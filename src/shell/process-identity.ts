import { readFileSync, readlinkSync } from 'node:fs'

/** This process among all that ever were on this machine since it started: `boot/pid-namespace/pid/start`. '' where there is no /proc. */
export function processIdentity(pid = process.pid): string {
  const started = startOf(pid)
  return started === undefined ? '' : `${machine()}/${pid}/${started}`
}

/** Whether an identity is of this machine and its process is no more. What cannot be told (another machine) is not dead. */
export function isDeadProcess(identity: string): boolean {
  const own = processIdentity()
  const [boot, namespace, pid] = identity.split('/')
  if (own === '' || pid === undefined || `${boot}/${namespace}` !== own.split('/').slice(0, 2).join('/')) return false
  return processIdentity(Number(pid)) !== identity
}

const machine = (): string => `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0]}`

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
