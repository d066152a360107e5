import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sshArguments } from '../../src/lab/reach-host.ts'
import { mustRun } from '../../src/lab/run-program.ts'
import { quote } from '../../src/shell/quote.ts'
import { toJson } from '../../src/value/json.ts'
import { parseYamlValue } from '../../src/yaml/parse-value.ts'
import { record } from './instances.ts'

interface User {
  readonly name: string
  readonly groups?: string
  readonly sudo?: string
  readonly shell?: string
  readonly ssh_authorized_keys?: readonly string[]
}
interface WrittenFile {
  readonly path: string
  readonly content?: string
  readonly encoding?: string
  readonly permissions?: string
  readonly owner?: string
}
interface UserData {
  readonly hostname?: string
  readonly users?: readonly (User | 'default')[]
  readonly ssh_keys?: Readonly<Record<string, string>>
  readonly write_files?: readonly WrittenFile[]
  readonly runcmd?: readonly (string | readonly string[])[]
}

/** What cloud-init would do with the user data on the first start, as far as it is understood here. */
export async function firstStart(name: string, text: string): Promise<void> {
  const data = (text.trim() ? toJson(parseYamlValue(text)) : {}) as UserData
  await mustRun(['ssh', ...sshArguments(record.directory, record.host(name)!), 'sudo sh -s'], { stdin: script(name, data), timeout: 120 })
  const { ed25519_private: secret, ed25519_public: hostKey } = data.ssh_keys ?? {}
  if (!secret || !hostKey) return
  const file = join(record.directory, 'hosts', name, 'ssh_host_ed25519_key')
  writeFileSync(file, secret)
  writeFileSync(`${file}.pub`, `${hostKey}\n`)
  record.updateHost(name, { hostKey })
}

function script(name: string, data: UserData): string {
  return [
    'set -e',
    'id ubuntu >/dev/null 2>&1 || useradd --create-home --shell /bin/bash ubuntu',
    "echo 'ubuntu ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/ubuntu",
    `hostname ${quote(data.hostname ?? name)}; hostname >/etc/hostname; echo "127.0.1.1 $(hostname)" >>/etc/hosts`,
    ...(data.users ?? []).flatMap((user) => (user === 'default' ? [] : addUser(user))),
    ...(data.write_files ?? []).map(writeFile),
    ...hostKeys(data.ssh_keys ?? {}),
    ...(data.runcmd ?? []).map((command) => (typeof command === 'string' ? command : command.map(quote).join(' '))),
    CLOUD_INIT,
  ].join('\n')
}

function addUser({ name, groups, sudo, shell, ssh_authorized_keys = [] }: User): string[] {
  const home = `$(getent passwd ${quote(name)} | cut -d: -f6)`
  return [
    `id ${quote(name)} >/dev/null 2>&1 || useradd --create-home --shell ${quote(shell ?? '/bin/sh')} ${groups ? `--groups ${quote(groups)}` : ''} ${quote(name)}`,
    ...(sudo ? [`echo ${quote(`${name} ${sudo}`)} >/etc/sudoers.d/90-${quote(name)}`] : []),
    `install -d -m 700 -o ${quote(name)} ${home}/.ssh`,
    ...ssh_authorized_keys.map((key) => `echo ${quote(key)} >>${home}/.ssh/authorized_keys`),
    `chown ${quote(name)} ${home}/.ssh/authorized_keys; chmod 600 ${home}/.ssh/authorized_keys`,
  ]
}

function writeFile({ path, content = '', encoding, permissions = '0644', owner = 'root:root' }: WrittenFile): string {
  const base64 = encoding ? content : Buffer.from(content).toString('base64')
  const file = quote(path)
  return `mkdir -p "$(dirname ${file})"; echo ${base64} | base64 -d >${file}; chmod ${permissions} ${file}; chown ${quote(owner)} ${file}`
}

function hostKeys(keys: Readonly<Record<string, string>>): string[] {
  if (Object.keys(keys).length === 0) return []
  const files = Object.entries(keys).map(([key, content]) => {
    const [type, half] = key.split('_') as [string, string]
    const path = `/etc/ssh/ssh_host_${type}_key${half === 'public' ? '.pub' : ''}`
    return writeFile({ path, content: `${content.trimEnd()}\n`, permissions: half === 'public' ? '0644' : '0600' })
  })
  return ['rm -f /etc/ssh/ssh_host_*', ...files, 'systemctl restart ssh']
}

const CLOUD_INIT = `cat >/usr/local/bin/cloud-init <<'END'
#!/bin/sh
echo '{"boot_status_code": "enabled-by-generator", "status": "done", "errors": [], "recoverable_errors": {}}'
END
chmod 755 /usr/local/bin/cloud-init
mkdir -p /var/lib/cloud/instance; touch /var/lib/cloud/instance/boot-finished`
