import type { Task } from '../playbook/tree.ts'
import type { Value } from '../value/value.ts'
import { type Context, inherited } from './context.ts'
import type { RunSettings } from './settings.ts'

/** Names of one thing: what one of them says holds for the others. */
const FAMILIES: readonly (readonly string[])[] = [
  ['ansible_host', 'ansible_ssh_host'], ['ansible_user', 'ansible_ssh_user'], ['ansible_connection'], ['ansible_timeout', 'ansible_ssh_timeout'],
  ['ansible_private_key_file', 'ansible_ssh_private_key_file'],
]

/** What tasks read of the connection where no variable says it: `ansible_host` is the host's name, `ansible_user` the `remote_user` of keywords and settings. */
export function connectionName(name: string, among: { readonly host: string; readonly task: Task; readonly context: Context; readonly settings: RunSettings }, defined: (name: string) => Value | undefined): Value | undefined {
  const family = FAMILIES.find((names) => names.includes(name))
  if (!family) return undefined
  for (const other of family) {
    const value = other === name ? undefined : defined(other)
    if (value !== undefined) return value
  }
  const { host, task, context, settings } = among
  switch (family[0]) {
    case 'ansible_host': return host
    case 'ansible_user': return inherited(task, context, 'remoteUser') ?? settings.remoteUser
    case 'ansible_connection': return inherited(task, context, 'connection') ?? settings.connection
    case 'ansible_timeout': return settings.timeout
  }
  return settings.privateKeyFile
}
