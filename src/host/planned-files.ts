import { posix } from 'node:path'
import { type Content, sha1 } from '../value/content.ts'
import { Unknown, fresh, isUnknown, unknown } from '../value/value.ts'
import { groupAccount, userAccount } from './account.ts'
import { type FileState, absent, checksumResource, contentResource, fileResource, followedResource, realpathResource, writableResource } from './file.ts'
import type { Overlay, PlannedFile } from './overlay.ts'
import type { Identity } from './reader.ts'
import type { Resource } from './resource.ts'
import type { FileAttributes, Step } from './step.ts'

/** Where a path leads in the planned world: links resolved, with what is there. */
interface Place {
  readonly path: string
  readonly state: FileState
  readonly planned?: PlannedFile
  /** Below what is not there, or is no directory: nothing can be there. */
  readonly cut?: true
}

const KINDS: ReadonlySet<string> = new Set([fileResource, followedResource, checksumResource, contentResource, realpathResource, writableResource].map(({ kind }) => kind))
export const isFileKind = (kind: string): boolean => KINDS.has(kind)

/**
 * Files of the planned world: paths are walked part by part, through planned links and real ones, so that two names of one
 * file are one file. Costs no round trip more than the real world: all parts of a path are asked for in one turn.
 */
export class PlannedFiles {
  readonly #real: { get<State>(resource: Resource<State>, key: string): Promise<State> }
  readonly #overlay: Overlay
  readonly #whoami: () => Promise<Identity>

  constructor(real: { get<State>(resource: Resource<State>, key: string): Promise<State> }, overlay: Overlay, whoami: () => Promise<Identity>) {
    this.#real = real
    this.#overlay = overlay
    this.#whoami = whoami
  }

