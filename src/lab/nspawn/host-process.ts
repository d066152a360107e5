import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, startOf } from '../process-identity.ts'
import { programEnvironment } from '../run-program.ts'

/** One running host: the number of the process that keeps it, and when that was started. */
export interface HostProcess {
  readonly pid: number
  readonly started: string
}

export interface BootOptions {
  readonly prefix: readonly string[]
  readonly root: string
  /** The machine's name, short: its end of the network cable is called `vb-` and this. */
  readonly machine: string
  readonly hostName: string
  readonly bridge: string
  /** `path on this machine:path inside`. */
  readonly binds: readonly string[]
  /** Gets what the host prints while it starts. */
  readonly consoleFile: string
}

// With --keep-unit, systemd-nspawn does not start a host again that restarts itself: it ends with 133, for its unit to do that.
const UNTIL_OFF = 'while :; do "$@"; [ $? -eq 133 ] || exit; done'

/**
 * Starts a host, which outlives this process. Full capabilities and all system calls: Kubernetes runs in these hosts; they are a
 * place to try things, and protect this machine from nothing.
 */
export function bootHost(options: BootOptions): HostProcess {
  const { prefix, root, machine, hostName, bridge, binds } = options
  const nspawn = [
    'systemd-nspawn', '--quiet', '--boot', `--directory=${root}`, `--machine=${machine}`, `--hostname=${hostName}`, `--network-bridge=${bridge}`,
    '--register=no', '--keep-unit', '--console=pipe', '--resolv-conf=off', '--timezone=off', '--link-journal=no', '--capability=all',
    '--system-call-filter=@known', ...binds.map((bind) => `--bind=${bind}`),
  ]
  const [program, ...args] = [...prefix, 'sh', '-c', UNTIL_OFF, 'sh', ...nspawn] as [string, ...string[]]
  const console = openSync(options.consoleFile, 'a')
  const child = spawn(program, args, { detached: true, stdio: ['ignore', console, console], cwd: '/', env: programEnvironment() })
  child.on('error', () => {}) // No process number then, which is told below.
  child.unref()
  closeSync(console)
  if (child.pid === undefined) throw new Error(`${program} could not be started`)
  return { pid: child.pid, started: startOf(child.pid) ?? '' }
}

/** Ends a host at once: its init is killed, and with it everything inside. */
export async function killHost(pid: number | undefined, started: string | undefined): Promise<void> {
  if (pid === undefined || !isAlive(pid, started)) return
  const nspawns = childrenOf(pid)
  const inits = nspawns.flatMap(childrenOf)
  const family = [pid, ...inits, ...nspawns].map((number) => ({ number, started: startOf(number) }))
  // The keeper first, or it would start the host again.
  for (const number of [pid, ...inits]) killQuietly(number)
  await ended(family)
}

/** One process of a host. */
interface Member {
  readonly number: number
  readonly started: string | undefined
}

/** systemd-nspawn tidies up after its init and ends by itself; only one that does not is killed too. */
async function ended(family: readonly Member[]): Promise<void> {
  for (let i = 0; i < 120; i++) {
    const left = family.filter(({ number, started }) => isAlive(number, started))
    if (left.length === 0) return
    if (i === 60) for (const { number } of left) killQuietly(number)
    await sleep(50)
  }
}

/** The console's last lines: why a host did not start. */
export const lastWords = (consoleFile: string): string => readFileSync(consoleFile, 'utf8').trim().split('\n').slice(-6).join('\n')

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return [] // It ended by itself.
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already, which was wanted.
  }
}
