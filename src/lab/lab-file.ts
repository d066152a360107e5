import { resolve } from 'node:path'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, Problems } from '../problem/problem.ts'
import { type Dict, type Value, isDict } from '../value/value.ts'
import { parseSize } from './lab-size.ts'
import { DRIVER_NAMES, type DriverName, type LabGroupSpec, type LabHostSpec, type LabSpec } from './lab-spec.ts'

const FILE_KEYS = ['lab', 'driver', 'defaults', 'vars', 'groups', 'hosts']
const HOST_KEYS = ['image', 'cpus', 'memory', 'disk', 'zone', 'groups', 'volumes', 'vars']
const EMPTY: Dict = new Map()
// One lab name, host name or group name: what host names, file names and Ansible's group names all allow.
const LAB_NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/
const HOST_NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i
const GROUP_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Whether parsed YAML is a lab file: a mapping with the text `lab: NAME`. In an inventory of Ansible the value under a group's
 * name is never text, so that the two cannot be taken for each other.
 */
export const isLabFile = (content: Value): content is Dict => isDict(content) && typeof content.get('lab') === 'string'

/** A lab file from its parsed YAML. Throws `Problems` with everything that is wrong with it. */
export function parseLabFile(content: Value, file: string): LabSpec {
  const reading = new Reading(file)
  const top = reading.dict(content, 'the file')
  reading.knownKeys(top, FILE_KEYS, 'the file')
  const name = reading.text(top.get('lab'), 'lab') ?? ''
  if (!LAB_NAME.test(name)) reading.problem(`lab: '${name}' is no name for a lab`, 'use up to 40 small letters, digits and dashes')
  const defaults = reading.dict(top.get('defaults') ?? EMPTY, 'defaults')
  const driver = readDriver(reading, top.get('driver') ?? null)
  const hosts = [...reading.dict(top.get('hosts') ?? EMPTY, 'hosts')].map(([key, value], index) =>
    readHost(reading, { name: String(key), index, own: value, defaults, driver }),
  )
  if (hosts.length === 0) reading.problem('hosts: there are none', 'name at least one host')
  if (hosts.length > 240) reading.problem(`hosts: ${hosts.length} are too many`, 'a lab holds up to 240 hosts')
  const groups = readGroups(reading, reading.dict(top.get('groups') ?? EMPTY, 'groups'), hosts)
  reading.done()
  return { name, file: resolve(file), driver, hosts, groups, vars: reading.dict(top.get('vars') ?? EMPTY, 'vars') }
}

function readDriver(reading: Reading, value: Value): DriverName | undefined {
  if (value === null) return undefined
  const driver = DRIVER_NAMES.find((name) => name === value)
  if (!driver) reading.problem(`driver: '${String(value)}' is not one of ${DRIVER_NAMES.join(', ')}`, didYouMean(String(value), DRIVER_NAMES))
  return driver
}

interface HostEntry {
  readonly name: string
  readonly index: number
  readonly own: Value
  readonly defaults: Dict
  readonly driver: DriverName | undefined
}

function readHost(reading: Reading, { name, index, own, defaults }: HostEntry): LabHostSpec {
  const where = `hosts.${name}`
  if (!HOST_NAME.test(name)) reading.problem(`${where}: '${name}' is no host name`, 'use letters, digits, dashes, dots and underscores')
  const entry = reading.dict(own ?? EMPTY, where)
  reading.knownKeys(entry, HOST_KEYS, where)
  reading.knownKeys(defaults, HOST_KEYS, 'defaults')
  const get = (key: string): Value => entry.get(key) ?? defaults.get(key) ?? null
  return {
    name,
    index,
    image: reading.text(get('image'), `${where}.image`),
    cpus: reading.cpus(get('cpus') ?? 1, `${where}.cpus`),
    memory: reading.size(get('memory') ?? '1G', `${where}.memory`, 2 ** 29),
    disk: reading.size(get('disk') ?? '5G', `${where}.disk`, 2 ** 30),
    zone: reading.text(get('zone'), `${where}.zone`),
    groups: reading.texts(get('groups'), `${where}.groups`),
    volumes: reading.texts(get('volumes'), `${where}.volumes`),
    vars: new Map([...reading.dict(defaults.get('vars') ?? EMPTY, 'defaults.vars'), ...reading.dict(entry.get('vars') ?? EMPTY, `${where}.vars`)]),
  }
}

/** The groups that are described and those that hosts only name. */
function readGroups(reading: Reading, described: Dict, hosts: readonly LabHostSpec[]): Map<string, LabGroupSpec> {
  const groups = new Map<string, LabGroupSpec>()
  for (const [key, value] of described) {
    const entry = reading.dict(value ?? EMPTY, `groups.${String(key)}`)
    reading.knownKeys(entry, ['children', 'vars'], `groups.${String(key)}`)
    groups.set(String(key), {
      children: reading.texts(entry.get('children') ?? null, `groups.${String(key)}.children`),
      vars: reading.dict(entry.get('vars') ?? EMPTY, `groups.${String(key)}.vars`),
    })
  }
  for (const name of [...hosts.flatMap((host) => host.groups), ...[...groups.values()].flatMap((group) => group.children)]) {
    if (!groups.has(name)) groups.set(name, { children: [], vars: EMPTY })
  }
  for (const name of groups.keys()) if (!GROUP_NAME.test(name)) reading.problem(`groups: '${name}' is no group name`, 'use letters, digits and underscores')
  return groups
}

/** Reads values and remembers what is wrong, so that all of it is told at once. */
class Reading {
  readonly #file: string
  readonly #problems: Problem[] = []
  constructor(file: string) {
    this.#file = file
  }
  problem(detail: string, hint?: string): void {
    const problem = new Problem({ code: 'bad-lab-file', summary: 'the lab file is not right', detail: `${this.#file}: ${detail}`, ...(hint ? { hint } : {}) })
    if (!this.#problems.some((known) => known.message === problem.message)) this.#problems.push(problem)
  }
  done(): void {
    if (this.#problems.length > 0) throw new Problems(this.#problems)
  }
  knownKeys(dict: Dict, known: readonly string[], where: string): void {
    for (const key of dict.keys()) {
      if (!known.includes(String(key))) this.problem(`${where}: unknown key '${String(key)}'`, didYouMean(String(key), known) ?? `known: ${known.join(', ')}`)
    }
  }
  dict(value: Value | undefined, where: string): Dict {
    if (isDict(value)) return value
    this.problem(`${where}: a mapping is wanted`)
    return EMPTY
  }
  /** Text, or a number written without quotes (a zone named 1, an image 24.04). */
  text(value: Value | undefined, where: string): string | undefined {
    if (value === null || value === undefined) return undefined
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    this.problem(`${where}: text is wanted`, 'the lab file is read before there are variables: it takes no templates here')
    return undefined
  }
  texts(value: Value, where: string): string[] {
    if (value === null) return []
    const list: readonly Value[] = Array.isArray(value) ? value : [value as Value]
    return list.map((item) => this.text(item, where) ?? '')
  }
  cpus(value: Value, where: string): number {
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
    this.problem(`${where}: a whole number of processors is wanted`)
    return 1
  }
  size(value: Value, where: string, least: number): number {
    const bytes = typeof value === 'string' || typeof value === 'number' ? parseSize(value) : undefined
    if (bytes === undefined) this.problem(`${where}: a size is wanted`, 'for example 512M or 2G')
    else if (bytes < least) this.problem(`${where}: ${String(value)} is too little`, `the least is ${least / 2 ** 20}M`)
    return bytes ?? least
  }
}
