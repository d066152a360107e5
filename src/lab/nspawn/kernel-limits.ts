import { readFileSync, writeFileSync } from 'node:fs'

/**
 * What the hosts share because they share the kernel and its root user. Each systemd takes about eight inotify objects: with the usual
 * 128 the fifteenth host starts without its sockets and timers, and never finishes ("Failed to create inotify object").
 */
const LEAST: Readonly<Record<string, number>> = { 'fs/inotify/max_user_instances': 8192, 'fs/inotify/max_user_watches': 524_288 }

/** Raises the limits that are lower; the machine's own settings come back when it is restarted. */
export function raiseKernelLimits(say: (text: string) => void): void {
  for (const [name, least] of Object.entries(LEAST)) {
    const file = `/proc/sys/${name}`
    const now = Number(readFileSync(file, 'utf8'))
    if (now >= least) continue
    const setting = name.replaceAll('/', '.')
    try {
      writeFileSync(file, String(least))
      say(`raised ${setting} from ${now} to ${least} until this machine is restarted`)
    } catch (error) {
      say(`${setting} is ${now}, and could not be raised (${(error as Error).message}): with many hosts some may not start`)
    }
  }
}
