import type { Resource } from './resource.ts'

export interface HostnameState {
  /** What the kernel says. */
  readonly current: string
  /** What /etc/hostname says; '' where it is not there. */
  readonly permanent: string
}

/** The name of the host. It has one key: 'hostname'. */
export const hostnameResource: Resource<HostnameState> = {
  kind: 'hostname',
  async load(shell, keys) {
    const { stdout } = await shell.run('cat /proc/sys/kernel/hostname; cat /etc/hostname 2>/dev/null || :')
    const [current = '', permanent = ''] = stdout.toString().split('\n')
    return keys.map(() => ({ current, permanent: permanent.trim() }))
  },
}
