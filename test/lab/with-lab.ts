import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseLabFile } from '../../src/lab/lab-file.ts'
import { labDirectory } from '../../src/lab/lab-home.ts'
import { type LabInventory, labInventory } from '../../src/lab/lab-inventory.ts'
import { loadLabState } from '../../src/lab/lab-record.ts'
import type { DriverName } from '../../src/lab/lab-spec.ts'
import { type Lab, labDown, labUp, openLab } from '../../src/lab/lab.ts'
import { runOnHost } from '../../src/lab/reach-host.ts'
import type { ProgramResult } from '../../src/lab/run-program.ts'
import { startOf } from '../../src/lab/process-identity.ts'
import { type Json, fromJson } from '../../src/value/json.ts'

/** One host of a test's lab. */
export interface TestHost {
  readonly name: string
  readonly address: string
  readonly user: string
  readonly zone: string | undefined
  readonly privateKeyFile: string
  readonly knownHostsFile: string
  /** Runs a command there over the system's ssh, which has nothing to do with what is tested. */
  run(command: string): Promise<ProgramResult>
  powerOff(): Promise<void>
  start(): Promise<void>
  cut(): Promise<void>
  heal(): Promise<void>
  /** A fresh disk. */
  renew(): Promise<void>
  /** The directory with everything written on its disk. */
  upperLayer(): string
}

export interface TestLab {
  readonly lab: Lab
  /** The lab file, for `-i` and `-f`. */
  readonly file: string
  readonly hosts: readonly TestHost[]
  readonly inventory: LabInventory
  host(name: string): TestHost
  down(): Promise<void>
}

/** What the hosts are: so many (`n1`, `n2` …, zones a, b, c in turn), or each by name with what a lab file says of it. */
export type TestHosts = number | Readonly<Record<string, { readonly [key: string]: Json }>>

/**
 * A lab for one test file: `const lab = await withLab('redis', 3)` in `beforeAll`, `await lab.down()` in `afterAll`. Its name holds the
 * number of this process, so that test runs side by side do not meet; labs of runs that died are removed first.
 */
export async function withLab(name: string, hosts: TestHosts, options: { driver?: DriverName; rest?: { readonly [key: string]: Json } } = {}): Promise<TestLab> {
  await sweep()
  const directory = mkdtempSync(join(tmpdir(), 'tutti-lab-'))
  const file = join(directory, 'lab.yml')
  const content = { lab: `test-${name}-${process.pid}`, driver: options.driver ?? 'nspawn', hosts: typeof hosts === 'number' ? numbered(hosts) : hosts, ...options.rest }
  writeFileSync(file, JSON.stringify(content, null, 2)) // JSON is YAML.
  const spec = parseLabFile(fromJson(content), file)
  const lab = await labUp(spec, (text) => process.env['TUTTI_TEST_VERBOSE'] && process.stderr.write(`${text}\n`))
  const testHosts = spec.hosts.map((host) => testHost(lab, host.name))
  return {
    lab, file, hosts: testHosts, inventory: labInventory(fromJson(content), file),
    host: (wanted) => testHosts.find((host) => host.name === wanted) ?? fail(`no host ${wanted}`),
    down: async () => (await labDown(lab), rmSync(directory, { recursive: true, force: true })),
  }
}

const numbered = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i + 1}`, { zone: 'abc'[i % 3]!, memory: '1G', cpus: 2 }]))

function testHost(lab: Lab, name: string): TestHost {
  const { driver, directory, privateKeyFile, knownHostsFile } = lab
  const record = () => lab.host(name)
  return {
    name, privateKeyFile, knownHostsFile, address: record().address!, user: record().user, zone: record().zone,
    run: (command) => runOnHost(directory, record(), command),
    powerOff: () => driver.powerOff(name),
    start: () => driver.start(name),
    cut: () => driver.cutNetwork(name),
    heal: () => driver.healNetwork(name),
    renew: () => driver.renew(name),
    upperLayer: () => driver.upperLayer(name) ?? fail(`${driver.name} has no upper layers`),
  }
}

/** Removes what test runs left that were killed. */
async function sweep(): Promise<void> {
  const home = labDirectory('')
  for (const name of existsSync(home) ? readdirSync(home) : []) {
    const pid = /^test-.*-(\d+)$/.exec(name)?.[1]
    const state = pid && startOf(Number(pid)) === undefined ? loadLabState(join(home, name)) : undefined
    if (!state) continue
    try {
      await labDown(openLab({ name, file: state.file, driver: undefined, hosts: [], groups: new Map(), vars: new Map() }))
    } catch (thrown) {
      // The other test file that runs beside this one found it too, and was quicker.
      if (existsSync(join(home, name))) throw thrown
    }
  }
}

function fail(message: string): never {
  throw new Error(message)
}
