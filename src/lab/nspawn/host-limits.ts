import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How a host's process is started within its limits. */
export interface Limits {
  /** Words before the command. */
  readonly prefix: readonly string[]
  /** Why there is no limit, where there is none. */
  readonly missing: string | undefined
}

interface Wanted {
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
}

const ROOT = '/sys/fs/cgroup'
const PERIOD = 100_000
/** systemd(1): this directory is there exactly when systemd is the machine's init. */
const systemdRuns = (): boolean => existsSync('/run/systemd/system')

/** Limits by a transient unit where systemd runs the machine, by control groups of our own where it does not. */
export function makeLimits(name: string, wanted: Wanted): Limits {
  if (systemdRuns()) return { prefix: unitPrefix(name, wanted), missing: undefined }
  const groups = existsSync(join(ROOT, 'cgroup.controllers')) ? unifiedGroups(name, wanted) : splitGroups(name, wanted)
  const reasons = groups.map(tryMake)
  const missing = groups.length === 0 ? 'there are no control groups' : reasons.find((reason) => reason !== undefined)
  const enter = groups.filter((_, i) => reasons[i] === undefined).map(({ directory }) => `echo $$ >${directory}/cgroup.procs; `)
  return { prefix: ['sh', '-c', `${enter.join('')}exec "$@"`, 'sh'], missing }
}

/** Removes the control groups of a host that is off. */
export async function removeLimits(name: string): Promise<void> {
  for (const directory of [ROOT, ...hierarchies()]) {
    // The last of its processes may still be dying.
    for (let i = 0; i < 40 && !removeGroup(join(directory, name)); i++) await sleep(50)
  }
}

/** Scopes keep the process our own child, so that its number is known at once; --keep-unit lets nspawn live in it. */
function unitPrefix(name: string, { cpus, memory }: Wanted): string[] {
  const properties = ['Delegate=yes', `MemoryMax=${memory}`, `CPUQuota=${cpus * 100}%`, 'TasksMax=16384']
  return ['systemd-run', '--scope', '--quiet', '--collect', `--unit=${name}`, '--slice=machine.slice', ...properties.flatMap((property) => ['-p', property])]
}

interface Group {
  readonly directory: string
  readonly values: Readonly<Record<string, string>>
}

function unifiedGroups(name: string, { cpus, memory }: Wanted): Group[] {
  try {
    writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+cpu +memory +pids')
  } catch {
    // Then the files below are missing, and that is what is told.
  }
  return [{ directory: join(ROOT, name), values: { 'memory.max': String(memory), 'cpu.max': `${cpus * PERIOD} ${PERIOD}` } }]
}

/**
 * A group in each hierarchy, also where nothing is limited: without one, all hosts' systemds would share their service groups, take
 * them away from under each other ("Failed to attach to cgroup"), and wait for each other's processes when they stop a service.
 */
function splitGroups(name: string, { cpus, memory }: Wanted): Group[] {
  return hierarchies().map((hierarchy) => {
    const controllers = basename(hierarchy).split(',')
    const values = {
      ...(controllers.includes('memory') ? { 'memory.limit_in_bytes': String(memory) } : {}),
      ...(controllers.includes('cpu') ? { 'cpu.cfs_period_us': String(PERIOD), 'cpu.cfs_quota_us': String(cpus * PERIOD) } : {}),
      // A new group of this kind has no processors at all, and takes no process.
      ...(controllers.includes('cpuset') ? inherited(hierarchy, ['cpuset.cpus', 'cpuset.mems']) : {}),
    }
    return { directory: join(hierarchy, name), values }
  })
}

/** Of control groups version 1: a directory each. `cpu` may be a link to `cpu,cpuacct`. */
function hierarchies(): string[] {
  if (!existsSync(ROOT)) return []
  const directories = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(ROOT, entry.name))
  return existsSync(join(ROOT, 'cgroup.controllers')) ? [] : directories.filter((directory) => existsSync(join(directory, 'cgroup.procs')))
}

const inherited = (hierarchy: string, files: readonly string[]): Record<string, string> =>
  Object.fromEntries(files.map((file) => [file, readFileSync(join(hierarchy, file), 'utf8').trim()]))

/** Why a group could not be made or limited. */
function tryMake({ directory, values }: Group): string | undefined {
  try {
    mkdirSync(directory, { recursive: true })
    for (const [file, value] of Object.entries(values)) writeFileSync(join(directory, file), value)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** With the groups that the host made below it; whether it is gone. */
function removeGroup(directory: string): boolean {
  if (!existsSync(directory)) return true
  for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) removeGroup(join(directory, entry.name))
  try {
    rmdirSync(directory)
    return true
  } catch {
    return false
  }
}
