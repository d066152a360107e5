import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DriverName } from './lab-spec.ts'
import { withLockSync } from './process-lock.ts'

/** What is remembered of one host. It is written before the host is made, so that whatever is made is always known. */
export interface HostRecord {
  /** The machine's name in its driver's world. */
  readonly instance: string
  readonly user: string
  readonly zone?: string
  readonly address?: string
  /** Host key lines as `ssh-ed25519 AAAA…`, made by us before the first contact. */
  readonly hostKey?: string
  /** nspawn: the process, and when it was started (clock ticks since boot): a process number alone may be somebody else's by now. */
  readonly pid?: number
  readonly started?: string
  /** nspawn: the image below its disk. A disk must not be laid over another one. */
  readonly base?: string
  readonly cut?: boolean
}

/** What is remembered of a lab. */
export interface LabState {
  readonly version: 1
  readonly name: string
  /** The lab file it was made from. */
  readonly file: string
  readonly driver: DriverName
  /** nspawn: the first three parts of the network, `10.99.7`, and its bridge. */
  readonly subnet?: string
  readonly bridge?: string
  readonly hosts: Readonly<Record<string, HostRecord>>
}

/** The record in a lab's directory; `undefined` where there is no lab. */
export function loadLabState(directory: string): LabState | undefined {
  const file = join(directory, 'lab.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LabState) : undefined
}

export const knownHostsFile = (directory: string): string => join(directory, 'known_hosts')
export const privateKeyFile = (directory: string): string => join(directory, 'id_ed25519')

/** A lab's record on disk. Read anew every time, since several processes may look at one lab. */
export class LabRecord {
  readonly directory: string
  constructor(directory: string) {
    this.directory = directory
  }

  get state(): LabState {
    const state = loadLabState(this.directory)
    if (!state) throw new Error(`no lab in ${this.directory}`)
    return state
  }

  host(name: string): HostRecord | undefined {
    return this.state.hosts[name]
  }

  create(state: LabState): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o755 })
    this.#save(state)
  }

  update(change: Partial<Pick<LabState, 'subnet' | 'bridge'>>): void {
    this.#change((state) => ({ ...state, ...change }))
  }

  /** Adds to what is known of a host; `undefined` takes an entry away. */
  updateHost(name: string, change: { readonly [Key in keyof HostRecord]?: HostRecord[Key] | undefined }): HostRecord {
    const state = this.#change((state) => {
      const host = withoutMissing({ ...state.hosts[name], ...change }) as unknown as HostRecord
      return { ...state, hosts: { ...state.hosts, [name]: host } }
    })
    return state.hosts[name]!
  }

  forgetHost(name: string): void {
    this.#change((state) => {
      const { [name]: _, ...hosts } = state.hosts
      return { ...state, hosts }
    })
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  #change(next: (state: LabState) => LabState): LabState {
    return withLockSync(join(this.directory, '.record.lock'), () => {
      const state = next(this.state)
      this.#save(state)
      return state
    })
  }

  #save(state: LabState): void {
    replaceFile(join(this.directory, 'lab.json'), `${JSON.stringify(state, null, 2)}\n`)
    const lines = Object.values(state.hosts).flatMap(({ address, hostKey }) => (address && hostKey ? [`${address} ${hostKey}\n`] : []))
    replaceFile(knownHostsFile(this.directory), lines.join(''))
  }
}

function replaceFile(file: string, text: string): void {
  const next = `${file}.${process.pid}.new`
  writeFileSync(next, text)
  renameSync(next, file)
}

const withoutMissing = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
