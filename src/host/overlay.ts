import { posix } from 'node:path'
import { type Content, bytesContent } from '../value/content.ts'
import { type Unknown, fresh, isUnknown, unknown } from '../value/value.ts'
import { type FileState, absent } from './file.ts'
import type { PackageState } from './package.ts'
import type { PackageForesight } from './package-foresight.ts'
import type { Effect, Planned, PlannedPackage } from './resource.ts'
import type { Identity } from './reader.ts'
import type { Step } from './step.ts'

/** A file as the planned world has it: what was there (if anything is kept of it) with what steps did to it. */
export interface PlannedFile {
  readonly state: FileState
  /** Undefined: the content on the host stands. */
  readonly content?: Content
  /** Its content is what a package of the plan puts there. */
  readonly packaged?: true
  /** A directory that only the plan made: nothing real is below it. */
  readonly made: boolean
  readonly by: string
}

/**
 * What the tasks of a dry run have planned on one machine. Steps are taken here instead of on the host; `Machine` asks here
 * first. Holds resources by kind and key, and files as a small tree of paths.
 */
export class Overlay implements Planned {
  readonly #states = new Map<string, Map<string, unknown>>()
  readonly #files = new Map<string, PlannedFile>()
  readonly #packages: PlannedPackage[] = []
  readonly #blurred = new Map<string, Unknown>()
  /** What planned packages bring; there as soon as one is planned. */
  foresight: PackageForesight | undefined
  /** The last opaque command that the plan assumes to leave managed things alone: "task 'NAME'". */
  opaque: string | undefined

  /** The first task of the dry run whose effect could not be known: what fails after it may not fail in the real run. */
  doubtful: string | undefined