  /** Of one of the kinds that ask about files. */
  async get(resource: Resource<unknown>, key: string): Promise<unknown> {
    if (!this.#overlay.hasFiles) return this.#real.get(resource, key)
    // Mostly nothing on the way is planned or a link: asked for at once, it is there when it is needed.
    if (resource.kind === checksumResource.kind || resource.kind === writableResource.kind) this.#real.get(resource, key).catch(() => undefined)
    const place = await this.locate(key, resource.kind !== fileResource.kind)
    if (isUnknown(place)) return place
    const { path, state, planned } = place
    switch (resource.kind) {
      case fileResource.kind: case followedResource.kind: return state
      case realpathResource.kind: return path
      case writableResource.kind: return planned ? mayWrite(state, await this.#whoami()) : state.kind === 'absent' ? false : this.#real.get(resource, path)
      default: return this.#contentOf(resource, place)
    }
  }

  /** The first planned change that what reads the path would see. */
  async touches(path: string): Promise<string | undefined> {
    if (!this.#overlay.hasFiles) return this.#overlay.blurred(path)?.reason
    const place = await this.locate(posix.resolve('/', path), true)
    return isUnknown(place) ? place.reason : this.#overlay.touches(place.path)
  }

  async locate(path: string, follow: boolean, depth = 0): Promise<Place | Unknown> {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    this.#ask(parts)
    let at = '/'
    let place: Place = { path: '/', state: { ...absent, kind: 'directory', mode: 0o755, owner: 'root', group: 'root' } }
    for (const [i, part] of parts.entries()) {
      if (place.state.kind !== 'directory') return { path: posix.join(at, ...parts.slice(i)), state: absent, cut: true, ...(place.planned ? { planned: { ...place.planned, state: absent } } : {}) }
      at = part === '..' ? posix.dirname(at) : posix.join(at, part)
      const blurred = this.#overlay.blurred(at)
      if (blurred) return blurred
      const planned = this.#overlay.exact(at)
      const made = planned ? undefined : this.#overlay.madeAbove(at)
      const state = planned?.state ?? (made ? absent : await this.#real.get(fileResource, at))
      const brought = planned || made || state.kind !== 'absent' ? undefined : await this.#brought(at, i < parts.length - 1)
      if (isUnknown(brought)) return brought
      if (brought) place = { path: at, state: brought.state, planned: brought }
      else place = { path: at, state, ...(planned ? { planned } : made ? { planned: { ...made, state } } : {}) }
      if (place.state.kind === 'link' && (follow || i < parts.length - 1)) {
        if (depth > 40) return { path: at, state: absent, cut: true }
        return this.locate([posix.resolve(posix.dirname(at), place.state.target ?? ''), ...parts.slice(i + 1)].join('/'), follow, depth + 1)
      }
    }
    return place
  }

  /** What is not there may come with a package of the plan. */
  async #brought(path: string, passing: boolean): Promise<PlannedFile | Unknown | undefined> {
    const installing = this.#overlay.packages.findLast(({ action }) => action === 'install')
    const state = installing && (await this.#overlay.foresight?.file(path, passing))
    if (!installing || state === undefined) return undefined
    if (isUnknown(state)) return state
    const brought: PlannedFile = { state, packaged: true, made: false, by: installing.by }
    if (!passing) this.#overlay.put(path, brought)
    return brought
  }

  /** All parts of a path in one turn of the event loop: their answers are remembered. */
  #ask(parts: readonly string[]): void {
    let at = ''
    for (const part of parts) {
      if (part === '..') return
      at = `${at}/${part}`
      const planned = this.#overlay.exact(at)
      if (planned && (planned.made || planned.state.kind !== 'directory')) return
      if (!planned) void this.#real.get(fileResource, at).catch(() => undefined)
    }
  }

  async #contentOf(resource: Resource<unknown>, { path, state, planned }: Place): Promise<unknown> {
    const isContent = resource.kind === contentResource.kind
    if (state.kind !== 'file') return isContent ? undefined : ''
    const content = planned?.content
    if (!content && planned?.packaged) {
      const bytes = await this.#overlay.foresight?.content(path)
      if (bytes === undefined || isUnknown(bytes)) return bytes ?? unknown(`the content that ${planned.by} brings`)
      return isContent ? bytes : sha1(bytes)
    }
    if (!content) return planned?.made ? (isContent ? Buffer.alloc(0) : '') : this.#real.get(resource, path)
    switch (content.kind) {
      case 'unknown': return content.unknown
      case 'bytes': return isContent ? content.bytes : content.sha1
      case 'controller': return isContent ? (await import('node:fs/promises')).readFile(content.file) : content.sha1
      // What stood there when it was planned: a later plan for that path must not shine through.
      case 'host': return isContent ? this.#real.get(resource, content.path) : content.sha1
    }
  }

  /** Takes a file step of a dry run. */
  async take(step: Exclude<Step, { step: 'run' | 'act' }>, by: string): Promise<void> {
    const follow = (step.step === 'write' && !step.replaceLink) || (step.step === 'attributes' && step.follow) || step.step === 'touch'
    const place = await this.locate(step.path, follow)
    const me = await this.#whoami()
    const path = isUnknown(place) ? posix.normalize(step.path) : place.path
    const found = isUnknown(place) ? absent : place.state
    const above = await this.locate(posix.dirname(path), true)
    const parent = isUnknown(above) ? absent : above.state
    const wanted = 'attributes' in step ? await this.#resolved(step.attributes) : {}
    if (step.step !== 'attributes' && !(step.step === 'touch' && found.kind !== 'absent') && !isUnknown(above)) this.#stir(above, by)
    if (step.step === 'link' && step.hard) return this.#overlay.put(path, await this.#hardLink(step.target, by))
    this.#overlay.take(step.step === 'write' ? { ...step, content: await this.#standing(step.content) } : step, { path, found, parent, me, wanted, by })
  }

  /** A directory in which a name comes or goes gets new times. */
  #stir({ path, state, planned }: Place, by: string): void {
    if (state.kind !== 'directory' || path === '/') return
    const stirred = fresh(`changed by ${by}`)
    const doubtful = unknown(`the size of a directory that ${by} changes`)
    this.#overlay.put(path, { ...(planned ?? { made: false, by }), state: { ...state, modified: stirred, changed: stirred, size: doubtful, links: doubtful } })
  }

  /** The content of a file of the host as it is now: what the plan has put there, else what is there. */
  async #standing(content: Content): Promise<Content> {
    if (content.kind !== 'host') return content
    const source = await this.locate(content.path, true)
    return isUnknown(source) ? { kind: 'unknown', unknown: source } : source.planned?.content ?? { ...content, path: source.path }
  }

  async #hardLink(target: string, by: string): Promise<PlannedFile> {
    const source = await this.locate(target, false)
    if (isUnknown(source)) return { state: absent, made: false, by }
    const sum = source.planned?.content ? undefined : await this.#real.get(checksumResource, source.path)
    return { state: source.state, content: source.planned?.content ?? { kind: 'host', path: source.path, sha1: sum ?? '' }, made: false, by }
  }

  /** Names and ids of the wanted owner and group, as a later look would find them. */
  async #resolved({ owner, group, mode }: FileAttributes): Promise<Partial<FileState>> {
    const [user, ofGroup] = await Promise.all([owner === undefined ? undefined : this.#real.get(userAccount, owner), group === undefined ? undefined : this.#real.get(groupAccount, group)])
    const id = (name: string): number | Unknown => (/^\d+$/.test(name) ? Number(name) : unknown(`the id of ${name}`))
    return {
      ...(owner === undefined ? {} : { owner: user?.name ?? owner, uid: user?.id ?? id(owner) }), ...(group === undefined ? {} : { group: ofGroup?.name ?? group, gid: ofGroup?.id ?? id(group) }),
      ...(mode === undefined ? {} : { mode }),
    }
  }
}

function mayWrite(state: FileState, me: Identity): boolean {
  if (me.uid === 0) return true
  const bits = state.owner === me.user ? state.mode >> 6 : me.groups.includes(state.group) ? state.mode >> 3 : state.mode
  return (bits & 2) !== 0
}
