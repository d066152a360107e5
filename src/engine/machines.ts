import { Machine, World } from '../host/machine.ts'
import type { Connect, Target } from '../transport/connection.ts'
import { LastingConnection } from '../transport/lasting-connection.ts'

/** The machines of a run, connected when first needed. Two targets that are one machine share what is known and planned of it. */
export class Machines {
  readonly #connect: Connect
  readonly #byTarget = new Map<string, Promise<Machine>>()
  readonly #reached = new WeakSet<Promise<Machine>>()
  readonly #byName = new Map<string, Machine>()
  readonly #worlds = new Map<string, World>()

  constructor(connect: Connect) {
    this.#connect = connect
  }

  get(target: Target): Promise<Machine> {
    const key = keyOf(target)
    let machine = this.#byTarget.get(key)
    if (!machine) {
      this.#byTarget.set(key, (machine = this.#open(target)))
      const opening = machine
      // A lost attempt is not remembered: `ignore_unreachable` and `wait_for_connection` try again.
      opening.then(() => this.#reached.add(opening), () => this.#byTarget.delete(key))
    }
    return machine
  }

  /** Getting it takes no time. */
  isReached(target: Target): boolean {
    const machine = this.#byTarget.get(keyOf(target))
    return machine !== undefined && this.#reached.has(machine)
  }

  all(): readonly Machine[] {
    return [...this.#byName.values()]
  }

  /** `meta: reset_connection`: the next task connects anew. */
  async drop(target: Target): Promise<void> {
    const machine = this.#byTarget.get(keyOf(target))
    this.#byTarget.delete(keyOf(target))
    const { connection } = (await machine?.catch(() => undefined)) ?? {}
    if (!connection) return
    this.#byName.delete(connection.name)
    await connection.close()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byTarget.values()].map(async (opening) => (await opening.catch(() => undefined))?.connection.close().catch(() => undefined)))
  }

  async interrupt(): Promise<void> {
    await Promise.all(this.all().map(({ connection }) => connection.interrupt().catch(() => undefined)))
  }

  async #open(target: Target): Promise<Machine> {
    const first = await this.#connect(target)
    const connection = target.connection === 'local' ? first : new LastingConnection(first, () => this.#connect(target))
    const known = this.#byName.get(connection.name)
    if (!known) {
      const machine = new Machine(connection, this.#worldOf(connection.name))
      this.#byName.set(connection.name, machine)
      return machine
    }
    // The same machine by another name in the inventory: one connection is enough.
    if (known.connection !== connection) await connection.close()
    return known
  }

  /** Two users of one machine see the same world. */
  #worldOf(name: string): World {
    const address = name.slice(name.lastIndexOf('@') + 1)
    let world = this.#worlds.get(address)
    if (!world) this.#worlds.set(address, (world = new World()))
    return world
  }
}

/** Made once for all items of a loop. */
function keyOf(target: Target): string {
  let key = keys.get(target)
  if (key === undefined) keys.set(target, (key = JSON.stringify(target)))
  return key
}
const keys = new WeakMap<Target, string>()
