import type { Become, Connection, Shell, ShellReply } from '../transport/connection.ts'
import { type Unknown, unknown } from '../value/value.ts'
import { Overlay } from './overlay.ts'
import { packageResource } from './package.ts'
import { PackageForesight } from './package-foresight.ts'
import { PlannedFiles, isFileKind } from './planned-files.ts'
import type { Identity, ReadOptions, Reader } from './reader.ts'
import type { Resource } from './resource.ts'
import type { Step } from './step.ts'

/** What is known and planned of a machine, whoever is logged in. */
export class World {
  readonly overlay = new Overlay()
  read = new Map<string, Promise<unknown>>()
  /** Tasks at work in the background: what is read while they are may be old a moment later. */
  readonly jobs = new Set<string>()
}

/**
 * One machine: its connection, what was read from it since the last step, and what a dry run has planned on it. Belongs to
 * the machine, not to a name in the inventory: delegation and two names for one machine share it.
 */
export class Machine {
  readonly connection: Connection
  readonly #world: World
  readonly #identities = new Map<string, Promise<Identity>>()
  readonly #reads = new Map<string, CachedReads>()

  constructor(connection: Connection, world: World = new World()) {
    this.connection = connection
    this.#world = world
  }

  get overlay(): Overlay {
    return this.#world.overlay
  }

  /** Throws away everything that was read: a step was taken on the machine. */
  forget(): void {
    this.#world.read = new Map()
  }

  /** Keeps what was asked of this user's shells, and throws away the rest: a step of the user was taken, and what he asked came after it. */
  forgetOthers(become: Become | undefined): void {
    const mine = `${this.connection.name} ${whoOf(become)} `
    this.#world.read = new Map([...this.#world.read].filter(([id]) => id.startsWith(mine)))
  }

  /** A task goes on in the background from here, until it is known to have ended. */
  jobBegan(id: string): void {
    this.#world.jobs.add(id)
  }

  jobEnded(id: string): void {
    this.#world.jobs.delete(id)
    this.forget()
  }

  forgetIfBusy(): void {
    if (this.#world.jobs.size > 0) this.forget()
  }

  /** Looks at the machine as the user of `become`; at the planned world where an overlay is given. */
  reader(become: Become | undefined, overlay?: Overlay): Reader {
    const shell = this.connection.shell(become)
    const who = whoOf(become)
    let real = this.#reads.get(who)
    // One for all readers of the user: what several tasks and items ask for in one turn is one load.
    if (!real) this.#reads.set(who, (real = new CachedReads(shell, `${this.connection.name} ${who}`, () => this.#world.read)))
    const reads = real
    const whoami = () => this.#identity(who, shell)
    return overlay ? new PlannedReader(reads, overlay, whoami) : new RealReader(reads, whoami)
  }

  /** Takes a step of a dry run: on the overlay. `by` names the task for later reasons. */
  async plan(step: Step, become: Become | undefined, overlay: Overlay, by: string): Promise<void> {
    if (step.step === 'run' && step.options.opaque) overlay.opaque = by
    if (step.step === 'run' || step.step === 'act') {
      if (step.effects.some(({ resource }) => resource.kind === packageResource.kind)) overlay.foresight ??= new PackageForesight(this.connection.shell(become), () => overlay.packages)
      return overlay.leave(step.effects, by)
    }
    await (this.reader(become, overlay) as PlannedReader).files.take(step, by)
  }

  #identity(who: string, shell: Shell): Promise<Identity> {
    let identity = this.#identities.get(who)
    if (!identity) this.#identities.set(who, (identity = identify(shell)))
    return identity
  }
}

const whoOf = (become: Become | undefined): string => (become ? `${become.method}:${become.user}` : '')

/** Reads with a memory: what was asked since the last step is not asked again. Keys of one kind asked in one turn are one load. */
class CachedReads {
  readonly #shell: Shell
  readonly #who: string
  readonly #cache: () => Map<string, Promise<unknown>>
  readonly #waiting = new Map<Resource<unknown>, { keys: string[]; settle: ((loaded: Promise<readonly unknown[]>) => void)[] }>()

  constructor(shell: Shell, who: string, cache: () => Map<string, Promise<unknown>>) {
    this.#shell = shell
    this.#who = who
    this.#cache = cache
  }

