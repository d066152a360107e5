import type { Reader } from '../host/reader.ts'
import { isUnknown } from '../value/value.ts'
import { fail } from './failure.ts'

/** SELinux contexts are not modelled: asked for on a host that has SELinux they are refused; elsewhere they mean nothing. */
export async function refuseSelinux(host: Reader, params: object): Promise<void> {
  const wanted = ['seuser', 'serole', 'setype', 'selevel'].filter((name) => (params as Record<string, unknown>)[name] !== undefined)
  if (wanted.length === 0) return
  const reply = await host.run('[ ! -e /sys/fs/selinux/enforce ]', [])
  if (!isUnknown(reply) && reply.code !== 0) fail(`the host has SELinux, and ${wanted.join(', ')} cannot be set yet`)
}
