import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../../problem/problem.ts'
import type { HostStatus, LabContext, LabDriver } from '../driver.ts'
import { ensureHostKey, ensureLabKey } from '../lab-keys.ts'
import { labCache } from '../lab-home.ts'
import type { HostRecord } from '../lab-record.ts'
import { type LabHostSpec, machineHostName } from '../lab-spec.ts'
import { reachHost } from '../reach-host.ts'
import { mustRun, runProgram } from '../run-program.ts'
import { ADMIN, ensureBaseImage, purgeImages } from './base-image.ts'
import { checkNspawnPossible, ensurePrograms } from './ensure-programs.ts'
import { type HostDisk, type Seed, hostDisk, isMounted, mountDisk, unmountDisk, wipeDisk } from './host-disk.ts'
import { makeLimits, removeLimits } from './host-limits.ts'
import { bootHost, killHost, lastWords } from './host-process.ts'
import { imageSuite } from './image-suite.ts'
import { raiseKernelLimits } from './kernel-limits.ts'
import { type LabNetwork, chooseNetwork, ensureNetwork, labToken, removeNetwork, uplinkMtu } from './lab-network.ts'
import { isAlive } from '../process-identity.ts'
import { withLock } from '../process-lock.ts'

/** Seconds a host may take to start. They take about one. */
const START_TIMEOUT = 90

/** Hosts as containers with an init, a network and a disk of their own: real systemd and sshd, about a second each. Linux, root. */
export function nspawnDriver(lab: LabContext): LabDriver {
  return new NspawnDriver(lab)
}

class NspawnDriver implements LabDriver {
  readonly name = 'nspawn'
  readonly atOnce = 4
  readonly #lab: LabContext

  constructor(lab: LabContext) {
    this.#lab = lab
  }

