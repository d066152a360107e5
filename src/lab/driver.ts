import type { HostRecord, LabRecord } from './lab-record.ts'
import type { DriverName, LabHostSpec, LabSpec } from './lab-spec.ts'

/** What a driver works with. */
export interface LabContext {
  readonly spec: LabSpec
  readonly record: LabRecord
  /** Tells people what is being done, one sentence at a time. */
  readonly say: (text: string) => void
}

/** `missing`: recorded, but its machine is gone. `stopped`: there, and not running. `starting`: running, but not settled yet. */
export type HostState = 'running' | 'starting' | 'stopped' | 'missing'

/** One machine as it is now. */
export interface HostStatus {
  readonly state: HostState
  readonly address: string | undefined
  /** The driver's own word where it says more than ours: `Deleted`, `Suspended`. */
  readonly remark?: string
}

/**
 * Makes and unmakes the hosts of one lab. All methods may be called again after they were interrupted; all take a host by the name it
 * has in the lab, and touch no machine that the lab's record does not hold. They reject with `Problem`s.
 */
export interface LabDriver {
  readonly name: DriverName
  /** How many hosts may be brought up at the same time, after the first one, which always comes alone (it fetches the image). */
  readonly atOnce: number
  /** Makes what the hosts share: programs, image, network. Nothing to do when it is there. */
  prepare(): Promise<void>
  /** The hosts of the record as they are now. */
  list(): Promise<ReadonlyMap<string, HostStatus>>
  /** Sees to it that the host exists, runs, answers over ssh with the key that was made for it, and has finished starting. */
  up(host: LabHostSpec): Promise<HostRecord>
  /** Removes the host and its disk. Nothing to do when it is gone. */
  remove(name: string): Promise<void>
  /** Removes what the hosts shared. The image cache stays. */
  release(): Promise<void>
  /** Removes the cached images. */
  purge(): Promise<void>

  // What befalls machines: for tests of what a cluster does then.

  /** As if the plug was pulled: no process gets to say goodbye. */
  powerOff(name: string): Promise<void>
  /** Starts a host that is off, and waits for it as `up` does. */
  start(name: string): Promise<void>
  /** Parts the host from all the others of the lab. */
  cutNetwork(name: string): Promise<void>
  healNetwork(name: string): Promise<void>
  /** The same host with a fresh disk; its ssh host key stays. */
  renew(name: string): Promise<void>
  /** The directory that holds everything written on the host's disk since it was made; `undefined` where the driver has no such thing. */
  upperLayer(name: string): string | undefined
}
