import { existsSync } from 'node:fs'
import { totalmem } from 'node:os'
import { Problem, Problems, problemsOf } from '../problem/problem.ts'
import { chooseDriver, makeDriver } from './choose-driver.ts'
import type { HostStatus, LabContext, LabDriver } from './driver.ts'
import { findLabDirectory, labDirectory } from './lab-home.ts'
import { ensureLabKey } from './lab-keys.ts'
import { type HostRecord, LabRecord, knownHostsFile, privateKeyFile } from './lab-record.ts'
import { showSize } from './lab-size.ts'
import type { LabHostSpec, LabSpec } from './lab-spec.ts'
import { withLock } from './process-lock.ts'

export type Say = (text: string) => void

/** A lab that is up, or was. */
export interface Lab {
  readonly spec: LabSpec
  readonly driver: LabDriver
  readonly directory: string
  readonly privateKeyFile: string
  readonly knownHostsFile: string
  host(name: string): HostRecord
}

/** One line of `lab list`: what the file asks for, what is recorded, and what is. */
export interface LabHostLine {
  readonly name: string
  readonly zone: string
  readonly groups: readonly string[]
  readonly address: string
  /** `not made` for a host of the file that has never been up; `not in the file` for the opposite. */
  readonly state: HostStatus['state'] | 'not made'
  readonly remark: string
}

/** Brings a lab up as its file says: makes what is missing, starts what is off, leaves alone what runs. */
export async function labUp(spec: LabSpec, say: Say): Promise<Lab> {
  const directory = findLabDirectory(spec.name) ?? labDirectory(spec.name)
  return withLock(`${directory}.lock`, () => bringUp(new LabRecord(directory), spec, say))
}

async function bringUp(record: LabRecord, spec: LabSpec, say: Say): Promise<Lab> {
  await openRecord(record, spec)
  const lab = openWith(record, spec, say)
  try {
    await bringHostsUp(lab, record, say)
  } catch (error) {
    // Refused before anything was made: then there is no lab, and nothing that would have to be taken down.
    if (Object.keys(record.state.hosts).length === 0) {
      await lab.driver.release()
      record.remove()
    }
    throw error
  }
  return lab
}

async function bringHostsUp({ spec, driver }: Lab, record: LabRecord, say: Say): Promise<void> {
  const memory = spec.hosts.reduce((sum, host) => sum + host.memory, 0)
  if (memory > totalmem()) say(`the hosts may use ${showSize(memory)} of memory, more than this machine has: a lab that swaps may not come up in time`)
  await ensureLabKey(record.directory, spec.name)
  await driver.prepare()
  const before = await driver.list()
  const missing = spec.hosts.filter((host) => before.get(host.name)?.state !== 'running')
  const problems = await eachHost(spec.hosts, driver.atOnce, async (host) => {
    const began = Date.now()
    const { address } = await driver.up(host)
    if (missing.includes(host)) say(`${host.name}: up at ${address} after ${((Date.now() - began) / 1000).toFixed(1)} s`)
  })
  if (problems.length > 0) throw new Problems(problems)
}

/** A lab that was made before; a problem when it was not. */
export function openLab(spec: LabSpec, say: Say = () => {}): Lab {
  const directory = findLabDirectory(spec.name)
  if (!directory) throw notRunning(spec.name, spec.file)
  return openWith(new LabRecord(directory), spec, say)
}

/** Removes all hosts of the record (those that left the file too), what they shared, and the record. */
export const labDown = (lab: Lab): Promise<void> => withLock(`${lab.directory}.lock`, () => takeDown(lab))

async function takeDown(lab: Lab): Promise<void> {
  const names = Object.keys(new LabRecord(lab.directory).state.hosts)
  const problems: Problem[] = []
  for (const name of names) await lab.driver.remove(name).catch((error) => problems.push(...mine(error)))
  if (problems.length > 0) throw new Problems(problems) // The record stays: it is what tells the next `down` what is left.
  await lab.driver.release()
  new LabRecord(lab.directory).remove()
}

/** The hosts of the file and of the record, as they are. Works for a lab that was never up, too. */
export async function labLines(spec: LabSpec): Promise<readonly LabHostLine[]> {
  const lab = findLabDirectory(spec.name) ? openLab(spec) : undefined
  const statuses = (await lab?.driver.list()) ?? new Map<string, HostStatus>()
  const lines = spec.hosts.map((host): LabHostLine => {
    const status = statuses.get(host.name)
    return { name: host.name, zone: host.zone ?? '', groups: host.groups, address: status?.address ?? '', state: status?.state ?? 'not made', remark: status?.remark ?? '' }
  })
  for (const [name, { state, address }] of statuses) {
    if (!spec.hosts.some((host) => host.name === name)) lines.push({ name, zone: '', groups: [], address: address ?? '', state, remark: 'not in the file' })
  }
  return lines
}

export const notRunning = (name: string, file: string): Problem =>
  new Problem({ code: 'lab-not-running', summary: 'the lab is not running', detail: name, hint: `tutti lab up -f ${file}` })

/** Writes the record of a new lab; refuses one of that name that belongs to another file. */
async function openRecord(record: LabRecord, spec: LabSpec): Promise<void> {
  if (!existsSync(`${record.directory}/lab.json`)) {
    return record.create({ version: 1, name: spec.name, file: spec.file, driver: spec.driver ?? (await chooseDriver()), hosts: {} })
  }
  const { file, driver } = record.state
  const other = file !== spec.file && existsSync(file) ? `it was made from ${file}` : undefined
  const moved = spec.driver && spec.driver !== driver ? `it was made with the driver ${driver}` : undefined
  const detail = other ?? moved
  if (detail) throw new Problem({ code: 'lab-exists', summary: 'there is another lab of this name', detail: `${spec.name}: ${detail}`, hint: `tutti lab down -f ${file}, or give this one another name` })
}

function openWith(record: LabRecord, spec: LabSpec, say: Say): Lab {
  const context: LabContext = { spec, record, say }
  const host = (name: string): HostRecord => {
    const found = record.host(name)
    if (!found) throw new Problem({ code: 'unknown-lab-host', summary: 'the lab has no such host', detail: name, hint: `known: ${Object.keys(record.state.hosts).join(', ')}` })
    return found
  }
  const { directory } = record
  return { spec, driver: makeDriver(record.state.driver, context), directory, privateKeyFile: privateKeyFile(directory), knownHostsFile: knownHostsFile(directory), host }
}

/** The first host alone, the others a few at a time. All are tried; the problems of those that failed come back. */
async function eachHost(hosts: readonly LabHostSpec[], atOnce: number, work: (host: LabHostSpec) => Promise<void>): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  const attempt = (host: LabHostSpec): Promise<unknown> => work(host).catch((error) => problems.push(...mine(error)))
  const [first, ...queue] = hosts
  if (first) await attempt(first)
  const worker = async (): Promise<void> => {
    for (let host = queue.shift(); host; host = queue.shift()) await attempt(host)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return problems
}

/** The problems in an error; a defect of ours is thrown on, with its stack. */
function mine(error: unknown): readonly Problem[] {
  const problems = problemsOf(error)
  if (!problems) throw error
  return problems
}
