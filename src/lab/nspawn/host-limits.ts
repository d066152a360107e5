import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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
  const made = groups.filter((group) => tryMake(group) === undefined)
  const missing = groups.length === 0 ? 'there are no control groups' : groups.map(tryMake).find((reason) => reason !== undefined)
  if (made.length === 0) return { prefix: [], missing }
  const join_ = made.map(({ directory }) => `echo $$ >${directory}/cgroup.procs`).join('; ')
  return { prefix: ['sh', '-c', `${join_}; exec "$@"`, 'sh'], missing }
}

/** Removes the control groups of a host that is off. */
export function removeLimits(name: string): void {
  for (const directory of [ROOT, join(ROOT, 'memory'), join(ROOT, 'cpu')]) removeGroup(join(directory, name))
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

function splitGroups(name: string, { cpus, memory }: Wanted): Group[] {
  const groups = [
    { directory: join(ROOT, 'memory', name), values: { 'memory.limit_in_bytes': String(memory) } },
    { directory: join(ROOT, 'cpu', name), values: { 'cpu.cfs_period_us': String(PERIOD), 'cpu.cfs_quota_us': String(cpus * PERIOD) } },
  ]
  return groups.filter(({ directory }) => existsSync(join(directory, '..')))
}

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

function removeGroup(directory: string): void {
  if (!existsSync(directory)) return
  for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) removeGroup(join(directory, entry.name))
  try {
    rmdirSync(directory)
  } catch (error) {
    // A process of the host may still be dying: the group is empty then, and taken the next time.
    if (readFileSync(join(directory, 'cgroup.procs'), 'utf8').trim() === '') return
    throw error
  }
}
