import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { isDeadProcess, processIdentity } from '../shell/process-identity.ts'
import { type LockHost, withLock } from '../cluster/redis/lock.ts'
import type { Acting } from '../host/act.ts'
import type { Road } from './redis-road.ts'

/** Does `work` while no other controller works on the cluster; its signal is aborted by Ctrl-C, and when the lock is lost. */
export async function withClusterLock<T>(cluster: string, road: Road, { signal }: Acting, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const holder = `${userInfo().username}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`
  return withLock(await lockHosts(road), { cluster, holder, token: `${processIdentity()} ${randomUUID()}`, isGone: (token) => isDeadProcess(token.split(' ')[0]!) }, (lost) => work(AbortSignal.any([signal, lost])))
}

/** A host that is gone cannot be asked for its lock; the others keep a second controller away. */
async function lockHosts({ instances, other }: Road): Promise<readonly LockHost[]> {
  const asked = [...new Set(instances.map(({ host }) => host))].map(async (name): Promise<LockHost> => {
    const { shell } = await other(name)
    return { name, run: (script) => shell.run(script, { timeout: 20 }) }
  })
  return (await Promise.allSettled(asked)).filter((one) => one.status === 'fulfilled').map((one) => one.value)
}
