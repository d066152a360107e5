import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../problem/problem.ts'
import { userData } from '../cloud-init.ts'
import type { HostState, HostStatus, LabContext, LabDriver } from '../driver.ts'
import { ensureHostKey, ensureLabKey } from '../lab-keys.ts'
import type { HostRecord } from '../lab-record.ts'
import { showSize } from '../lab-size.ts'
import { type LabHostSpec, machineHostName } from '../lab-spec.ts'
import { reachHost, runOnHost } from '../reach-host.ts'
import { instanceName } from './instance-name.ts'
import { type Instance, execLine, failed, hasZones, listInstances, multipass, mustMultipass, pollInstance } from './multipass-cli.ts'
import { multipassImage } from './multipass-image.ts'

const USER = 'admin'
/** Seconds. The daemon itself gives a machine 5 minutes to ssh and 5 more to the end of cloud-init. */
const LAUNCH_TIMEOUT = 600
const ADDRESS_TIMEOUT = 300

const STATES: Readonly<Record<string, HostState>> = { Running: 'running', 'Delayed Shutdown': 'running', Starting: 'starting', Restarting: 'starting' }

/** Virtual machines by Multipass: Linux, macOS, Windows. */
export function multipassDriver(lab: LabContext): LabDriver {
  return new MultipassDriver(lab)
}

class MultipassDriver implements LabDriver {
  readonly name = 'multipass'
  // Each starting machine wants memory and disk: more at once run into the daemon's time limits.
  readonly atOnce = 2
  readonly #lab: LabContext

  constructor(lab: LabContext) {
    this.#lab = lab
  }

