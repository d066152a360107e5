import { posix } from 'node:path'
import { type Content, sha1 } from '../value/content.ts'
import { type Unknown, fresh, isUnknown, unknown } from '../value/value.ts'
import { type FileState, absent } from './file.ts'
import type { Planned, PlannedPackage } from './resource.ts'
import type { Identity } from './reader.ts'
import type { FileAttributes, Step } from './step.ts'

/** A file as the planned world has it: what was there (if anything is kept of it) with what steps did to it. */
interface PlannedFile {
  readonly state: FileState
  /** Undefined: the content on the host stands. */
  readonly content?: Content
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
  /** The last opaque command that the plan assumes to leave managed things alone: "task 'NAME'". */
  opaque: string | undefined

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
    for (const [planned, { by }] of this.#files) {
      if (planned === wanted || planned.startsWith(wanted.endsWith('/') ? wanted : `${wanted}/`) || wanted.startsWith(`${planned}/`)) return by
    }
    return undefined
  }

  /** The first planned thing of any kind, for scripts that anything could reach. */
  anything(): string | undefined {
    const file = this.#files.values().next()
    return file.done ? (this.#states.size > 0 ? 'an earlier task' : undefined) : file.value.by
  }

  /** The planned state of a path, `undefined` where only the host knows. Links in parent directories are followed. */
  file(path: string): PlannedFile | undefined {
    const wanted = posix.normalize(path)
    const exact = this.#files.get(wanted)
    if (exact) return exact
    for (let parent = posix.dirname(wanted); parent !== '/' && parent !== '.'; parent = posix.dirname(parent)) {
      const above = this.#files.get(parent)
      if (!above) continue
      if (above.state.kind === 'link') return this.file(posix.join(posix.resolve(posix.dirname(parent), above.state.target ?? ''), wanted.slice(parent.length)))
      if (above.state.kind !== 'directory' || above.made) return { state: absent, made: false, by: above.by }
      return undefined
    }
    return undefined
  }

  /** Follows planned links to where content would be read or written; the path itself where nothing is planned. */
  follow(path: string, depth = 0): string {
    const planned = this.file(path)
    if (planned?.state.kind !== 'link' || depth > 40) return path
    return this.follow(posix.resolve(posix.dirname(path), planned.state.target ?? ''), depth + 1)
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

  /**
   * Takes a step of a dry run. `found` is what the path was in the planned world before it (file steps), `me` decides the
   * defaults of new files, `by` names the task for later reasons.
   */
  take(step: Step, found: FileState, me: Identity, by: string): void {
    switch (step.step) {
      case 'write': return this.#put(this.follow(step.path), { state: written(found, step.content, step.attributes, me), content: step.content, made: false, by })
      case 'mkdir': return this.#put(step.path, { state: { ...fresh_(me, 'directory', 0o777 & ~me.umask), ...attributesOf(step.attributes) }, made: true, by })
      case 'link': return this.#put(step.path, step.hard ? this.#hardLink(step.target, by) : { state: { ...fresh_(me, 'link', 0o777), target: step.target }, made: false, by })
      case 'remove': return this.#remove(step.path, by)
      case 'attributes': return this.#change(step.follow ? this.follow(step.path) : step.path, { ...found, ...attributesOf(step.attributes), changed: fresh(`set by ${by}`) }, by)
      case 'touch': return this.#touch(step.path, found, me, by)
      case 'run':
        if (step.options.opaque) this.opaque = by
        return this.#leave(step.effects)
      case 'act': return this.#leave(step.effects)
    }
  }

  #leave(effects: readonly import('./resource.ts').Effect[]): void {
    for (const { resource, key, state } of effects) this.set(resource.kind, key, state)
  }

  #put(path: string, file: PlannedFile): void {
    this.#files.set(posix.normalize(path), file)
  }

  #change(path: string, state: FileState, by: string): void {
    const old = this.file(path)
    this.#put(path, { ...(old?.content ? { content: old.content } : {}), made: old?.made ?? false, state, by })
  }

  #touch(path: string, found: FileState, me: Identity, by: string): void {
    const now = { accessed: fresh(`touched by ${by}`), modified: fresh(`touched by ${by}`), changed: fresh(`touched by ${by}`) }
    if (found.kind === 'absent') this.#put(path, { state: { ...fresh_(me, 'file', 0o666 & ~me.umask), size: 0, ...now }, content: { kind: 'bytes', bytes: Buffer.alloc(0), sha1: sha1(Buffer.alloc(0)) }, made: false, by })
    else this.#change(path, { ...found, ...now }, by)
  }

  #hardLink(target: string, by: string): PlannedFile {
    const source = this.file(target)
    return source ? { ...source, by } : { state: { ...absent, kind: 'file', inode: unknown(`linked by ${by}`) }, content: { kind: 'host', path: target, sha1: '' }, made: false, by }
  }

  #remove(path: string, by: string): void {
    const gone = posix.normalize(path)
    for (const planned of this.#files.keys()) if (planned.startsWith(`${gone}/`)) this.#files.delete(planned)
    this.#put(gone, { state: absent, made: false, by })
  }
}

function fresh_(me: Identity, kind: FileState['kind'], mode: number): FileState {
  const new_ = fresh('made by this run')
  return { kind, mode, owner: me.user, group: me.group, uid: me.uid, gid: me.gid, size: kind === 'link' ? 0 : new_, accessed: new_, modified: new_, changed: new_, inode: new_, device: new_, links: kind === 'directory' ? 2 : 1 }
}

function written(found: FileState, content: Content, wanted: FileAttributes, me: Identity): FileState {
  const kept = found.kind === 'file' ? found : fresh_(me, 'file', 0o666 & ~me.umask)
  const size = content.kind === 'bytes' ? content.bytes.length : content.kind === 'controller' ? content.size : unknown('its content is not known yet')
  const new_ = fresh('written by this run')
  return { ...kept, size, accessed: new_, modified: new_, changed: new_, inode: new_, ...attributesOf(wanted) }
}

function attributesOf({ owner, group, mode }: FileAttributes): Partial<FileState> {
  return {
    ...(owner === undefined ? {} : /^\d+$/.test(owner) ? { owner, uid: Number(owner) } : { owner, uid: idOf(owner) }),
    ...(group === undefined ? {} : /^\d+$/.test(group) ? { group, gid: Number(group) } : { group, gid: idOf(group) }),
    ...(mode === undefined ? {} : { mode }),
  }
}
const idOf = (name: string): number | Unknown => (name === 'root' ? 0 : unknown(`the id of ${name}`))

export const isKnown = <T>(value: T | Unknown): value is T => !isUnknown(value)
