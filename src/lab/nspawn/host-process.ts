import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, startOf } from './process-identity.ts'

/** One running host: the number of its systemd-nspawn, and when that was started. */
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
  const [program, ...args] = [...prefix, ...nspawn] as [string, ...string[]]
  const console = openSync(options.consoleFile, 'a')
  const child = spawn(program, args, { detached: true, stdio: ['ignore', console, console], cwd: '/' })
  child.on('error', () => {}) // No process number then, which is told below.
  child.unref()
  closeSync(console)
  if (child.pid === undefined) throw new Error(`${program} could not be started`)
  return { pid: child.pid, started: startOf(child.pid) ?? '' }
}

/** Ends a host at once: its init is killed, and with it everything inside. */
export async function killHost(pid: number | undefined, started: string | undefined): Promise<void> {
  if (pid === undefined || !isAlive(pid, started)) return
  const inits = childrenOf(pid)
  for (const init of inits) killQuietly(init)
  // nspawn tidies up after its init; only one that does not is killed too.
  for (let i = 0; i < 100 && isAlive(pid, started); i++) {
    if (i === 60) killQuietly(pid)
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
