import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LabRecord, loadLabState } from '../../src/lab/lab-record.ts'
import type { LabSpec } from '../../src/lab/lab-spec.ts'
import type { LabDriver } from '../../src/lab/driver.ts'
import { nspawnDriver } from '../../src/lab/nspawn/nspawn-driver.ts'
import { isAlive } from '../../src/lab/process-identity.ts'
import { withLockSync } from '../../src/lab/process-lock.ts'

/** One instance of the stand-in. */
export interface StandInInstance {
  readonly index: number
  readonly image: string
  readonly cpus: number
  readonly memory: number
  readonly disk: number
  readonly zone: string
  readonly userData: string
  readonly deleted: boolean
  /** The process that starts it now, and when that was started. */
  readonly starting?: { readonly pid: number; readonly started: string }
}
export type Instances = Readonly<Record<string, StandInInstance>>

const home = process.env['TUTTI_STAND_IN_HOME'] ?? ''
if (!home) throw new Error('TUTTI_STAND_IN_HOME is not set')
const file = join(home, 'instances.json')
export const record = new LabRecord(join(home, 'machines'))

export const readInstances = (): Instances => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Instances) : {})

/** Several stand-ins run at once, as the driver starts hosts side by side. */
export function changeInstances(change: (instances: Instances) => Instances): Instances {
  mkdirSync(home, { recursive: true })
  return withLockSync(`${file}.lock`, () => {
    const next = change(readInstances())
    writeFileSync(file, JSON.stringify(next, null, 2))
    return next
  })
}

export const changeInstance = (name: string, change: Partial<StandInInstance>): Instances =>
  changeInstances((all) => ({ ...all, [name]: { ...all[name]!, ...change } }))

/** The hosts behind the instances: a lab of nspawn of its own, that the driver under test knows nothing of. */
export function machines(): LabDriver {
  if (!loadLabState(record.directory)) record.create({ version: 1, name: 'stand-in', file: '', driver: 'nspawn', hosts: {} })
  const none = new Map()
  const hosts = Object.entries(readInstances()).map(([name, { index, cpus, memory, disk }]) => ({
    name, index, image: undefined, cpus, memory, disk, zone: undefined, groups: [], volumes: [], vars: none,
  }))
  const spec: LabSpec = { name: 'stand-in', file: '', driver: 'nspawn', hosts, groups: none, vars: none }
  return nspawnDriver({ spec, record, say: () => {} })
}

/** What `list` and `info` say. */
export function stateOf(name: string): { readonly state: string; readonly ipv4: readonly string[] } {
  const instance = readInstances()[name]!
  if (instance.deleted) return { state: 'Deleted', ipv4: [] }
  if (instance.starting && isAlive(instance.starting.pid, instance.starting.started)) return { state: 'Starting', ipv4: [] }
  const host = loadLabState(record.directory)?.hosts[name]
  return host && isAlive(host.pid, host.started) ? { state: 'Running', ipv4: [host.address!] } : { state: 'Stopped', ipv4: [] }
}
