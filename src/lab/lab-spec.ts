import type { Dict } from '../value/value.ts'

/** What makes the hosts of a lab: virtual machines by Multipass, or containers with systemd by systemd-nspawn. */
export type DriverName = 'multipass' | 'nspawn'
export const DRIVER_NAMES: readonly DriverName[] = ['multipass', 'nspawn']

/** One host as the lab file asks for it. */
export interface LabHostSpec {
  /** The name in the inventory, and the machine's own host name. */
  readonly name: string
  /** Its place among the lab's hosts, from 0: addresses and machine names come from it. */
  readonly index: number
  /** `debian/12`, `ubuntu/24.04`, or what the driver itself understands; `undefined` is the driver's default. */
  readonly image: string | undefined
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
  /** Bytes. */
  readonly disk: number
  /** The failure domain: given to playbooks as the variable `zone`. */
  readonly zone: string | undefined
  readonly groups: readonly string[]
  /** Paths that must lie on a plain disk, not on the image's overlay (container images need that). */
  readonly volumes: readonly string[]
  readonly vars: Dict
}

export interface LabGroupSpec {
  readonly children: readonly string[]
  readonly vars: Dict
}

/** A lab file, read. */
export interface LabSpec {
  readonly name: string
  /** The file's absolute path. */
  readonly file: string
  /** The file's choice; without it the best driver of this machine is taken. */
  readonly driver: DriverName | undefined
  readonly hosts: readonly LabHostSpec[]
  readonly groups: ReadonlyMap<string, LabGroupSpec>
  /** Variables of every host. */
  readonly vars: Dict
}

/** The machine's own name: inventories allow underscores, host names do not. */
export const machineHostName = (name: string): string => name.replaceAll('_', '-')
