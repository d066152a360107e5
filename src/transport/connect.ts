import { setTimeout as sleep } from 'node:timers/promises'
import { type Connect, type Connection, type Target, Unreachable } from './connection.ts'
import { connectLocal } from './local-connection.ts'
import { jumpTarget, readSshSettings, type SshSettings } from './ssh-settings.ts'
import { Semaphore } from './semaphore.ts'
import { WideWire } from './wide-wire.ts'
import type { Wire } from './wire.ts'
import { WiredConnection } from './wired-connection.ts'

const open = new Set<Connection>()

/** Reaches a machine. Rejects with `Unreachable` and the precise reason; never hangs. */
export const connect: Connect = async (target) => {
  const connection = target.connection === 'local' ? connectLocal(target) : await connectSsh(target)
  open.add(connection)
  return connection
}

/** Closes every connection that is open: the end of the run. */
export async function closeAll(): Promise<void> {
  const all = [...open]
  open.clear()
  await Promise.allSettled(all.map((connection) => connection.close()))
}

const nameOf = ({ user, hostName, port }: SshSettings): string => `${user}@${hostName}:${port}`

async function connectSsh(target: Target): Promise<Connection> {
  const settings = readSshSettings(target)
  // The system's ssh finds its way through the jumps itself.
  const through = settings.secondRoad === undefined ? await connectJumps(settings, target) : undefined
  const reach = () => openPatiently(settings, target, through)
  return new WiredConnection(new WideWire(await reach(), reach), target.shellProgram)
}

async function openPatiently(settings: SshSettings, target: Target, through: Connection | undefined): Promise<Wire> {
  if (settings.secondRoad !== undefined) {
    const { openOpensshWire } = await import('./openssh-connection.ts')
    return patiently(settings, () => openOpensshWire(settings, target, nameOf(settings)))
  }
  const { openSshWire } = await import('./ssh-connection.ts')
  return patiently(settings, () => openSshWire(settings, nameOf(settings), through))
}

/** The hosts on the way, each reached through the one before it; the last one. */
async function connectJumps(settings: SshSettings, target: Target): Promise<Connection | undefined> {
  let through: Connection | undefined
  for (const hop of settings.proxyJump) {
    const hopTarget = jumpTarget(hop, target)
    const hopSettings = readSshSettings(hopTarget, settings.places)
    const beyond: Connection | undefined = through ?? (hopSettings.secondRoad === undefined ? await connectJumps(hopSettings, hopTarget) : undefined)
    through = new WiredConnection(await openPatiently(hopSettings, hopTarget, beyond))
    open.add(through)
  }
  return through
}

/** sshd refuses some newcomers from the tenth on (`MaxStartups`, 10:30:100): not more than this wait at one door. */
const door = keptBy(() => new Semaphore(8))
/**
 * Each login costs about ten milliseconds of a processor; more of them at once only make each one late. Hosts that do not answer wait here, too.
 * Many names may lead to one door (forwarded ports, a host's own network): where we are turned away, fewer try at once, and more again with each that gets in.
 */
const [FEWEST, MOST, GROWTH] = [4, 100, 0.25]
const logins = new Semaphore(MOST)

function keptBy<T>(make: () => T): (key: string) => T {
  const all = new Map<string, T>()
  return (key) => all.get(key) ?? (all.set(key, make()), all.get(key)!)
}

const TRIES = 6
/** Grows with each login that succeeds: whoever is turned away while others get in loses no try by it. */
let admitted = 0

/** Whoever was turned away at the door all the same, for others come, too, comes back a little later, each after another while. Where nobody gets in, about ten seconds in all. */
async function patiently<T>({ hostName, port }: SshSettings, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1, seen = admitted, refused = false; ; tries++) {
    try {
      const reached = await door(`${hostName}:${port}`).with(() => logins.with(attempt))
      admitted++
      logins.limit = Math.min(MOST, logins.limit + GROWTH)
      return reached
    } catch (error) {
      if (!isEarly(error)) throw error
      // Once for each: one host that turns everybody away must not slow the others down.
      if (!refused) logins.limit = Math.max(FEWEST, logins.limit / 2)
      refused = true
      if (admitted > seen) [tries, seen] = [1, admitted]
      if (tries === TRIES) throw error
      await sleep(2 ** tries * 100 * (0.5 + Math.random()))
    }
  }
}

const isEarly = (error: unknown): boolean => error instanceof Unreachable && error.problem.code === 'unreachable-broken' && (error as { early?: boolean }).early === true
