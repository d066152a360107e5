import type { Resource } from './resource.ts'

/** What runs the services of a host. */
export type ServiceManager = 'systemd' | 'openrc' | 'sysvinit'

/** Key: ''. A host with systemctl that is not run by systemd (a container, a chroot) still counts as one of systemd where it has nothing else. */
export const serviceManagerResource: Resource<ServiceManager> = {
  kind: 'service-manager',
  async load(shell, keys) {
    const { stdout } = await shell.run('PATH="$PATH:/usr/sbin:/sbin"; if [ -d /run/systemd/system ]; then echo systemd; elif command -v rc-service >/dev/null; then echo openrc; elif command -v systemctl >/dev/null; then echo systemd; else echo sysvinit; fi')
    return keys.map(() => stdout.toString().trim() as ServiceManager)
  },
}