  get<State>(resource: Resource<State>, key: string): Promise<State> {
    return this.#once(`${this.#who} ${resource.kind} ${key}`, () => this.#load(resource as Resource<unknown>, key)) as Promise<State>
  }

  run(script: string, options: ReadOptions): Promise<ShellReply> {
    return options.now ? this.#later(script, options) : this.#once(`${this.#who} $ ${script}`, () => this.#later(script, options))
  }

  /** At the end of the turn, when batches of keys are asked for: then all travel as one request. */
  #later(script: string, options: ReadOptions): Promise<ShellReply> {
    return new Promise((resolve, reject) => setImmediate(() => this.#shell.run(script, options).then(resolve, reject)))
  }

  #once<T>(id: string, ask: () => Promise<T>): Promise<T> {
    const cache = this.#cache()
    const known = cache.get(id)
    if (known) return known as Promise<T>
    const asked = ask()
    cache.set(id, asked)
    // A read ahead may fail without anybody waiting for it; whoever asks later gets the same failure.
    asked.catch(() => undefined)
    return asked
  }

  #load(resource: Resource<unknown>, key: string): Promise<unknown> {
    let batch = this.#waiting.get(resource)
    if (!batch) {
      this.#waiting.set(resource, (batch = { keys: [], settle: [] }))
      setImmediate(() => this.#flush(resource))
    }
    const { keys, settle } = batch
    const index = keys.push(key) - 1
    return new Promise((resolve, reject) => settle.push((loaded) => loaded.then((states) => resolve(states[index]), reject)))
  }

  #flush(resource: Resource<unknown>): void {
    const { keys, settle } = this.#waiting.get(resource)!
    this.#waiting.delete(resource)
    let loaded: Promise<readonly unknown[]>
    try {
      loaded = resource.load(this.#shell, keys)
    } catch (error) {
      loaded = Promise.reject(error)
    }
    for (const resolve of settle) resolve(loaded)
  }
}

class RealReader implements Reader {
  readonly planned = false
  readonly changing = undefined
  readonly #real: CachedReads
  readonly whoami: () => Promise<Identity>
  constructor(real: CachedReads, whoami: () => Promise<Identity>) {
    this.#real = real
    this.whoami = whoami
  }
  get<State>(resource: Resource<State>, key: string): Promise<State | Unknown> {
    return this.#real.get(resource, key)
  }
  run(script: string, _inputs: unknown, options: ReadOptions = {}): Promise<ShellReply> {
    return this.#real.run(script, options)
  }
}

/** The planned world: the overlay first, then the host, then what packages of the plan might bring. */
class PlannedReader implements Reader {
  readonly planned = true
  readonly #real: CachedReads
  readonly #overlay: Overlay
  readonly files: PlannedFiles
  readonly whoami: () => Promise<Identity>

  constructor(real: CachedReads, overlay: Overlay, whoami: () => Promise<Identity>) {
    this.#real = real
    this.#overlay = overlay
    this.files = new PlannedFiles(real, overlay, whoami)
    this.whoami = whoami
  }

  get changing(): string | undefined {
    return this.#overlay.anything()
  }

  async get<State>(resource: Resource<State>, key: string): Promise<State | Unknown> {
    if (this.#overlay.has(resource.kind, key)) return this.#overlay.get(resource.kind, key) as State | Unknown
    if (isFileKind(resource.kind)) return this.files.get(resource as Resource<unknown>, key) as Promise<State | Unknown>
    const found = await this.#real.get(resource, key)
    return resource.foresee ? resource.foresee(key, found, this.#overlay) : found
  }

  async run(script: string, inputs: readonly string[] | 'anything', options: ReadOptions = {}): Promise<ShellReply | Unknown> {
    const by = inputs === 'anything' ? this.#overlay.anything() : (await Promise.all(inputs.map((path) => this.files.touches(path)))).find((touched) => touched !== undefined)
    return by === undefined ? this.#real.run(script, options) : unknown(`it reads what ${by} would change`)
  }
}

async function identify(shell: Shell): Promise<Identity> {
  const { stdout } = await shell.run('id -un; id -u; id -gn; id -g; umask; printf "%s\\n" "$HOME"; id -Gn; pwd')
  const [user, uid, group, gid, umask, home, groups, directory] = stdout.toString().split('\n')
  return { user: user!, uid: Number(uid), group: group!, gid: Number(gid), umask: Number.parseInt(umask!, 8), home: home!, groups: groups!.split(' '), directory: directory! }
}

