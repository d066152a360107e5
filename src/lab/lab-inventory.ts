import { type Dict, type Value, dict } from '../value/value.ts'
import { parseLabFile } from './lab-file.ts'
import { findLabDirectory } from './lab-home.ts'
import { type HostRecord, type LabState, knownHostsFile, loadLabState, privateKeyFile } from './lab-record.ts'
import { notRunning } from './lab.ts'
import { isAlive } from './process-identity.ts'

/** What a lab file is to an inventory. The variables of all hosts are those of the group `all`. */
export interface LabInventory {
  readonly hosts: ReadonlyMap<string, { readonly vars: Dict }>
  readonly groups: ReadonlyMap<string, { readonly hosts: readonly string[]; readonly children: readonly string[]; readonly vars: Dict }>
}

/**
 * The inventory of a lab: what its file says, with addresses and keys from the record of the lab that runs. Hosts that are off are
 * part of it (they are unreachable, as they would be anywhere); a lab that is not up at all is a problem.
 */
export function labInventory(content: Value, filePath: string): LabInventory {
  const spec = parseLabFile(content, filePath)
  const directory = findLabDirectory(spec.name)
  const state = directory && loadLabState(directory)
  if (!directory || !state || !isUp(state)) throw notRunning(spec.name, filePath)
  const hosts = spec.hosts.map((host) => {
    const record = state.hosts[host.name]
    if (!record?.address) throw notRunning(`${spec.name}: ${host.name} has never been up`, filePath)
    const zone = host.zone === undefined ? [] : [['zone', host.zone] as const]
    return [host.name, { vars: new Map<Value, Value>([...connectionVars(directory, record), ...zone, ...host.vars]) }] as const
  })
  const groups = [...spec.groups].map(([name, { children, vars }]) => {
    const members = spec.hosts.filter((host) => host.groups.includes(name)).map((host) => host.name)
    return [name, { hosts: members, children, vars }] as const
  })
  const all = { hosts: spec.hosts.map((host) => host.name), children: [], vars: spec.vars }
  return { hosts: new Map(hosts), groups: new Map([['all', mergeAll(all, groups)], ...groups.filter(([name]) => name !== 'all')]) }
}

/** Variables under `groups.all` and those at the top of the file are the same thing said twice; the group's win, being nearer. */
function mergeAll(all: { hosts: string[]; children: string[]; vars: Dict }, groups: readonly (readonly [string, { vars: Dict }])[]) {
  return { ...all, vars: new Map([...all.vars, ...(groups.find(([name]) => name === 'all')?.[1].vars ?? [])]) }
}

function connectionVars(directory: string, { address, user }: HostRecord): Dict {
  return dict({
    ansible_host: address,
    ansible_user: user,
    ansible_ssh_private_key_file: privateKeyFile(directory),
    // Our own variable: as an argument of ssh it would send every connection over the slower road of the ssh program.
    tutti_known_hosts_files: [knownHostsFile(directory)],
  })
}

/** Virtual machines are taken to run; processes of this machine can be asked at once. */
const isUp = ({ driver, hosts }: LabState): boolean =>
  Object.keys(hosts).length > 0 && (driver === 'multipass' || Object.values(hosts).some(({ pid, started }) => isAlive(pid, started)))