  async prepare(): Promise<void> {
    checkNspawnPossible()
    raiseKernelLimits(this.#lab.say)
    const suites = this.#lab.spec.hosts.map((host) => imageSuite(host.image))
    for (const suite of suites) await ensurePrograms(this.#lab.say, suite)
    for (const suite of suites) await ensureBaseImage(labCache(), suite, this.#lab.say)
    await ensureNetwork(await this.#network())
  }

  async list(): Promise<ReadonlyMap<string, HostStatus>> {
    const hosts = Object.entries(this.#lab.record.state.hosts)
    return new Map(hosts.map(([name, host]) => [name, this.#status(name, host)]))
  }

  async up(spec: LabHostSpec): Promise<HostRecord> {
    const { record } = this.#lab
    const { subnet } = await this.#network()
    const { publicKey } = await ensureHostKey(record.directory, spec.name)
    const before = record.host(spec.name)
    const host = record.updateHost(spec.name, {
      instance: this.#machine(spec.name), user: ADMIN, zone: spec.zone, address: before?.address ?? this.#freeAddress(subnet, spec), hostKey: publicKey,
    })
    if (isAlive(host.pid, host.started)) await this.#reach(spec.name)
    else await this.#boot(spec)
    return record.host(spec.name)!
  }

  async remove(name: string): Promise<void> {
    await this.powerOff(name)
    await wipeDisk(this.#disk(name))
    rmSync(join(this.#lab.record.directory, 'hosts', name), { recursive: true, force: true })
    this.#lab.record.forgetHost(name)
  }

  async release(): Promise<void> {
    const { subnet, bridge } = this.#lab.record.state
    if (subnet && bridge) await removeNetwork({ subnet, bridge })
  }

  async purge(): Promise<void> {
    await purgeImages(labCache(), this.#lab.say)
  }

  async powerOff(name: string): Promise<void> {
    const host = this.#get(name)
    await killHost(host.pid, host.started)
    await runProgram(['ip', 'link', 'del', this.#cable(host)])
    await unmountDisk(this.#disk(name))
    await removeLimits(host.instance)
    rmSync(`/run/systemd/nspawn/propagate/${host.instance}`, { recursive: true, force: true }) // nspawn does not where /run is on a disk.
    this.#lab.record.updateHost(name, { pid: undefined, started: undefined, cut: undefined })
  }

  async start(name: string): Promise<void> {
    await this.up(this.#spec(name))
  }

  async cutNetwork(name: string): Promise<void> {
    await mustRun(['ip', 'link', 'set', this.#cable(this.#get(name)), 'down'])
    this.#lab.record.updateHost(name, { cut: true })
  }

  async healNetwork(name: string): Promise<void> {
    await mustRun(['ip', 'link', 'set', this.#cable(this.#get(name)), 'up'])
    this.#lab.record.updateHost(name, { cut: undefined })
  }

  async renew(name: string): Promise<void> {
    await this.powerOff(name)
    await wipeDisk(this.#disk(name))
    await this.start(name)
  }

  upperLayer(name: string): string {
    return this.#disk(name).upper
  }

  async #boot(spec: LabHostSpec): Promise<void> {
    const { record, say } = this.#lab
    const network = await this.#network()
    await ensureNetwork(network)
    const disk = this.#disk(spec.name)
    const base = await this.#base(spec)
    await mountDisk(disk, base, await this.#seed(spec, network))
    const machine = record.host(spec.name)!.instance
    const limits = makeLimits(machine, spec)
    if (limits.missing) say(`${spec.name}: not all of its limits are in force: ${limits.missing}`)
    record.updateHost(spec.name, bootHost({
      prefix: limits.prefix, root: disk.root, machine, hostName: machineHostName(spec.name), bridge: network.bridge,
      binds: this.#volumes(disk, spec), consoleFile: this.#console(spec.name),
    }))
    await this.#reach(spec.name)
  }

  /** The image that the host's disk was made over; the image of its file for a fresh disk. */
  async #base(spec: LabHostSpec): Promise<string> {
    const { record, say } = this.#lab
    const known = this.#get(spec.name).base
    if (known && existsSync(this.#disk(spec.name).upper)) {
      if (existsSync(known)) return known
      const hint = 'the disk is of no use without it: tutti lab down, and up again'
      throw new Problem({ code: 'lab-image-gone', summary: 'the image below a host’s disk is gone', detail: `${spec.name}: ${known}`, hint })
    }
    const base = await ensureBaseImage(labCache(), imageSuite(spec.image), say)
    record.updateHost(spec.name, { base })
    return base
  }

  async #reach(name: string): Promise<void> {
    const { record } = this.#lab
    const gaveUp = (): string | undefined => {
      const { pid, started } = this.#get(name)
      return isAlive(pid, started) ? undefined : `it ended while it was starting\n${lastWords(this.#console(name))}`
    }
    await reachHost({ directory: record.directory, name, host: () => this.#get(name), timeout: START_TIMEOUT, gaveUp })
  }

  async #seed(spec: LabHostSpec, { subnet }: LabNetwork): Promise<Seed> {
    const { record, spec: lab } = this.#lab
    return {
      host: machineHostName(spec.name), subnet, address: this.#get(spec.name).address!, mtu: await uplinkMtu(),
      authorizedKey: await ensureLabKey(record.directory, lab.name), hostKeyFile: (await ensureHostKey(record.directory, spec.name)).file,
    }
  }

  /** The network is chosen once and recorded; two labs that choose at the same time take turns. */
  async #network(): Promise<LabNetwork> {
    const { record } = this.#lab
    const known = (): LabNetwork | undefined => {
      const { subnet, bridge } = record.state
      return subnet && bridge ? { subnet, bridge } : undefined
    }
    return known() ?? withLock(join(record.directory, '..', '.network.lock'), async () => {
      const chosen = known()
      if (chosen) return chosen
      const network = await chooseNetwork(record.directory)
      await ensureNetwork(network)
      record.update(network)
      return network
    })
  }

  /** By its place in the file, unless an earlier form of the file gave that address to another host. */
  #freeAddress(subnet: string, spec: LabHostSpec): string {
    const taken = Object.entries(this.#lab.record.state.hosts).filter(([name]) => name !== spec.name).map(([, host]) => host.address)
    const wanted = `${subnet}.${11 + spec.index}`
    if (!taken.includes(wanted)) return wanted
    for (let last = 254; ; last--) if (!taken.includes(`${subnet}.${last}`)) return `${subnet}.${last}`
  }

  #machine(name: string): string {
    const known = this.#lab.record.host(name)?.instance
    if (known) return known
    const prefix = `t${labToken(this.#lab.record.directory)}`
    const taken = Object.values(this.#lab.record.state.hosts).map((host) => host.instance)
    for (let i = this.#spec(name).index + 1; ; i++) if (!taken.includes(`${prefix}-${i}`)) return `${prefix}-${i}`
  }

  #volumes(disk: HostDisk, { volumes }: LabHostSpec): string[] {
    return volumes.map((path) => {
      const source = join(disk.volumes, path.replaceAll('/', '-'))
      mkdirSync(source, { recursive: true })
      return `${source}:${path}`
    })
  }

  #status(name: string, { pid, started, address, cut }: HostRecord): HostStatus {
    const alive = isAlive(pid, started)
    const there = alive || isMounted(this.#disk(name).root) || pid === undefined
    return { state: alive ? 'running' : there ? 'stopped' : 'missing', address, ...(cut ? { remark: 'its network is cut' } : {}) }
  }

  #get(name: string): HostRecord {
    const host = this.#lab.record.host(name)
    if (!host) throw new Problem({ code: 'unknown-lab-host', summary: 'the lab has no such host', detail: name })
    return host
  }

  #spec(name: string): LabHostSpec {
    const spec = this.#lab.spec.hosts.find((host) => host.name === name)
    if (!spec) throw new Problem({ code: 'unknown-lab-host', summary: 'the lab file has no such host', detail: name })
    return spec
  }

  #cable = (host: HostRecord): string => `vb-${host.instance}`
  #disk = (name: string): HostDisk => hostDisk(this.#lab.record.directory, name)
  #console = (name: string): string => join(this.#lab.record.directory, 'hosts', name, 'console.log')
}
