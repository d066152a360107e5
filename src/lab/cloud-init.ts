/** What a machine is told on its first start. */
export interface UserDataParts {
  readonly hostName: string
  /** A user with sudo, opened by the key. */
  readonly user: string
  readonly authorizedKey: string
  /** The host key, made beforehand, so that the first contact can already be checked. */
  readonly hostKey: { readonly private: string; readonly public: string }
}

/**
 * User data for cloud-init, on Multipass and on clouds. JSON is YAML: nothing in it needs quoting. Few things: the playbooks do the rest.
 * `default` stays among the users, as Multipass's own commands need it.
 */
export function userData({ hostName, user, authorizedKey, hostKey }: UserDataParts): string {
  const admin = { name: user, groups: 'sudo', sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/bash', lock_passwd: true, ssh_authorized_keys: [authorizedKey] }
  const content = {
    hostname: hostName,
    preserve_hostname: false,
    users: ['default', admin],
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: hostKey.private, ed25519_public: hostKey.public },
    package_update: false,
    package_upgrade: false,
  }
  return `#cloud-config\n${JSON.stringify(content, null, 2)}\n`
}
