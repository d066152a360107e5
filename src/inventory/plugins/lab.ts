import { labInventory } from '../../lab/lab-inventory.ts'
import type { Value } from '../../value/value.ts'
import { dirname } from 'node:path'
import type { Reading } from './source.ts'

/** A lab file (`plugin: tutti.lab` or as `lab/` recognises it): its hosts, with the addresses of the lab that runs. */
export function readLab(content: Value, file: string, { data }: Reading): void {
  const { hosts, groups } = labInventory(content, file)
  for (const [name, { vars }] of hosts) {
    const host = data.addHost(name, { file, directory: dirname(file) })
    for (const [key, value] of vars) host.vars.set(key, value)
  }
  for (const [name, { hosts: members, children, vars }] of groups) {
    const group = data.addGroup(name)
    if (name !== 'all') for (const member of members) data.join(member, name)
    for (const child of children) data.addChild(name, child)
    for (const [key, value] of vars) data.setGroupVar(group, key, value)
  }
}
