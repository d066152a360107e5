import { NothingListens, Reach, type Dial } from './reach.ts'
import type { Instance } from './topology.ts'
import { isWrongPassword } from './client.ts'

/** Which passwords an instance takes, and whether it shows the right one to its master. */
export interface PasswordState {
  readonly takesNew: boolean
  readonly takesOld: boolean
  readonly showsNew: boolean
}

export const SETTLED: PasswordState = { takesNew: true, takesOld: false, showsNew: true }

/** Undefined where nothing listens: it will start with what its file says. */
export async function observePassword(dial: Dial, instance: Instance, wanted: string, old: string | undefined): Promise<PasswordState | undefined> {
  const with_ = (password: string) => new Reach({ dial, passwords: [password], timeout: 10_000 })
  const [fresh, former] = [with_(wanted), old === undefined ? undefined : with_(old)]
  try {
    const takesNew = await takes(fresh, instance)
    const takesOld = former ? await takes(former, instance) : false
    const open = takesNew ? fresh : (former ?? fresh)
    const shown = await open.ask(instance, 'CONFIG', 'GET', 'masterauth')
    const required = await open.ask(instance, 'CONFIG', 'GET', 'requirepass')
    // Redis without a password takes any.
    const asksForNone = required === 'requirepass,'
    return { takesNew: takesNew && !asksForNone, takesOld: takesOld || asksForNone, showsNew: shown === `masterauth,${wanted}` }
  } catch (thrown) {
    if (thrown instanceof NothingListens) return undefined
    throw thrown
  } finally {
    fresh.close()
    former?.close()
  }
}

const takes = (reach: Reach, instance: Instance): Promise<boolean> => reach.ask(instance, 'PING').then(() => true, (thrown: unknown) => { if (isWrongPassword(thrown)) return false; throw thrown })

/**
 * Changes the password of all instances without an outage: first all of them take both, then replicas and masters show the new
 * one to each other, and only then the old one stops being taken. Each step is done on all before the next begins.
 */
export async function changePassword(reach: Reach, instances: readonly Instance[], wanted: string, progress: (text: string) => void): Promise<void> {
  progress('every instance takes the new password beside the old one')
  await Promise.all(instances.map((instance) => reach.ask(instance, 'ACL', 'SETUSER', 'default', 'on', `>${wanted}`)))
  progress('every instance shows the new password to its master')
  await Promise.all(instances.map((instance) => reach.ask(instance, 'CONFIG', 'SET', 'masterauth', wanted)))
  progress('no instance takes the old password any more')
  await Promise.all(instances.map((instance) => reach.ask(instance, 'CONFIG', 'SET', 'requirepass', wanted)))
}