  async prepare(): Promise<void> {
    for (const host of this.#lab.spec.hosts) multipassImage(host.image)
    await listInstances() // Says at once where there is no multipass, or no daemon.
  }

  async list(): Promise<ReadonlyMap<string, HostStatus>> {
    const hosts = Object.entries(this.#lab.record.state.hosts)
    if (hosts.length === 0) return new Map()
    const instances = await listInstances()
    return new Map(hosts.map(([name, host]) => [name, statusOf(host, instances.get(host.instance))]))
  }

  async up(spec: LabHostSpec): Promise<HostRecord> {
    const { instance, before } = await this.#claim(spec)
    if (before?.state === 'Running' && this.#lab.record.host(spec.name)?.address === before.ipv4[0]) {
      await this.#settle(spec.name)
      return this.#get(spec.name)
    }
    if (!before) await this.#launch(spec, instance)
    else await this.#wake(spec, before)
    const address = await this.#address(spec, instance)
    this.#lab.record.updateHost(spec.name, { address })
    await this.#settle(spec.name)
    return this.#get(spec.name)
  }

  async remove(name: string): Promise<void> {
    const { instance } = this.#get(name)
    // Not `purge`, which would remove every deleted instance, whosoever it is.
    if ((await listInstances()).has(instance)) await mustMultipass(['delete', '--purge', instance], { timeout: 120 })
    rmSync(join(this.#lab.record.directory, 'hosts', name), { recursive: true, force: true })
    this.#lab.record.forgetHost(name)
  }

  async release(): Promise<void> {} // The daemon keeps network and images for all its instances.

  async purge(): Promise<void> {
    this.#lab.say('Multipass keeps its images by itself: nothing to remove')
  }

  async powerOff(name: string): Promise<void> {
    await mustMultipass(['stop', '--force', this.#get(name).instance], { timeout: 120 })
    this.#lab.record.updateHost(name, { cut: undefined })
  }

  async start(name: string): Promise<void> {
    await this.up(this.#spec(name))
  }

  /** Routes into nothing, on the host itself: the daemon's own road to it must stay open. The controller can still reach it. */
  async cutNetwork(name: string): Promise<void> {
    await this.#routes(name, 'replace')
    this.#lab.record.updateHost(name, { cut: true })
  }

  async healNetwork(name: string): Promise<void> {
    await this.#routes(name, 'del')
    this.#lab.record.updateHost(name, { cut: undefined })
  }

  async renew(name: string): Promise<void> {
    await mustMultipass(['delete', '--purge', this.#get(name).instance], { timeout: 120 })
    await this.start(name)
  }

  upperLayer(): undefined {
    return undefined
  }

  /** Makes the name ours before anything is made under it; refuses one that somebody else's instance has. */
  async #claim(spec: LabHostSpec): Promise<{ instance: string; before: Instance | undefined }> {
    const { record, spec: lab } = this.#lab
    const known = record.host(spec.name)
    const instance = known?.instance ?? instanceName(lab.name, spec.name)
    const before = (await listInstances()).get(instance)
    if (before && !known) {
      const hint = 'remove it if it is of no use, or give the lab another name'
      throw new Problem({ code: 'foreign-instance', summary: 'an instance of this name was not made by this lab', detail: `${spec.name}: ${instance} (${before.state})`, hint })
    }
    const { publicKey } = await ensureHostKey(record.directory, spec.name)
    record.updateHost(spec.name, { instance, user: USER, zone: spec.zone, hostKey: publicKey })
    return { instance, before }
  }

  /** A launch that ran out of time goes on without us: the instance is taken as it is and waited for. */
  async #launch(spec: LabHostSpec, instance: string): Promise<void> {
    const zone = spec.zone && /^zone[123]$/.test(spec.zone) && (await hasZones()) ? ['--zone', spec.zone] : []
    const sizes = ['--cpus', String(spec.cpus), '--memory', showSize(spec.memory), '--disk', showSize(spec.disk)]
    const args = ['launch', multipassImage(spec.image), '--name', instance, ...sizes, ...zone, '--timeout', String(LAUNCH_TIMEOUT), '--cloud-init', '-']
    const result = await multipass(args, { stdin: await this.#userData(spec), timeout: LAUNCH_TIMEOUT + 60 })
    if (result.code === 0) return
    if (!(await listInstances()).has(instance)) throw failed(args, result)
    this.#lab.say(`${spec.name}: multipass gave up waiting (${result.stderr.trim().split('\n').at(-1)}); the machine is there, so we wait for it`)
  }

  /** Whatever state an instance of ours is in, the way from there to running. */
  async #wake(spec: LabHostSpec, { name, state }: Instance): Promise<void> {
    if (state === 'Unavailable') {
      throw new Problem({ code: 'multipass-zone-off', summary: 'the zone of an instance is disabled', detail: `${spec.name}: ${name}`, hint: 'multipass enable-zones' })
    }
    if (state === 'Deleted') await mustMultipass(['recover', name], { timeout: 120 })
    if (state === 'Delayed Shutdown') await mustMultipass(['stop', '--cancel', name], { timeout: 120 })
    if (state === 'Stopped' || state === 'Deleted') await this.#resize(spec, name)
    if (!['Stopped', 'Deleted', 'Suspended'].includes(state)) return
    const args = ['start', name]
    const result = await multipass(args, { timeout: LAUNCH_TIMEOUT })
    if (result.code !== 0 && !/timed out/i.test(result.stderr)) throw failed(args, result)
  }

  /** Only instances that are stopped take another size, and disks only grow: what cannot be done is told, and the host starts as it was. */
  async #resize(spec: LabHostSpec, name: string): Promise<void> {
    for (const [key, value] of [['cpus', String(spec.cpus)], ['memory', showSize(spec.memory)], ['disk', showSize(spec.disk)]] as const) {
      const { code, stderr } = await multipass(['set', `local.${name}.${key}=${value}`], { timeout: 60 })
      if (code !== 0) this.#lab.say(`${spec.name}: ${key} stays as it was: ${stderr.trim()}`)
    }
  }

  async #address(spec: LabHostSpec, instance: string): Promise<string> {
    const address = await pollInstance(instance, ADDRESS_TIMEOUT, (now) => (now?.state === 'Running' ? now.ipv4[0] : undefined))
    if (address) return address
    const state = (await listInstances()).get(instance)?.state ?? 'gone'
    throw new Problem({ code: 'lab-host-not-ready', summary: 'a host of the lab did not come up', detail: `${spec.name}: ${instance} is ${state} and has no address after ${ADDRESS_TIMEOUT} s` })
  }

  /** cloud-init first, through the daemon, which gets in even where cloud-init failed to let us in; then ssh, as playbooks will. */
  async #settle(name: string): Promise<void> {
    const { instance } = this.#get(name)
    const end = Date.now() + LAUNCH_TIMEOUT * 1000
    for (;;) {
      const reply = await execLine(instance, 'cloud-init status --wait --format json', (end - Date.now()) / 1000)
      if (reply) {
        const complaint = cloudInitComplaint(reply)
        if (complaint?.fatal) throw new Problem({ code: 'cloud-init-failed', summary: 'the first start of a host failed', detail: `${name}: ${complaint.text}`, hint: `multipass exec ${instance} -- cloud-init status --long` })
        if (complaint) this.#lab.say(`${name}: cloud-init: ${complaint.text}`)
        break
      }
      if (Date.now() > end) break // reachHost says how far it came.
      await sleep(1000)
    }
    await reachHost({ directory: this.#lab.record.directory, name, host: () => this.#get(name), timeout: 120 })
  }

  async #userData(spec: LabHostSpec): Promise<string> {
    const { directory } = this.#lab.record
    const { file, publicKey } = await ensureHostKey(directory, spec.name)
    const authorizedKey = await ensureLabKey(directory, this.#lab.spec.name)
    return userData({ hostName: machineHostName(spec.name), user: USER, authorizedKey, hostKey: { private: readFileSync(file, 'utf8'), public: publicKey } })
  }

  async #routes(name: string, verb: 'replace' | 'del'): Promise<void> {
    const others = Object.entries(this.#lab.record.state.hosts).flatMap(([other, { address }]) => (other !== name && address ? [address] : []))
    const command = others.map((address) => `sudo ip route ${verb} blackhole ${address}/32${verb === 'del' ? ' || true' : ''}`).join('; ')
    const { code, stderr } = await runOnHost(this.#lab.record.directory, this.#get(name), `set -e; ${command || ':'}`)
    if (code !== 0) throw new Problem({ code: 'lab-command-failed', summary: 'a command of the lab failed', detail: `${name}: ${command}: ${stderr.trim()}` })
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
}

function statusOf(host: HostRecord, instance: Instance | undefined): HostStatus {
  if (!instance) return { state: 'missing', address: host.address }
  const state = STATES[instance.state] ?? 'stopped'
  const remark = host.cut ? 'its network is cut' : ['Running', 'Stopped', 'Starting'].includes(instance.state) ? undefined : instance.state
  return { state, address: instance.ipv4[0] ?? host.address, ...(remark ? { remark } : {}) }
}

/** What `cloud-init status --format json` has to say: exit code 1 is fatal, recoverable errors may come with 2 or, on some systems, 0. */
export function cloudInitComplaint({ code, stdout }: { readonly code: number; readonly stdout: string }): { readonly fatal: boolean; readonly text: string } | undefined {
  if (code === 127) return { fatal: true, text: 'the image has no cloud-init' }
  const at = stdout.indexOf('{')
  const status = (at < 0 ? {} : JSON.parse(stdout.slice(at))) as { errors?: readonly unknown[]; recoverable_errors?: Readonly<Record<string, readonly unknown[]>> }
  const told = [...(status.errors ?? []), ...Object.values(status.recoverable_errors ?? {}).flat()].map(String)
  if (code === 1) return { fatal: true, text: told.join('; ') || 'cloud-init status: error' }
  return told.length > 0 ? { fatal: false, text: told.join('; ') } : undefined
}