  /** A copy that can be planned on without touching this one. */
  fork(): Overlay {
    const fork = new Overlay()
    for (const [kind, states] of this.#states) fork.#states.set(kind, new Map(states))
    for (const [path, file] of this.#files) fork.#files.set(path, file)
    fork.#packages.push(...this.#packages)
    fork.foresight = this.foresight?.for(() => fork.packages)
    fork.opaque = this.opaque
    fork.doubtful = this.doubtful
    return fork
  }

  /** What `fork` planned may or may not come to be: all of it is unknown from here on. */
  blur(fork: Overlay, reason: string): void {
    for (const [kind, states] of fork.#states) for (const [key, state] of states) if (this.get(kind, key) !== state) this.set(kind, key, unknown(reason))
    for (const [path, file] of fork.#files) if (this.#files.get(path) !== file) this.#blurred.set(path, unknown(reason))
    this.#packages.push(...fork.#packages.slice(this.#packages.length).map((one) => ({ ...one, doubtful: true })))
    this.foresight ??= fork.foresight?.for(() => this.packages)
    this.doubtful ??= reason
  }

  /** Whether the path, or what it stands below, may have been changed by a task that may not happen. */
  blurred(path: string): Unknown | undefined {
    const wanted = posix.normalize(path)
    for (const [at, why] of this.#blurred) if (wanted === at || wanted.startsWith(`${at}/`)) return why
    return undefined
  }

  get empty(): boolean {
    return this.#states.size === 0 && this.#files.size === 0
  }

  get packages(): readonly PlannedPackage[] {
    return this.#packages
  }

  of(kind: string): ReadonlyMap<string, unknown> {
    return this.#states.get(kind) ?? new Map()
  }

  touches(path: string): string | undefined {
    const wanted = posix.normalize(path)
    for (const [planned, { by, made, state }] of this.#files) {
      // What is in a real directory that only got another mode is as it was.
      if (planned === wanted || planned.startsWith(wanted.endsWith('/') ? wanted : `${wanted}/`) || ((made || state.kind !== 'directory') && wanted.startsWith(`${planned}/`))) return by
    }
    return undefined
  }

  /** The first planned thing of any kind, for scripts that anything could reach. */
  anything(): string | undefined {
    const file = this.#files.values().next()
    return file.done ? (this.#packages[0]?.by ?? (this.#states.size > 0 ? 'an earlier task' : undefined)) : file.value.by
  }

  /** The first planned path or package that a text names, with its task. */
  namedIn(text: string): string | undefined {
    for (const [path, { by }] of this.#files) if (text.includes(path)) return `${path} (${by})`
    const word = (name: string) => new RegExp(`(?<![\\w.-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`)
    const found = this.#packages.find(({ name }) => word(name).test(text))
    return found && `${found.name} (${found.by})`
  }

  /** Whether any file is planned or in doubt: until then the real paths are the planned ones. */
  get hasFiles(): boolean {
    return this.#files.size > 0 || this.#blurred.size > 0 || this.#packages.length > 0
  }

  /** What is planned of exactly this path, all links resolved. */
  exact(path: string): PlannedFile | undefined {
    return this.#files.get(path)
  }

  file(path: string): 'absent' | 'there' | 'unknown' | undefined {
    if (this.blurred(path)) return 'unknown'
    const planned = this.#files.get(posix.normalize(path))
    return planned && (planned.state.kind === 'absent' ? 'absent' : 'there')
  }

  named(ending: string): boolean {
    for (const [path, { state }] of this.#files) if (state.kind !== 'absent' && path.endsWith(ending)) return true
    return false
  }

  /** The directory above the path that only the plan makes: nothing real is below it. */
  madeAbove(path: string): PlannedFile | undefined {
    for (let at = posix.dirname(path); at !== '/'; at = posix.dirname(at)) if (this.#files.get(at)?.made) return this.#files.get(at)
    return undefined
  }

  has(kind: string, key: string): boolean {
    return this.#states.get(kind)?.has(key) ?? false
  }

  get(kind: string, key: string): unknown {
    return this.#states.get(kind)?.get(key)
  }

  set(kind: string, key: string, state: unknown): void {
    let states = this.#states.get(kind)
    if (!states) this.#states.set(kind, (states = new Map()))
    states.set(key, state)
  }

  plan(packages: readonly PlannedPackage[]): void {
    this.#packages.push(...packages)
  }

  /** Takes a file step of a dry run at the place it leads to; links are no matter here. */
  take(step: Exclude<Step, { step: 'run' | 'act' }>, at: At): void {
    const { path, found, by, wanted } = at
    switch (step.step) {
      case 'write': return this.put(path, { state: written(step.content, at), content: step.content, made: false, by })
      case 'mkdir': return this.put(path, { state: { ...newFile(at, 'directory', 0o777 & ~at.me.umask), ...wanted }, made: true, by })
      case 'link': return this.put(path, { state: { ...newFile(at, 'link', 0o777), target: step.target }, made: false, by })
      case 'remove': return this.#remove(path, by)
      case 'attributes': return this.#change(path, { ...found, ...wanted, changed: fresh(`set by ${by}`) }, by)
      case 'touch': return this.#touch(step, at)
    }
  }

  /** What a step leaves behind that is no file step: states of things by key. A file is known by its state alone, its content is not. */
  leave(effects: readonly Effect[], by: string): void {
    for (const { resource, key, state } of effects) {
      if (resource.kind === 'package') this.#planPackage(key, state, by)
      if (resource.kind !== 'file') this.set(resource.kind, key, state)
      else if (isUnknown(state)) this.#blurred.set(posix.normalize(key), state)
      else this.put(key, { state: state as FileState, content: { kind: 'unknown', unknown: unknown(`the content that ${by} makes`) }, made: true, by })
    }
  }

  #planPackage(name: string, state: unknown, by: string): void {
    const { installed, version, source } = (isUnknown(state) ? {} : state) as Partial<PackageState>
    this.#packages.push({ name, action: installed === false ? 'remove' : 'install', by, ...(typeof version === 'string' ? { version } : {}), ...(source ? { source } : {}), ...(isUnknown(state) ? { doubtful: true } : {}) })
  }

  put(path: string, file: PlannedFile): void {
    const at = posix.normalize(path)
    this.#blurred.delete(at)
    for (const kind of ['checksum', 'content']) this.#states.get(kind)?.delete(at)
    this.#files.set(at, file)
  }

  #change(path: string, state: FileState, by: string): void {
    const old = this.exact(path)
    this.put(path, { ...(old?.content ? { content: old.content } : {}), ...(old?.packaged ? { packaged: true } : {}), made: old?.made ?? false, state, by })
  }

  #touch({ accessed, modified, only }: Step & { step: 'touch' }, at: At): void {
    const { path, found, by } = at
    const time = (which: 'accessed' | 'modified', given: Date | undefined) => (only !== undefined && only !== which ? {} : { [which]: given ? given.getTime() / 1000 : fresh(`touched by ${by}`) })
    const now = { ...time('accessed', accessed), ...time('modified', modified), changed: fresh(`touched by ${by}`) }
    if (found.kind === 'absent') this.put(path, { state: { ...newFile(at, 'file', 0o666 & ~at.me.umask), size: 0, ...now }, content: bytesContent(''), made: false, by })
    else this.#change(path, { ...found, ...now }, by)
  }

  #remove(path: string, by: string): void {
    const gone = posix.normalize(path)
    for (const planned of this.#files.keys()) if (planned.startsWith(`${gone}/`)) this.#files.delete(planned)
    this.put(gone, { state: absent, made: false, by })
  }
}

/** Where a file step is taken, and what decides its outcome. */
export interface At {
  readonly path: string
  /** What the planned world has there before it. */
  readonly found: FileState
  readonly parent: FileState
  readonly me: Identity
  /** The attributes of the step, names and ids looked up. */
  readonly wanted: Partial<FileState>
  /** The task, for later reasons. */
  readonly by: string
}

/** What the system makes of a new file without any wish: a set-gid directory passes on its group. */
function newFile({ me, parent }: At, kind: FileState['kind'], bits: number): FileState {
  const unborn = fresh('made by this run')
  const inherits = (parent.mode & 0o2000) !== 0
  const mode = inherits && kind === 'directory' ? bits | 0o2000 : bits
  return {
    kind, mode, owner: me.user, uid: me.uid, group: inherits ? parent.group : me.group, gid: inherits ? parent.gid : me.gid, size: kind === 'link' ? 0 : unborn,
    accessed: unborn, modified: unborn, changed: unborn, inode: unborn, device: parent.device, links: kind === 'directory' ? 2 : 1,
  }
}

function written(content: Content, at: At): FileState {
  const { target: _, ...kept } = at.found.kind === 'file' ? at.found : newFile(at, 'file', 0o666 & ~at.me.umask)
  const size = content.kind === 'bytes' ? content.bytes.length : content.kind === 'controller' ? content.size : unknown('its content is not known yet')
  const unborn = fresh('written by this run')
  return { ...kept, size, accessed: unborn, modified: unborn, changed: unborn, inode: unborn, links: 1, ...at.wanted }
}
